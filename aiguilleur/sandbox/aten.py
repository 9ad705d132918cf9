"""An académie's guichet (ATEN), its Téléservices and its Scolarité Services, on one host."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Flask, Response, request

from aiguilleur.sandbox.parts import Sessions, is_ours, logs_in, page, see, simulated_site

LOGIN = "/login/ct_logon_vk.jsp"


def guichet(source: str, host: str, port: int, ent_link: str, sessions: Sessions) -> Flask:
    """The site; its cookies are shared under the académie's domain, as ClearTrust's are."""
    app = simulated_site()
    domain = host.partition(".")[2]
    base = f"http://{host}:{port}"

    def account() -> str | None:
        return sessions.account(request.cookies.get("CTSESSION"))

    def to_login(address: str) -> Response:
        return see(f"{base}{LOGIN}?{urlencode({'CT_ORIG_URL': address})}")

    @app.get("/")
    def _home() -> Response:
        return see(f"{base}/ts")

    @app.route(LOGIN, methods=["GET", "POST"])
    def _login() -> Response:
        back = request.values.get("CT_ORIG_URL", "")
        name = logs_in() if request.method == "POST" else None
        if name is None:
            return page(
                "Guichet ATEN",
                service="login",
                source=source,
                form="aten-auth",
                back=back,
                failed=request.method == "POST",
            )
        response = see(back if is_ours(back, port) else f"{base}/ts")
        response.set_cookie("CTSESSION", sessions.open(name), domain=domain, path="/", httponly=True)
        response.set_cookie("ACTSESSION", "1", domain=domain, path="/", httponly=True)
        return response

    @app.get("/login/ct_logout.jsp")
    def _logout() -> Response:
        sessions.close(request.cookies.get("CTSESSION"))
        response = page("Vous êtes déconnecté du guichet ATEN", service="logout", source=source)
        # The real one leaves CTSESSION behind and blanks its companion.
        response.headers.add("Set-Cookie", f"ACTSESSION=%20; Domain={domain}; Path=/; HttpOnly")
        return response

    @app.get("/ts")
    def _teleservices() -> Response:
        name = account()
        if name is None:
            return to_login(f"{base}/ts")
        links = (("Scolarité Services", "/ts/scolarite-services"), ("Se déconnecter", "/login/ct_logout.jsp"))
        return page("Téléservices de l'académie", service="teleservices", source=source, account=name, links=links)

    @app.get("/ts/scolarite-services")
    def _scolarite() -> Response:
        name = account()
        if name is None:
            return to_login(f"{base}/ts/scolarite-services")
        links = (("Espace numérique de travail", ent_link), ("Se déconnecter", "/login/ct_logout.jsp"))
        return page("Scolarité Services", service="scolarite", source=source, account=name, links=links)

    @app.get("/sso/SSO")
    def _sso() -> Response:
        """Tell the portal's CAS who is logged in, as the real one does by a signed form."""
        back, name = request.args.get("TARGET", ""), account()
        if not is_ours(back, port):
            return page("Application inconnue du guichet", status=403)
        return to_login(request.url) if name is None else see(f"{back}&who={sessions.open(name)}")

    return app
