"""A source that is asked through the browser, in as few words as a protocol can have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

from aiguilleur.core.model import Channel, Finding, ProbeRef, Reason, SessionState
from aiguilleur.probes import CanaryOff, Trip

NO_CANARY = CanaryOff("a source of tests")
_STATES = {"yes": SessionState.ACTIVE, "no": SessionState.INACTIVE, "perhaps": SessionState.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Passive:
    """Leaves for `url?id=…&back=…`, and is answered by `id=…&session=yes|no|perhaps`."""

    addresses: ClassVar[tuple[str, ...]] = ("url",)
    echo: ClassVar[str] = "id"
    by_post: ClassVar[bool] = False

    id: str
    source: str
    url: str
    canary: CanaryOff | None = NO_CANARY
    connect: str | None = None
    ca_file: str | None = None
    proxy: str | None = None

    @property
    def ref(self) -> ProbeRef:
        return ProbeRef(self.id, self.source, Channel.FRONT)

    def departure(self, trip: Trip, now: datetime) -> str:
        return f"{self.url}?{urlencode({'id': trip.id, 'back': trip.return_url})}"

    def arrival(self, trip: Trip, params: Mapping[str, str], now: datetime) -> Finding:
        state = _STATES.get(params.get("session", ""))
        reason = Reason.PARSE if state is None else Reason.ANSWER
        return Finding(self.source, state or SessionState.UNKNOWN, Channel.FRONT, self.id, reason)


@dataclass(frozen=True, slots=True)
class Posted(Passive):
    """The same, answered by a POST from the source's site."""

    by_post: ClassVar[bool] = True


def trip_of(location: str) -> tuple[str, str]:
    """The id of a departure and the address that it wants the answer at."""
    query = parse_qs(urlsplit(location).query)
    return query["id"][0], query["back"][0]
