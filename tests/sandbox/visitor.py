"""A browser without a screen: it keeps cookies by host and domain and follows redirects between hosts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from urllib.parse import urljoin, urlsplit

from werkzeug.test import Client, TestResponse

from aiguilleur.sandbox import World


@dataclass(frozen=True, slots=True)
class Place:
    """Where a visit ended: the page's `data-` attributes."""

    status: int
    service: str
    source: str
    account: str


class Visitor:
    def __init__(self, world: World) -> None:
        self.client = Client(world.wsgi)
        self.passed: list[str] = []
        self.text = ""

    def ask(self, url: str, form: dict[str, str] | None = None) -> TestResponse:
        """One request, its answer not followed."""
        parts = urlsplit(url)
        return self.client.open(
            parts.path or "/",
            base_url=f"{parts.scheme}://{parts.netloc}",
            query_string=parts.query,
            method="POST" if form is not None else "GET",
            data=form,
        )

    def go(self, url: str, form: dict[str, str] | None = None) -> Place:
        """A request and every redirect after it; `passed` lists the addresses."""
        self.passed = [url]
        answer = self.ask(url, form)
        while answer.status_code == 302:
            assert len(self.passed) < 12, self.passed
            self.passed.append(urljoin(self.passed[-1], answer.headers["Location"]))
            answer = self.ask(self.passed[-1])
        self.text = answer.get_data(as_text=True)
        return Place(answer.status_code, *(self._attribute(name) for name in ("service", "source", "account")))

    def log_in(self, name: str, password: str | None = None, **more: str) -> Place:
        """Fill in the form of the page where the last visit ended."""
        form = {"user": name, "password": name if password is None else password, **more}
        return self.go(self.passed[-1], form)

    def link(self, label: str) -> str:
        """Where the link with exactly this text leads."""
        found = re.search(rf'href="([^"]*)"[^>]*>{re.escape(label)}</a>', self.text)
        assert found, self.text
        return urljoin(self.passed[-1], unescape(found[1]))

    def cookies(self, host: str) -> set[str]:
        """The names that a request to this host would carry."""
        return {
            cookie.key
            for cookie in (self.client._cookies or {}).values()
            if host == cookie.domain or (not cookie.origin_only and host.endswith(f".{cookie.domain}"))
        }

    def _attribute(self, name: str) -> str:
        found = re.search(rf'<body[^>]* data-{name}="([^"]*)"', self.text)
        return found[1] if found else ""
