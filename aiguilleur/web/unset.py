"""What is served while no configuration can be: a page that says what a visitor can still do."""

from __future__ import annotations

from flask import Flask, Response
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException

from aiguilleur.web.security import Secured

#: No code stands on it: there is no journal that would know one.
_PAGE = """<!doctype html>
<html lang="fr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><meta name="color-scheme" content="light dark">
<title>Service en réglage</title>
<link rel="stylesheet" href="/static/style.css"><link rel="icon" href="data:,"></head>
<body><main><h1>Ce lien est en cours de réglage</h1>
<p>Vous n’avez rien fait de mal. Passez par le site de votre établissement, avec le bouton « Se connecter »,
ou revenez dans quelques minutes.</p></main></body></html>
"""


def unset(problems: str) -> Flask:
    """An application that knows no address: whatever is asked of it, in whatever way, gets the page."""
    app, secured = Flask("aiguilleur.web"), Secured("")

    @app.get("/healthz")
    def _alive() -> Response:
        return Response("ok\n", content_type="text/plain; charset=utf-8")

    @app.get("/readyz")
    def _not_ready() -> Response:
        return Response(f"{problems}\n", status=503, content_type="text/plain; charset=utf-8")

    @app.errorhandler(HTTPException)
    def _page(_: HTTPException) -> Response:
        return Response(_PAGE, content_type="text/html; charset=utf-8")

    @app.after_request
    def _secure(response: Response) -> Response:
        response.headers = Headers(secured(list(response.headers)))
        return response

    return app
