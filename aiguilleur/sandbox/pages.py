"""The pages of the simulated sites: marked as such, in French, and saying in `data-` attributes where one is."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, current_app, render_template, request
from werkzeug.exceptions import HTTPException

from aiguilleur.sandbox.commons import SHOWN_SOURCES
from aiguilleur.sandbox.sessions import ACCOUNTS, Account, Login, account_of


def site(look: str, brand: str) -> Flask:
    """A small application; `look` picks its colours, `brand` stands at the top of its pages."""
    app = Flask("aiguilleur.sandbox", static_folder=None)
    app.config.update(LOOK=look, BRAND=brand)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.register_error_handler(HTTPException, _wrong_page)
    return app


def page(
    template: str, title: str, *, service: str, source: str = "", login: Login | None = None, **parts: Any
) -> Response:
    """A page of the current site, never kept by a cache."""
    html = render_template(
        f"{template}.html",
        title=title,
        service=service,
        source=source or (login.source if login else ""),
        login=login,
        shown_source=SHOWN_SOURCES.get(login.source, login.source) if login else "",
        accounts=ACCOUNTS,
        look=current_app.config["LOOK"],
        brand=current_app.config["BRAND"],
        **parts,
    )
    response = Response(html, content_type="text/html; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    return response


def refusal(title: str, text: str, status: int = 400, service: str = "refused") -> Response:
    """A page that says why the site goes no further."""
    response = page("message", title, service=service, text=text)
    response.status_code = status
    return response


def see(address: str) -> Response:
    """A redirect, never kept by a cache."""
    return Response(status=302, headers={"Location": address, "Cache-Control": "no-store"})


def typed_account() -> Account | None:
    """The account of a login form that was filled in rightly; a form that asks for the profile must have that right."""
    account = account_of(request.form.get("user", ""), request.form.get("password", ""))
    return account if account and request.form.get("profil", account.profile) == account.profile else None


def _wrong_page(error: HTTPException) -> Response:
    code = error.code or 500
    title = {404: "Cette page n’existe pas", 405: "Cette page ne s’ouvre pas ainsi"}.get(code, "Demande refusée")
    return refusal(title, f"Le site simulé a répondu {code}.", code, service="error")
