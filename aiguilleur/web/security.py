"""The headers of every answer, and who may be answered with more than a page."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from flask import Flask, Request, Response

from aiguilleur.settings.model import Site
from aiguilleur.signals import matches, referer_host
from aiguilleur.web.service import service

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
_ON_HTTPS = _HEADERS | {"Strict-Transport-Security": "max-age=31536000"}


def add_headers(app: Flask) -> None:
    """Give every answer of the application, errors included, the same security headers."""

    @app.after_request
    def _headers(response: Response) -> Response:
        for name, value in fixed_headers(service().settings.site).items():
            response.headers.setdefault(name, value)
        if response.headers["Content-Security-Policy"] == FRAMED_POLICY:
            del response.headers["X-Frame-Options"]
        # A static file is the same for all; everything else may depend on cookies.
        if not response.cache_control.public:
            response.headers["Cache-Control"] = "no-store"
            response.headers["Vary"] = "Accept-Language, Cookie, Sec-Fetch-Site, Sec-Fetch-Mode, Sec-Fetch-Dest"
        return response


def fixed_headers(site: Site) -> Mapping[str, str]:
    """What every answer of a site says, unless it says otherwise itself."""
    return _ON_HTTPS if site.public_url.startswith("https:") else _HEADERS


def is_prefetch(request: Request) -> bool:
    """Whether the browser only guesses that its visitor will come."""
    purpose = request.headers.get("Sec-Purpose") or request.headers.get("Purpose") or ""
    return purpose.startswith("prefetch")


def is_framed(request: Request) -> bool:
    """Whether the page would stand inside another one."""
    return request.headers.get("Sec-Fetch-Dest") in ("iframe", "frame", "embed", "object", "fencedframe")


def is_navigation(request: Request) -> bool:
    """Whether a browser says that its visitor is on the way: a monitor, or a preview of a link, goes nowhere."""
    return request.headers.get("Sec-Fetch-Mode") == "navigate"


def may_be_followed(request: Request, asking: Collection[str] = ()) -> bool:
    """Whether this is a visit that someone made, and no other site trying to learn where it would lead.

    A top-level navigation, and if it is cross-site, one with a gesture (`Sec-Fetch-User`, which WebKit never sends) or
    from a portal of the configuration, or from the hosts `asking`. Browsers that send no Fetch Metadata are followed.
    """
    headers = request.headers
    if headers.get("Sec-Fetch-Dest", "document") != "document":
        return False
    if headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        return False
    if headers.get("Sec-Fetch-Site") != "cross-site" or headers.get("Sec-Fetch-User") == "?1":
        return True
    host = referer_host(dict(headers))
    return host is not None and any(matches(host, portal) for portal in (*service().settings.site.portals, *asking))


def is_same_origin(request: Request) -> bool:
    """Whether a form was sent from a page of ours; a browser that does not say is believed."""
    return request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
