"""What a period of the journal comes to: plain values, for a table, a page or a machine.

A visit is the lines of one code, target and school with less than half an hour between one and the next: from the
link to the answer, whatever trips and clicks lie between. It is counted once, at its last line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from aiguilleur.journal.scale.counting import share
from aiguilleur.journal.settled import Settled


class Dimension(StrEnum):
    """What visits can be counted by."""

    DAY = "day"
    WEEK = "week"
    ACADEMY = "academy"
    ETAB = "etab"
    TARGET = "target"
    SOURCE = "source"
    RULE = "rule"
    SETTLED = "settled"
    NODE = "node"


class Regretted(StrEnum):
    """What the visits that were come back from can be told by."""

    RULE = "rule"
    SIGNAL = "signal"
    ETAB = "etab"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which visits are counted: from an instant on, before another, of one school, académie, target, source."""

    since: datetime | None = None
    until: datetime | None = None
    etab: str = ""
    academy: str = ""
    target: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many visits, and how they ended; `visits` is the sum of the five after it."""

    visits: int = 0
    #: Sent on without a page of ours.
    silent: int = 0
    #: Sent on by a choice on the mire.
    chosen: int = 0
    #: Shown the mire, or another page of ours, and not gone on from there.
    left: int = 0
    #: In a frame, not by a click, or for a source that is not open.
    refused: int = 0
    #: Sent to ask a source, and never back.
    away: int = 0
    #: Of those sent on, how many came back, or asked for another choice, within three minutes.
    again: int = 0
    #: Of the request that ended the visit, in milliseconds; None where there was no visit.
    p50_ms: int | None = None
    p99_ms: int | None = None

    @property
    def sent(self) -> int:
        """How many were sent on, silently or by choice."""
        return self.silent + self.chosen


@dataclass(frozen=True, slots=True)
class Row:
    """The counts of one day, one week (its Monday), one school: whatever the key is."""

    key: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class Migration:
    """How many visits of a week one source took; at level of school or, with an empty `etab`, of the académie."""

    week: date
    academy: str
    etab: str
    source: str
    visits: int


@dataclass(frozen=True, slots=True)
class SettledWeek:
    """How many visits of a week were settled in one way."""

    week: date
    how: Settled
    visits: int


@dataclass(frozen=True, slots=True)
class LatencyBin:
    """How many visits, settled in one way, took up to so many milliseconds and more than the bin before."""

    how: Settled
    upto_ms: int
    visits: int


@dataclass(frozen=True, slots=True)
class ReasonWeek:
    """How often, in a week, one source was found to be so for one reason; `unknown` is a failure."""

    week: date
    source: str
    state: str
    channel: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Regret:
    """Of the visits sent on under this key, how many were come back from within three minutes."""

    key: str
    sent: int
    again: int

    @property
    def rate(self) -> float:
        """Between 0 and 1, and 0 where nobody was sent; of masked counts, the middle of what it may be."""
        return sum(share(self.again, self.sent)) / 2


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """A configuration was `loaded` or `refused` on one node, or was `seen` for the first time in the period."""

    at: datetime
    outcome: str
    policy: str
    node: str


@dataclass(frozen=True, slots=True)
class SourceChange:
    """A probe's breaker or canary changed: `outcome` is its new state, `reason` why."""

    at: datetime
    source: str
    by: str
    outcome: str
    reason: str
    node: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is told of a period."""

    scope: Scope = field(default_factory=Scope)
    #: The first and the last line that were counted, in local time.
    first: datetime | None = None
    last: datetime | None = None
    lines: int = 0
    #: Lines that could not be read, of the whole journal: nobody knows when or whose they were.
    torn: int = 0
    #: Whether counts are masked: then each is 0, FEW (fewer than five) or a multiple of five.
    masked: bool = False
    total: Counts = field(default_factory=Counts)
    by: Mapping[Dimension, tuple[Row, ...]] = field(default_factory=dict)
    #: Per week and académie, and per week and school; a group of sources is named by the group.
    academies: tuple[Migration, ...] = ()
    schools: tuple[Migration, ...] = ()
    settled: tuple[SettledWeek, ...] = ()
    latency: tuple[LatencyBin, ...] = ()
    reasons: tuple[ReasonWeek, ...] = ()
    regrets: Mapping[Regretted, tuple[Regret, ...]] = field(default_factory=dict)
    configs: tuple[ConfigChange, ...] = ()
    sources: tuple[SourceChange, ...] = ()
