"""A visit while its browser is away: the only thing that is kept between two legs is what has been learnt."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aiguilleur.core.model import BROUGHT_BACK, Arrival, Channel, Finding, Reason, SessionState

#: How long what was found counts, and how long a visit may be continued, in milliseconds.
FINDING_LIFE_MS = 120_000
JOURNEY_LIFE_MS = 1_800_000
#: A browser that has been away for longer than this has not come back: it is not sent there again.
AWAY_MS = 10_000
#: The letters of an `Onward` that a journey's cookie has room for.
MOST_CARRIED = 512


@dataclass(frozen=True, slots=True)
class Learnt:
    """A finding and when it was made, in epoch milliseconds."""

    finding: Finding
    at: int


@dataclass(frozen=True, slots=True)
class Onward:
    """The service provider that a visit ends at, instead of the target's own address: it asked `/disco` who to ask."""

    #: Its entityID.
    provider: str
    #: One of the addresses that its metadata lets browsers return to, with the query that it wants back.
    address: str
    #: The parameter that names the chosen identity provider there.
    param: str

    @property
    def is_light(self) -> bool:
        """Whether a cookie can carry it on a trip of the browser."""
        return len(self.provider) + len(self.address) + len(self.param) <= MOST_CARRIED


@dataclass(frozen=True, slots=True)
class Journey:
    """One trip of a visit: what was wanted, what is known, and which probe's answer is awaited."""

    #: Echoed by the source; drawn anew for each trip.
    id: str
    code: str
    target: str
    #: The probe whose answer is awaited; empty once it has come.
    awaited: str
    #: When the browser left, in epoch milliseconds.
    left_at: int
    #: Whether that answer comes by a POST from the source's site.
    by_post: bool = False
    etab: str = ""
    page: str = ""
    entry: str = ""
    arrival: Arrival = Arrival.NONE
    referer_host: str = ""
    onward: Onward | None = None
    learnt: tuple[Learnt, ...] = ()
    #: Whether the visit has gone on from here: a second return leads to its mire.
    spent: bool = False
    #: Which sentence its mire shows, when it is shown against the rules.
    notice: str = ""

    def answered(self, finding: Finding, at: int) -> Journey:
        """The same with the answer that was awaited."""
        return replace(self, awaited="", learnt=(*self.learnt, Learnt(finding, at)))

    def is_over(self, now: int) -> bool:
        """Whether it is too old to go on, at an instant in epoch milliseconds."""
        return now - self.left_at > JOURNEY_LIFE_MS

    def is_lost(self, now: int) -> bool:
        """Whether its browser has been away for too long."""
        return bool(self.awaited) and now - self.left_at > AWAY_MS

    def findings(self, now: int) -> tuple[Finding, ...]:
        """What still counts; a trip that was made is not made again, even when its answer has grown old."""
        return tuple(
            each.finding if _counts(each, now) else _expired(each.finding)
            for each in self.learnt
            if _counts(each, now) or _travelled(each.finding)
        )


def _counts(learnt: Learnt, now: int) -> bool:
    return now - learnt.at <= FINDING_LIFE_MS


def _travelled(finding: Finding) -> bool:
    return finding.channel is Channel.FRONT and finding.reason in BROUGHT_BACK


def _expired(finding: Finding) -> Finding:
    return replace(finding, state=SessionState.UNKNOWN, reason=Reason.EXPIRED)
