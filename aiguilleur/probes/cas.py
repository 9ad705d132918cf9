"""Asks a CAS whether the browser has a session there, by its gateway: it sends the browser back without a question."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from aiguilleur.core.model import Channel, Finding, ProbeRef, Reason, SessionState
from aiguilleur.probes.contract import CanaryOff, Trip
from aiguilleur.probes.way import check_front, with_query

#: CAS 3.0 2.1.1: `renew` would win over `gateway`, and `method=POST` would bring the ticket where no cookie follows.
_RESERVED = ("service", "gateway", "renew", "method")
#: CAS 3.0 3.1.1: a service ticket begins with `ST-`, and clients should take 256 characters of it.
_TICKET = re.compile(r"ST-[\x21-\x7e]{1,253}")


@dataclass(frozen=True, slots=True)
class CasPassive:
    """One gateway request (CAS 3.0 2.1.1), whose ticket is looked at for its presence and then forgotten."""

    #: The fields that hold an address which must be safe to name.
    addresses: ClassVar[tuple[str, ...]] = ("url",)
    #: A CAS echoes nothing, so the trip's id travels in the address that it sends the browser back to.
    echo: ClassVar[str] = "parcours"
    by_post: ClassVar[bool] = False

    id: str
    source: str
    #: The login address of the CAS, as `https://cas.example/cas/login`.
    url: str
    #: What a return without a ticket means: a CAS that lets others log its users in may know nothing of their sessions.
    without_ticket: SessionState = SessionState.INACTIVE
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
        if self.without_ticket is SessionState.ACTIVE:
            raise ValueError("without_ticket: is inactive or unknown; no ticket never means a session")

    @property
    def ref(self) -> ProbeRef:
        """What the decision knows of this probe."""
        return ProbeRef(self.id, self.source, Channel.FRONT)

    def departure(self, trip: Trip, now: datetime) -> str:  # noqa: ARG002 (a CAS asks for no date)
        """The login address, told to answer at the return address with or without a ticket."""
        service_url = with_query(trip.return_url, {self.echo: trip.id})
        return with_query(self.url, {"service": service_url, "gateway": "true"})

    def arrival(self, trip: Trip, params: Mapping[str, str], now: datetime) -> Finding:  # noqa: ARG002 (no date either)
        """Active with a ticket; the ticket itself is neither validated nor kept."""
        ticket = params.get("ticket")
        if ticket is None:
            return self._found(self.without_ticket, Reason.ANSWER)
        if not _TICKET.fullmatch(ticket):
            return self._found(SessionState.UNKNOWN, Reason.PARSE)
        return self._found(SessionState.ACTIVE, Reason.ANSWER)

    def _found(self, state: SessionState, reason: Reason) -> Finding:
        return Finding(self.source, state, Channel.FRONT, self.id, reason)
