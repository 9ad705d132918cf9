"""A school's Éclat portal: a public page and a connected zone, where the school has pasted its links."""

from __future__ import annotations

from flask import Flask, Response, request

from aiguilleur.sandbox.commons import Commons, SchoolSite
from aiguilleur.sandbox.network import CAS, portal_host
from aiguilleur.sandbox.pages import page, see, site
from aiguilleur.sandbox.sessions import Sessions

COOKIE = "kosmos_session"


def portal(commons: Commons, school: SchoolSite, sessions: Sessions) -> Flask:
    """The site of one school."""
    app = site("eclat", f"Éclat-BFC · {school.shown}")
    network, host = commons.network, portal_host(school.etab)
    home = network.url(host, "/sg.do", PROC="PAGE_ACCUEIL")
    mire = network.url(CAS, "/login", service=home)

    @app.get("/")
    def _public() -> Response:
        public = commons.link("teleservices_public", school.etab)
        return page("portal", school.name or school.etab, service="portal-public", mire=mire, public=public)

    @app.get("/sg.do")
    def _connected() -> Response:
        # A fresh ticket counts before the session: a visitor may come back through another source.
        fresh = commons.tickets.redeem(request.args.get("ticket"), host)
        if fresh is not None:
            response = see(home)
            response.set_cookie(COOKIE, sessions.open(fresh), path="/", httponly=True, samesite="Lax")
            return response
        login = sessions.login(request.cookies.get(COOKIE))
        if login is None:
            return see(mire)
        pasted = commons.link("teleservices", school.etab)
        return page("ent", school.name or school.etab, service="ent", login=login, pasted=pasted, logout="/logout")

    @app.get("/logout")
    def _logout() -> Response:
        sessions.close(request.cookies.get(COOKIE))
        response = page(
            "message",
            "Vous êtes déconnecté",
            service="logout",
            source="eclat",
            text="Votre session dans le portail est fermée. Celle de votre compte peut rester ouverte.",
            links=(("Revenir au portail", "/"),),
        )
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="Lax")
        return response

    return app
