"""What the simulated sites share: sessions in memory, pages, safe returns."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, render_template, request

#: Accounts and their passwords, printed on the login pages.
ACCOUNTS = {"parent1": "parent1", "parent2": "parent2", "eleve1": "eleve1"}


@dataclass(frozen=True, slots=True)
class SchoolSite:
    """A school whose portal is simulated."""

    etab: str
    name: str = ""
    academy: str = ""
    town: str = ""


@dataclass(slots=True)
class Sessions:
    """Who is logged in under which random id; forgotten when the process ends."""

    _accounts: dict[str, str] = field(default_factory=dict)

    def open(self, account: str) -> str:
        """A new session's id."""
        name = secrets.token_urlsafe(18)
        self._accounts[name] = account
        return name

    def account(self, name: str | None) -> str | None:
        """Whose session this is, if it is one."""
        return self._accounts.get(name or "")

    def close(self, name: str | None) -> str | None:
        """End a session; a one-time ticket is a session that is closed when it is read."""
        return self._accounts.pop(name or "", None)


def simulated_site() -> Flask:
    """A small Flask application with the sandbox's templates."""
    return Flask("aiguilleur.sandbox", static_folder=None)


def page(
    title: str, *, service: str = "", source: str = "", account: str = "", status: int = 200, **parts: Any
) -> Response:
    """A page marked as simulated; `data-` attributes say where one is."""
    body = render_template(
        "page.html", title=title, service=service, source=source, account=account, host=request.host, **parts
    )
    return Response(body, status=status, content_type="text/html; charset=utf-8")


def see(address: str) -> Response:
    """Redirect, as the real sites do."""
    return Response(status=302, headers={"Location": address})


def is_ours(address: str, port: int) -> bool:
    """Whether an address is one of the sandbox's own hosts."""
    parts = urlsplit(address)
    return parts.scheme == "http" and parts.netloc.endswith(f".localhost:{port}") and "@" not in parts.netloc


def logs_in() -> str | None:
    """The account of a login form that was filled in rightly."""
    user, password = request.form.get("user", ""), request.form.get("password", "")
    return user if user and ACCOUNTS.get(user) == password else None
