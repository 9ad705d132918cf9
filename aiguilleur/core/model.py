"""The values that flow through a visit: what was seen, what was found, what is decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import Enum, IntEnum, StrEnum


class SessionState(StrEnum):
    """Whether one visitor has a session at one source."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    UNKNOWN = "unknown"


class Channel(IntEnum):
    """Where a finding comes from, from the weakest evidence to the strongest."""

    SIGNAL = 0
    BACK = 1
    FRONT = 2


class Reason(StrEnum):
    """Why a finding says what it says: a closed list, the same in the journal and in the documentation."""

    ANSWER = "answer"
    CACHED = "cached"
    PRESUMED = "presumed"
    NO_COOKIE = "no-cookie"
    CLOSED = "closed"
    BREAKER = "breaker"
    BULKHEAD = "bulkhead"
    DEADLINE = "deadline"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    PROTOCOL = "protocol"
    STATUS = "status"
    THROTTLED = "throttled"
    MAINTENANCE = "maintenance"
    OVERSIZE = "oversize"
    PARSE = "parse"
    SIGNATURE = "signature"
    NOT_RETURNED = "not-returned"
    UNPROVEN = "unproven"
    EXPIRED = "expired"
    REPLAYED = "replayed"


#: A source is ill for the rest of the visit after a finding with one of these reasons. `STATUS` is a 5xx; an answer
#: that merely fits no pattern is `PARSE`: the source works, our configuration does not know it.
ILL_REASONS = frozenset(
    {
        Reason.BREAKER,
        Reason.DEADLINE,
        Reason.DNS,
        Reason.CONNECT,
        Reason.TLS,
        Reason.STATUS,
        Reason.THROTTLED,
        Reason.MAINTENANCE,
    }
)

#: What a browser that was sent away can bring back. Any other reason of a front-channel finding means that it stayed.
BROUGHT_BACK = frozenset({Reason.ANSWER, Reason.PARSE, Reason.SIGNATURE, Reason.PROTOCOL, Reason.EXPIRED})


class Arrival(StrEnum):
    """How the browser came, from Fetch Metadata, which survives a stripped referer."""

    SAME_SITE = "same-site"
    CROSS_SITE = "cross-site"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one probe, or one presumption, says of the visitor's session at one source."""

    source: str
    state: SessionState
    channel: Channel
    #: The id of the probe that answered, or the name of the signal that was presumed upon.
    by: str
    reason: Reason
    #: How long the answer took, in milliseconds.
    ms: int = 0
    #: For how many seconds the source asked to be left alone.
    rest_s: int = 0


@dataclass(frozen=True, slots=True)
class School:
    """One school of the directory; `etab` is its name in the portal's address, a DNS label."""

    etab: str
    uai: str = ""
    name: str = ""
    kind: str = ""
    town: str = ""
    academy: str = ""
    phone: str = ""
    mail: str = ""
    #: Per source or group, the first day on which it is open for this school.
    opens: Mapping[str, date] = field(default_factory=dict)
    #: Per source or group, the last whole day on which it is open for this school.
    closes: Mapping[str, date] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signals:
    """What the request says by itself: configured names and hosts only, never a value a visitor wrote."""

    #: The source chosen by this very request (a click on the mire, or `?source=`).
    choice: str | None = None
    #: The source that the visitor asked us to remember.
    remembered: str | None = None
    #: Where the link stands (`?de=`), from the configured list.
    entry: str | None = None
    arrival: Arrival = Arrival.NONE
    #: The configured host or host pattern that the referer matches, or `other`.
    referer_host: str | None = None
    #: Configured cookie names that are present; `NAME=blank` for one that is present and empty.
    cookies: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything one decision may look at; it only ever grows, through `learn`."""

    target: str
    school: School | None
    #: The instant of the visit, UTC, and its day in the configured time zone.
    at: datetime
    day: date
    #: Sources that calendar, school, académie and target allow for this visit.
    open: frozenset[str]
    #: Sources known to be ill before anything was asked (maintenance).
    ill: frozenset[str] = frozenset()
    signals: Signals = Signals()
    findings: tuple[Finding, ...] = ()

    def learn(self, *findings: Finding) -> Facts:
        """These facts and what has just been found; a source that failed is ill for the rest of the visit."""
        if not findings:
            return self
        failed = {finding.source for finding in findings if finding.reason in ILL_REASONS}
        return replace(self, findings=self.findings + findings, ill=self.ill | failed)


@dataclass(frozen=True, slots=True)
class ProbeRef:
    """What the decision knows of a probe: which source it asks, and through which channel."""

    id: str
    source: str
    channel: Channel


@dataclass(frozen=True, slots=True)
class Redirect:
    """Send the browser to the target's address for one source."""

    source: str


@dataclass(frozen=True, slots=True)
class Discover:
    """Show the mire with these sources, in this order."""

    offered: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask these probes first: several server-side ones at once, or one that takes the browser away."""

    probes: tuple[ProbeRef, ...]


Outcome = Redirect | Discover
Step = Redirect | Discover | Ask


class Passed(Enum):
    """Why a rule that is not a miss was passed over all the same."""

    CLOSED = "closed"
    ILL = "ill"
    #: On trial: judged, told and counted, never obeyed.
    SHADOW = "shadow"


@dataclass(frozen=True, slots=True)
class Sources:
    """A source, or all the sources of a group, under the name that the rules use."""

    name: str
    members: tuple[str, ...]
