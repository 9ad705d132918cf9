"""Éclat: the common CAS with its long mire, and each school's portal."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, request

from aiguilleur.sandbox.national import EDUCONNECT
from aiguilleur.sandbox.parts import SchoolSite, Sessions, page, see, simulated_site

CAS = "cas.eclat.localhost"
#: What `selection=` means: the source that is asked.
SELECTIONS = {
    "EDU": "educonnect",
    "BESANC-ATS_parent_eleve_2D": "aten-besancon",
    "DIJON-ATS_parent_eleve_2D": "aten-dijon",
}
_LONG_MIRE = (
    ("BESANC-ATS_parent_eleve_2D", "Élève ou parent des collèges et des lycées de l'académie de Besançon"),
    ("DIJON-ATS_parent_eleve_2D", "Élève ou parent des collèges et des lycées de l'académie de Dijon"),
    ("EDU", "Élève ou parent des collèges et des lycées avec un compte ÉDUCONNECT"),
)


def cas(
    port: int, etabs: frozenset[str], guichets: Mapping[str, str], said: Mapping[str, Sessions], tickets: Sessions
) -> Flask:
    """The CAS: sends to the selected source, then back to the portal with a ticket."""
    app = simulated_site()
    base = f"http://{CAS}:{port}"

    @app.get("/login")
    def _login() -> Response:
        service, selection = request.args.get("service", ""), request.args.get("selection", "")
        if _etab(service) not in etabs:
            return page("Application not allowed to use CAS", service="refused", status=403)
        source = SELECTIONS.get(selection)
        if source is None:
            links = tuple(
                (label, f"/login?{urlencode({'selection': each, 'service': service})}") for each, label in _LONG_MIRE
            )
            return page(
                "Vous souhaitez vous connecter à votre ENT en tant que", service="login", source="cas", links=links
            )
        name = said[source].close(request.args.get("who"))
        if name is None:
            back = f"{base}/login?{urlencode({'selection': selection, 'service': service})}"
            return see(_asking(source, back))
        joined = "&" if "?" in service else "?"
        return see(f"{service}{joined}{urlencode({'ticket': tickets.open(f'{source}:{name}')})}")

    def _asking(source: str, back: str) -> str:
        if source == "educonnect":
            return f"http://{EDUCONNECT}:{port}/idp/profile/SAML2/Redirect/SSO?{urlencode({'return': back})}"
        return f"http://{guichets[source]}:{port}/sso/SSO?{urlencode({'TARGET': back})}"

    def _etab(service: str) -> str:
        parts = urlsplit(service)
        label, _, rest = parts.netloc.partition(".")
        return label if parts.scheme == "http" and rest == f"eclat.localhost:{port}" else ""

    return app


def portal(school: SchoolSite, port: int, links: Mapping[str, str], sessions: Sessions, tickets: Sessions) -> Flask:
    """One school's portal: a public page and a connected zone."""
    app = simulated_site()
    home = f"http://{school.etab}.eclat.localhost:{port}/sg.do?PROC=PAGE_ACCUEIL"
    cookie = "kosmos_session"
    name = school.name or school.etab

    def linked(link: str) -> str:
        return links[link].replace("{etab}", school.etab)

    @app.get("/")
    def _public() -> Response:
        shown = (
            ("Se connecter", f"http://{CAS}:{port}/login?{urlencode({'service': home})}"),
            ("Téléservices (lien public)", linked("teleservices_public")),
        )
        return page(f"{name} : portail public", service="portal-public", links=shown)

    @app.get("/sg.do")
    def _connected() -> Response:
        seen = sessions.account(request.cookies.get(cookie))
        if seen is None:
            ticket = tickets.close(request.args.get("ticket"))
            if ticket is None:
                return see(f"http://{CAS}:{port}/login?{urlencode({'service': home})}")
            response = see(home)
            response.set_cookie(cookie, sessions.open(ticket), path="/", httponly=True, samesite="Lax")
            return response
        source, _, account = seen.partition(":")
        shown = (("Téléservices", linked("teleservices")), ("Se déconnecter", "/logout"))
        return page(f"{name} : espace connecté", service="ent", source=source, account=account, links=shown)

    @app.get("/logout")
    def _logout() -> Response:
        sessions.close(request.cookies.get(cookie))
        response = page(f"{name} : vous êtes déconnecté", service="logout", source="eclat")
        response.delete_cookie(cookie, path="/")
        return response

    return app
