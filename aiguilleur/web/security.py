"""The headers of every answer, and who may be answered with more than a page."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from flask import Request

from aiguilleur.signals import matches, referer_host
from aiguilleur.web.service import service

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

#: No `form-action`: browsers apply it to every redirect behind a form, and those chains are not ours.
_POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors "
#: Of the page that says, inside another one, that it must be opened outside: a frame that is refused shows nothing.
FRAMED_POLICY = f"{_POLICY}*"
_HEADERS = {
    "Content-Security-Policy": f"{_POLICY}'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
}
_NO_FRAME = ("X-Frame-Options", _HEADERS["X-Frame-Options"])
_ON_HTTPS = _HEADERS | {"Strict-Transport-Security": "max-age=31536000"}
_UNCACHED = (
    ("Cache-Control", "no-store"),
    ("Vary", "Accept-Language, Cookie, Sec-Fetch-Site, Sec-Fetch-Mode, Sec-Fetch-Dest"),
)
_OF_CACHES = frozenset(name.lower() for name, _ in _UNCACHED)
#: What else is said depends on what these say.
_TELLING = _OF_CACHES | {"content-security-policy"}


#: Where the server leaves the headers of Fetch Metadata (PEP 3333); the framework takes five times as long to find one.
_SITE, _MODE, _DEST = "HTTP_SEC_FETCH_SITE", "HTTP_SEC_FETCH_MODE", "HTTP_SEC_FETCH_DEST"
Headers = Sequence[tuple[str, str]]


class Secured:
    """What every answer of a site says, errors included, unless it says otherwise itself.

    It works on the headers that are handed to the server: the framework's own take three times as long.
    """

    def __init__(self, public_url: str) -> None:
        """The headers of a site that is known by this address."""
        fixed = _ON_HTTPS if public_url.startswith("https:") else _HEADERS
        self._fixed = tuple((name.lower(), (name, value)) for name, value in fixed.items())
        # Answers of one kind have the same names.
        self._lacking = lru_cache(64)(self._lacked)

    def __call__(self, headers: Headers) -> list[tuple[str, str]]:
        """These headers and what they lack."""
        lacking, telling = self._lacking(tuple([name for name, _ in headers]))
        if not telling:
            return [*headers, *lacking, *_UNCACHED]
        own = {name.lower(): value for name, value in headers}
        if own.get("content-security-policy") == FRAMED_POLICY:
            lacking = tuple(pair for pair in lacking if pair != _NO_FRAME)
        # A static file is the same for all; everything else may depend on cookies.
        if "public" in own.get("cache-control", ""):
            return [*headers, *lacking]
        return [*(pair for pair in headers if pair[0].lower() not in _OF_CACHES), *lacking, *_UNCACHED]

    def _lacked(self, names: tuple[str, ...]) -> tuple[tuple[tuple[str, str], ...], bool]:
        """What is said on every answer and not by these headers, and whether more depends on what they say."""
        own = {name.lower() for name in names}
        return tuple(pair for name, pair in self._fixed if name not in own), not own.isdisjoint(_TELLING)


def is_prefetch(environ: WSGIEnvironment) -> bool:
    """Whether the browser only guesses that its visitor will come."""
    purpose = environ.get("HTTP_SEC_PURPOSE") or environ.get("HTTP_PURPOSE") or ""
    return str(purpose).startswith("prefetch")


def is_framed(request: Request) -> bool:
    """Whether the page would stand inside another one."""
    return request.environ.get(_DEST) in ("iframe", "frame", "embed", "object", "fencedframe")


def is_navigation(request: Request) -> bool:
    """Whether a browser says that its visitor is on the way: a monitor, or a preview of a link, goes nowhere."""
    return bool(request.environ.get(_MODE) == "navigate")


def may_be_followed(request: Request, asking: Collection[str] = ()) -> bool:
    """Whether this is a visit that someone made, and no other site trying to learn where it would lead.

    A top-level navigation, and if it is cross-site, one with a gesture (`Sec-Fetch-User`, which WebKit never sends) or
    from a portal of the configuration, or from the hosts `asking`. Browsers that send no Fetch Metadata are followed.
    """
    sent = request.environ
    if sent.get(_DEST, "document") != "document" or sent.get(_MODE, "navigate") != "navigate":
        return False
    if sent.get(_SITE) != "cross-site" or sent.get("HTTP_SEC_FETCH_USER") == "?1":
        return True
    host = referer_host({"Referer": sent.get("HTTP_REFERER", "")})
    return host is not None and any(matches(host, portal) for portal in (*service().settings.site.portals, *asking))


def is_same_origin(request: Request) -> bool:
    """Whether a form was sent from a page of ours; a browser that does not say is believed."""
    return bool(request.environ.get(_SITE, "same-origin") == "same-origin")
