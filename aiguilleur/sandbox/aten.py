"""An académie's guichet (ATEN), its Téléservices and its Scolarité Services, on one host."""

from __future__ import annotations

from flask import Flask, Response, request

from aiguilleur.sandbox.commons import Commons, Guichet
from aiguilleur.sandbox.network import CAS, with_query
from aiguilleur.sandbox.pages import page, refusal, see, site, typed_account
from aiguilleur.sandbox.sessions import Login, Sessions

LOGIN = "/login/ct_logon_vk.jsp"
LOGOUT = "/login/ct_logout.jsp"
SCOLARITE = "/ts/scolarite-services"
SSO = "/sso/SSO"


def guichet(commons: Commons, office: Guichet, sessions: Sessions) -> Flask:
    """The site; its cookies are shared under the académie's domain, as ClearTrust's are."""
    app = site("aten", f"{office.shown} · Téléservices")
    network, domain = commons.network, office.host.partition(".")[2]

    def held() -> Login | None:
        return sessions.login(request.cookies.get("CTSESSION"))

    def to_login(path: str) -> Response:
        return see(network.url(office.host, LOGIN, CT_ORIG_URL=network.url(office.host, path)))

    @app.get("/")
    def _home() -> Response:
        return see(network.url(office.host, "/ts"))

    @app.get(LOGIN)
    def _login() -> Response:
        return login_page(request.args.get("CT_ORIG_URL", ""))

    @app.post(LOGIN)
    def _log_in() -> Response:
        back, account = request.values.get("CT_ORIG_URL", ""), typed_account()
        if account is None:
            return login_page(back, failed=True)
        response = see(back if network.is_ours(back) else network.url(office.host, "/ts"))
        name = sessions.open(Login(account, office.source))
        response.set_cookie("CTSESSION", name, domain=domain, path="/", httponly=True)
        response.set_cookie("ACTSESSION", "1", domain=domain, path="/", httponly=True)
        return response

    def login_page(back: str, *, failed: bool = False) -> Response:
        return page(
            "login",
            "Connexion à mes Téléservices",
            service="login",
            source=office.source,
            form="aten-auth",
            field="CT_ORIG_URL",
            back=back,
            failed=failed,
        )

    @app.get(LOGOUT)
    def _logout() -> Response:
        sessions.close(request.cookies.get("CTSESSION"))
        response = page(
            "message",
            "Vous êtes déconnecté",
            service="logout",
            source=office.source,
            text="Votre session au guichet ATEN est fermée.",
            links=(("Se connecter de nouveau", "/ts"),),
        )
        # The real one leaves CTSESSION behind; a blank companion is how it says that the visitor has left.
        response.headers.add("Set-Cookie", f"ACTSESSION=%20; Domain={domain}; HttpOnly; Path=/")
        return response

    @app.get("/ts")
    def _teleservices() -> Response:
        login = held()
        if login is None:
            return to_login("/ts")
        return page(
            "services",
            "Mes Téléservices",
            service="teleservices",
            login=login,
            links=(("Scolarité Services", SCOLARITE, "Fiche de renseignements, bourse, livret, orientation."),),
            logout=LOGOUT,
        )

    @app.get(SCOLARITE)
    def _scolarite() -> Response:
        login = held()
        if login is None:
            return to_login(SCOLARITE)
        ent = commons.ent_link(office.academy)
        return page(
            "services",
            "Scolarité Services",
            service="scolarite",
            login=login,
            links=(("Espace numérique de travail", ent, "Éclat-BFC, le portail de l’établissement."),) if ent else (),
            logout=LOGOUT,
        )

    @app.get(SSO)
    def _sso() -> Response:
        """Tell the portals' CAS who is logged in; the real one does it by a signed form that posts itself."""
        back, login = request.args.get("TARGET", ""), held()
        if not network.leads_to(back, CAS):
            return refusal("Application inconnue du guichet", "Le guichet ne répond qu’aux applications qu’il connaît.")
        if login is None:
            return see(network.url(office.host, LOGIN, CT_ORIG_URL=network.url(office.host, SSO, TARGET=back)))
        return see(with_query(back, assertion=commons.tickets.issue(login, CAS)))

    return app
