"""The cookies of one flight of the canary: they are nobody's, and gone with it."""

from __future__ import annotations

from collections.abc import Iterable
from email.message import Message
from http.client import HTTPResponse
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import cast
from urllib.request import Request


class Jar:
    """Keeps what sources set along the way, and sends each back what is its own (RFC 6265)."""

    def __init__(self) -> None:
        """Empty. Secure cookies go over plain http too, as browsers let them under `.localhost`, the only such way."""
        self._jar = CookieJar(DefaultCookiePolicy(secure_protocols=("https", "http")))

    def learn(self, url: str, sets: Iterable[str]) -> None:
        """Take the cookies of an answer from `url`, written as in `Set-Cookie`."""
        said = Message()
        for text in sets:
            said.add_header("Set-Cookie", text)
        self._jar.extract_cookies(cast(HTTPResponse, _Said(said)), _asked(url))

    def header(self, url: str) -> dict[str, str]:
        """The `Cookie` header for `url`, if there is something to send."""
        request = _asked(url)
        self._jar.add_cookie_header(request)
        held = request.get_header("Cookie")
        return {"Cookie": held} if held else {}


def _asked(url: str) -> Request:
    return Request(url)  # noqa: S310 (it is opened by nobody: the library's jar reads the address in it)


class _Said:
    """What the library's jar looks at of an answer."""

    def __init__(self, headers: Message) -> None:
        self._headers = headers

    def info(self) -> Message:
        return self._headers
