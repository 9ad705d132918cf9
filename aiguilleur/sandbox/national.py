"""The national Téléservices and their Scolarité Services: a service provider of EduConnect."""

from __future__ import annotations

from flask import Flask, Response, request

from aiguilleur.sandbox.commons import Commons
from aiguilleur.sandbox.network import EDUCONNECT, NATIONAL
from aiguilleur.sandbox.pages import page, see, site
from aiguilleur.sandbox.sessions import Login, Sessions
from aiguilleur.sandbox.sso import SSO

COOKIE = "_shibsession_eds"
SCOLARITE = "/scolarite-services"


def teleservices(commons: Commons, sessions: Sessions) -> Flask:
    """The site; who has no session here is sent to EduConnect, which answers at once when it has one."""
    app = site("national", "Éducation nationale · Téléservices")
    network = commons.network

    def held() -> Login | None:
        return sessions.login(request.cookies.get(COOKIE))

    def enter(path: str) -> Response:
        login = commons.tickets.redeem(request.args.get("assertion"), NATIONAL)
        here = network.url(NATIONAL, path)
        if login is None:
            return see(network.url(EDUCONNECT, SSO, **{"return": here}))
        response = see(here)
        response.set_cookie(COOKIE, sessions.open(login), path="/", httponly=True, samesite="Lax")
        return response

    @app.get("/")
    def _home() -> Response:
        login = held()
        if login is None:
            return enter("/")
        return page(
            "services",
            "Mes Téléservices",
            service="teleservices",
            login=login,
            links=(("Scolarité Services", SCOLARITE, "Fiche de renseignements, bourse, livret, orientation."),),
            logout="/logout",
        )

    @app.get(SCOLARITE)
    def _scolarite() -> Response:
        login = held()
        if login is None:
            return enter(SCOLARITE)
        ent = commons.ent_link(login.account.academy)
        return page(
            "services",
            "Scolarité Services",
            service="scolarite",
            login=login,
            links=(("Espace numérique de travail", ent, "Éclat-BFC, le portail de l’établissement."),) if ent else (),
            logout="/logout",
        )

    @app.get("/logout")
    def _logout() -> Response:
        sessions.close(request.cookies.get(COOKIE))
        response = see(network.url(EDUCONNECT, "/Logout"))
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="Lax")
        return response

    return app
