"""What a link or a form asks for, read into configured names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from flask import Request
from msgspec import Struct

from aiguilleur import signals
from aiguilleur.core.journey import Onward
from aiguilleur.core.model import School
from aiguilleur.web.service import service

#: A text that a visitor wrote is not looked at beyond this.
LONGEST = 200
#: The headers that signals look at, and where the server leaves them (PEP 3333).
_LOOKED_AT = (("Referer", "HTTP_REFERER"), ("Sec-Fetch-Site", "HTTP_SEC_FETCH_SITE"))


class Wanted(Struct, frozen=True):
    """What a link or a form asks for, in configured names."""

    target: str
    school: School | None = None
    page: str | None = None
    entry: str | None = None
    choice: str | None = None
    #: The service provider that asked, and is answered instead of the target's own address being given.
    onward: Onward | None = None
    #: Whether it wants no page to be shown: it is answered without a choice then.
    passive: bool = False

    @property
    def provider(self) -> str:
        """The host of the service provider that asked, or nothing."""
        return host_of(self.onward.address) if self.onward else ""

    @property
    def etab(self) -> str | None:
        """The school's name in addresses."""
        return self.school.etab if self.school else None

    @property
    def kept(self) -> dict[str, str]:
        """What an address of ours must say again, so that it is not lost on the way: entry and deep page."""
        return {name: value for name, value in (("de", self.entry), ("page", self.page)) if value}


def wanted_of(request: Request, target: str, *, path_etab: str | None = None) -> Wanted:
    """What the address of a request asks for; names that the configuration does not know are dropped."""
    running = service()
    settings, args = running.settings, request.values.to_dict() if request.method == "POST" else linked(request)
    entry, page, choice = args.get("de"), args.get("page"), args.get("source")
    candidates = signals.candidate_schools(
        running.known, request.environ.get("HTTP_REFERER", ""), path_etab, args.get("etab", "")[:LONGEST]
    )
    school = next(filter(None, map(settings.directory.find, candidates)), None)
    return Wanted(
        target=target,
        school=school,
        page=page if page in settings.targets[target].pages else None,
        entry=entry if entry in running.known.entries else None,
        choice=choice if choice in settings.sources else None,
    )


def linked(request: Request) -> Mapping[str, str]:
    """The parameters of a request's address, the first of each name."""
    query = request.environ.get("QUERY_STRING", "")
    return _parsed(query) if len(query) <= LONGEST else request.args.to_dict()


@lru_cache(256)
def _parsed(query: str) -> Mapping[str, str]:
    """Nearly all visits come by the same few links."""
    return Request({"QUERY_STRING": query}).args.to_dict()


def headers_of(request: Request) -> dict[str, str]:
    """The headers that signals look at, as a plain mapping."""
    environ = request.environ
    return {name: environ[key] for name, key in _LOOKED_AT if key in environ}


def host_of(address: str) -> str:
    """The host of an address that a browser is sent to, for the journal."""
    return signals.web_host(address) or ""
