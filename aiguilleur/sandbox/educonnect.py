"""EduConnect, the national identity source, on a site of its own."""

from __future__ import annotations

from flask import Flask, Response, request

from aiguilleur.sandbox.commons import Commons
from aiguilleur.sandbox.network import CAS, EDUCONNECT, FRANCECONNECT, NATIONAL, host_of, with_query
from aiguilleur.sandbox.pages import page, refusal, see, site, typed_account
from aiguilleur.sandbox.sessions import ANGELA, COOKIE, Login, Sessions
from aiguilleur.sandbox.sso import SSO, Conversations

#: The services that EduConnect answers: a closed list, as its federation is.
SERVICE_PROVIDERS = (NATIONAL, CAS)


def educonnect(commons: Commons, sessions: Sessions, conversations: Conversations) -> Flask:
    """The site; its cookie stays on its own host, where nothing else can see it."""
    app = site("educonnect", "EduConnect")
    conversations.add_to(app)
    network, home = commons.network, commons.network.url(EDUCONNECT)

    def held() -> Login | None:
        return sessions.login(request.cookies.get(COOKIE))

    def is_known(back: str) -> bool:
        return not back or network.leads_to(back, *SERVICE_PROVIDERS)

    def refused() -> Response:
        return refusal("Service inconnu d’EduConnect", "EduConnect ne répond qu’aux services de sa fédération.")

    def answer(login: Login, back: str) -> Response:
        if not back:
            return see(home)
        return see(with_query(back, assertion=commons.tickets.issue(login, host_of(back))))

    def opened(login: Login, back: str) -> Response:
        response = answer(login, back)
        response.set_cookie(COOKIE, sessions.open(login), path="/", httponly=True, samesite="Lax")
        return response

    @app.get("/")
    def _home() -> Response:
        login = held()
        if login is None:
            return see(network.url(EDUCONNECT, SSO))
        links = (("Téléservices", network.url(NATIONAL), "Les services en ligne de l’Éducation nationale."),)
        return page(
            "services", "Mon compte EduConnect", service="educonnect", login=login, links=links, logout="/Logout"
        )

    @app.get(SSO)
    def _sso() -> Response:
        if "SAMLRequest" in request.args:
            return conversations.asked()
        back, login = request.args.get("return", ""), held()
        if not is_known(back):
            return refused()
        return answer(login, back) if login else login_page(back)

    @app.post(SSO)
    def _log_in() -> Response:
        back, account = request.values.get("return", ""), typed_account()
        if not is_known(back):
            return refused()
        return opened(Login(account, "educonnect"), back) if account else login_page(back, failed=True)

    def login_page(back: str, *, failed: bool = False) -> Response:
        return page(
            "login",
            "Je me connecte avec EduConnect",
            service="login",
            source="educonnect",
            form="educonnect",
            field="return",
            back=back,
            failed=failed,
            franceconnect=with_query("/franceconnect", **({"return": back} if back else {})),
        )

    @app.get("/franceconnect")
    def _to_franceconnect() -> Response:
        back = request.args.get("return", "")
        if not is_known(back):
            return refused()
        return see(network.url(FRANCECONNECT, "/api/v2/authorize", state=back))

    @app.get("/franceconnect/retour")
    def _from_franceconnect() -> Response:
        back = request.args.get("state", "")
        vouched = commons.tickets.redeem(request.args.get("code"), EDUCONNECT)
        if vouched is None or not is_known(back):
            return refusal("FranceConnect n’a pas répondu", "Revenez à la page du service et recommencez.")
        return opened(Login(vouched.account, "educonnect", "FranceConnect"), back)

    @app.get("/Logout")
    def _logout() -> Response:
        sessions.close(request.cookies.get(COOKIE))
        response = page(
            "message",
            "Vous êtes déconnecté",
            service="logout",
            source="educonnect",
            text="Votre session EduConnect est fermée.",
            links=(("Se connecter de nouveau", "/"),),
        )
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="Lax")
        return response

    return app


def franceconnect(commons: Commons) -> Flask:
    """FranceConnect, known here to EduConnect alone: one visitor, one button."""
    app = site("franceconnect", "FranceConnect")

    @app.get("/")
    def _home() -> Response:
        return page("message", "FranceConnect", service="franceconnect", text="On n’arrive ici que depuis EduConnect.")

    @app.get("/api/v2/authorize")
    def _authorize() -> Response:
        state = request.args.get("state", "")
        return page("franceconnect", "Je choisis un compte", service="login", source="franceconnect", state=state)

    @app.post("/api/v2/authorize")
    def _consent() -> Response:
        # The state goes back as it came, to EduConnect only, which checks it anew.
        code = commons.tickets.issue(Login(ANGELA, "franceconnect", "FranceConnect"), EDUCONNECT)
        state = request.form.get("state", "")
        return see(commons.network.url(EDUCONNECT, "/franceconnect/retour", code=code, state=state))

    return app
