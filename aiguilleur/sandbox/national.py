"""EduConnect with FranceConnect behind it, and the national Téléservices, each on a site of its own."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Flask, Response, request

from aiguilleur.sandbox.parts import Sessions, is_ours, logs_in, page, see, simulated_site

EDUCONNECT = "educonnect.education.localhost"
FRANCECONNECT = "franceconnect.gouv.localhost"
TELESERVICES = "teleservices.education.localhost"
_COOKIE = "shib_idp_session"


def educonnect(port: int, sessions: Sessions, tickets: Sessions) -> Flask:
    """The national identity source; its cookie stays on its own host."""
    app = simulated_site()
    base = f"http://{EDUCONNECT}:{port}"

    def back_with_ticket(name: str, back: str) -> Response:
        if not is_ours(back, port):
            return see(f"{base}/")
        joined = "&" if "?" in back else "?"
        return see(f"{back}{joined}{urlencode({'who': tickets.open(name)})}")

    def opened(name: str, back: str) -> Response:
        response = back_with_ticket(name, back)
        response.set_cookie(_COOKIE, sessions.open(name), path="/", httponly=True, samesite="Lax")
        return response

    @app.get("/")
    def _home() -> Response:
        name = sessions.account(request.cookies.get(_COOKIE))
        if name is None:
            return see(f"{base}/idp/profile/SAML2/Redirect/SSO?{urlencode({'return': base + '/'})}")
        links = (("Téléservices", f"http://{TELESERVICES}:{port}/"), ("Se déconnecter", "/Logout"))
        return page("EduConnect", service="educonnect", source="educonnect", account=name, links=links)

    @app.route("/idp/profile/SAML2/Redirect/SSO", methods=["GET", "POST"])
    def _sso() -> Response:
        back = request.values.get("return", "")
        name = sessions.account(request.cookies.get(_COOKIE))
        if name is not None:
            return back_with_ticket(name, back)
        typed = logs_in() if request.method == "POST" else None
        if typed is not None:
            return opened(typed, back)
        through = f"http://{FRANCECONNECT}:{port}/?{urlencode({'return': back})}"
        failed = request.method == "POST"
        return page(
            "EduConnect : je me connecte",
            service="login",
            source="educonnect",
            form="educonnect",
            back=back,
            through=through,
            failed=failed,
        )

    @app.get("/franceconnect")
    def _from_franceconnect() -> Response:
        name = tickets.close(request.args.get("who"))
        back = request.args.get("return", "")
        return opened(name, back) if name else see(f"{base}/")

    @app.get("/Logout")
    def _logout() -> Response:
        sessions.close(request.cookies.get(_COOKIE))
        response = page("Vous êtes déconnecté d'EduConnect", service="logout", source="educonnect")
        response.delete_cookie(_COOKIE, path="/")
        return response

    return app


def franceconnect(port: int, tickets: Sessions) -> Flask:
    """The button behind EduConnect's page."""
    app = simulated_site()

    @app.get("/")
    def _home() -> Response:
        back = request.args.get("return", "")
        who = {"return": back, "who": tickets.open("angela")}
        links = (("Continuer en tant qu'Angela", f"http://{EDUCONNECT}:{port}/franceconnect?{urlencode(who)}"),)
        return page("FranceConnect", service="login", source="franceconnect", links=links)

    return app


def teleservices(port: int, ent_link: str, sessions: Sessions, tickets: Sessions) -> Flask:
    """The national Téléservices: a service provider of EduConnect."""
    app = simulated_site()
    base = f"http://{TELESERVICES}:{port}"
    cookie = "eds_session"

    def arrive(path: str, title: str, service: str, links: tuple[tuple[str, str], ...]) -> Response:
        name = sessions.account(request.cookies.get(cookie))
        if name is not None:
            return page(title, service=service, source="educonnect", account=name, links=links)
        ticket = tickets.close(request.args.get("who"))
        if ticket is None:
            back = urlencode({"return": base + path})
            return see(f"http://{EDUCONNECT}:{port}/idp/profile/SAML2/Redirect/SSO?{back}")
        response = see(base + path)
        response.set_cookie(cookie, sessions.open(ticket), path="/", httponly=True, samesite="Lax")
        return response

    @app.get("/")
    def _home() -> Response:
        return arrive("/", "Téléservices nationaux", "teleservices", (("Scolarité Services", "/scolarite-services"),))

    @app.get("/scolarite-services")
    def _scolarite() -> Response:
        links = (("Espace numérique de travail", ent_link),)
        return arrive("/scolarite-services", "Scolarité Services", "scolarite", links)

    return app
