"""Asks a source through a Shibboleth service provider that is registered there, for a yes or a no and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from aiguilleur.core.model import Channel, Finding, ProbeRef, Reason, SessionState
from aiguilleur.probes.contract import CanaryOff, Trip
from aiguilleur.probes.way import check_front, check_url, with_query

#: A question that forces a login is never passive; `providerId` is an older name of `entityID`.
_RESERVED = ("entityID", "providerId", "target", "isPassive", "forceAuthn")


@dataclass(frozen=True, slots=True)
class ShibbolethPassive:
    """One call of a service provider's login handler; a yes leaves a session, with its attributes, at that provider."""

    #: The fields that hold an address which must be safe to name.
    addresses: ClassVar[tuple[str, ...]] = ("url", "landing")
    #: The service provider keeps the address of its landing page, so the trip's id travels in that.
    echo: ClassVar[str] = "parcours"
    by_post: ClassVar[bool] = False

    id: str
    source: str
    #: The login handler, as `https://sp.example/Shibboleth.sso/Login`.
    url: str
    #: The page on the same host that sends the browser back here and says whether it has a session there.
    landing: str
    #: The entityID of the identity provider to ask, where the service provider has several.
    idp: str | None = None
    #: What `NoPassive` says: a source that has a question left (which profile?) answers so in session too.
    no_passive: Literal[SessionState.INACTIVE, SessionState.UNKNOWN] = SessionState.UNKNOWN
    canary: CanaryOff | None = None
    #: Where the canary connects to instead of each address's own: `host:port`, or `host` to keep the port.
    connect: str | None = None
    #: The only authorities that the canary trusts for this source, in PEM; else the usual ones.
    ca_file: str | None = None
    #: The canary's `http://` proxy; may hold its own password.
    proxy: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse what could never work."""
        check_front(self.url, _RESERVED, connect=self.connect, ca_file=self.ca_file, proxy=self.proxy)
        check_url(self.landing, "landing")
        if urlsplit(self.landing)[:2] != urlsplit(self.url)[:2]:
            raise ValueError("landing: is not on the host of url; a service provider sees its sessions there alone")
        if "?" in self.landing:
            raise ValueError("landing: has a query; the page takes the trip's id and nothing else")
        if self.idp is not None and not self.idp.strip():
            raise ValueError("idp: is empty; leave it out where the service provider has one identity provider")

    @property
    def ref(self) -> ProbeRef:
        """What the decision knows of this probe."""
        return ProbeRef(self.id, self.source, Channel.FRONT)

    def departure(self, trip: Trip, now: datetime) -> str:  # noqa: ARG002 (a login handler asks for no date)
        """The login handler, told to show no page and to end at the landing page."""
        asked = {"isPassive": "true", "target": with_query(self.landing, {self.echo: trip.id})}
        return with_query(self.url, asked if self.idp is None else {"entityID": self.idp, **asked})

    def arrival(self, trip: Trip, params: Mapping[str, str], now: datetime) -> Finding:  # noqa: ARG002 (no date either)
        """What the landing page or the error page says, which is one of three words."""
        state, reason = self._read(params.get("session"))
        return Finding(self.source, state, Channel.FRONT, self.id, reason)

    def _read(self, session: str | None) -> tuple[SessionState, Reason]:
        match session:
            case "yes":
                return SessionState.ACTIVE, Reason.ANSWER
            case "no":
                return self.no_passive, Reason.ANSWER
            case "error":
                return SessionState.UNKNOWN, Reason.PROTOCOL
            case _:
                return SessionState.UNKNOWN, Reason.PARSE
