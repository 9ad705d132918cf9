"""The one place that sets `Location`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from flask import Response
from werkzeug.urls import iri_to_uri

from aiguilleur.core.journey import Onward
from aiguilleur.errors import AiguilleurError
from aiguilleur.probes import FrontChannelProbe, Trip
from aiguilleur.probes.way import with_query
from aiguilleur.settings.model import Settings
from aiguilleur.web.service import service

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


#: What any part of an address may hold as it is (RFC 3986); brackets stand around a host alone.
_PLAIN = re.compile(r"[!#$%&'()*+,\-./0-9:;=?@A-Z_a-z~]*")


class ForeignAddressError(AiguilleurError):
    """An address that is not one of the configuration was about to be sent: a bug, and never a redirect."""


def to_target(settings: Settings, target: str, source: str, page: str | None, etab: str | None) -> Response:
    """See the target's address for this source (303: never cached, always a GET)."""
    school = settings.directory.schools.get(etab) if etab else None
    address = settings.targets[target].address(source, school, page)
    if "{" in address or urlsplit(address).scheme not in ("https", "http"):
        raise ForeignAddressError(address)
    return _see_other(address)


def to_source(probe: FrontChannelProbe, trip: Trip, now: datetime) -> Response:
    """Send the browser to ask a source: to one of the probe's configured addresses, with its protocol's parameters."""
    address = probe.departure(trip, now)
    allowed = {_place_of(getattr(probe, name)) for name in getattr(probe, "addresses", ())}
    if not address.isascii() or _place_of(address) not in allowed:
        raise ForeignAddressError(address)
    return _see_other(address)


def to_service_provider(onward: Onward, source: str | None) -> Response:
    """Send the browser back to a service provider that asked, with the identity provider of a source, or with none."""
    settings = service().settings
    idp = settings.sources[source].idp if source else None
    if not settings.knows(onward) or (source and not idp):
        raise ForeignAddressError(onward.provider)
    return _see_other(with_query(onward.address, {onward.param: idp}) if idp else onward.address)


def _place_of(address: str) -> tuple[str, str, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.netloc, parts.path


def to_mire(etab: str | None, target: str | None, extra: dict[str, str] | None = None) -> Response:
    """See a mire of ours, on the public host."""
    query = {"vers": target} if target else {}
    return to_own("/mire" + (f"/{etab}" if etab else ""), query | (extra or {}))


def to_own(path: str, query: dict[str, str] | None = None) -> Response:
    """See another page of ours, on the public host."""
    address = service().settings.site.public_url.rstrip("/") + path
    return _see_other(f"{address}?{urlencode(query)}" if query else address)


def _see_other(address: str) -> Response:
    response = SeeOther(status=303)
    response.headers.add("Location", address if _PLAIN.fullmatch(address) else iri_to_uri(address))
    return response


#: What every redirect says: where it came from is told to nobody.
_OF_REDIRECTS = (("Referrer-Policy", "no-referrer"), ("Content-Length", "0"))


class SeeOther(Response):
    """A redirect without a body, whose headers are handed to the server as they are."""

    default_mimetype = None

    def get_wsgi_response(self, _environ: WSGIEnvironment) -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
        """Nothing of it depends on the request: the address is whole."""
        return (), self.status, [*self.headers.to_wsgi_list(), *_OF_REDIRECTS]
