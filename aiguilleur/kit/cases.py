"""Where a link leads today, told by the one loop and the one evaluator; no source is asked and no browser leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from aiguilleur import signals
from aiguilleur.core.model import (
    Arrival,
    Discover,
    Facts,
    Finding,
    ProbeRef,
    Reason,
    Redirect,
    School,
    SessionState,
    Signals,
)
from aiguilleur.core.view import trips
from aiguilleur.router import advance
from aiguilleur.settings.model import Settings, Source

#: Why no browser may be sent to ask by a probe now; None when one may.
Gate = Callable[[str], Reason | None]


@dataclass(frozen=True, slots=True)
class Today:
    """The settings, the instant, and how the sources stand."""

    settings: Settings
    at: datetime
    ill: frozenset[str] = frozenset()
    gate: Gate = lambda _probe: None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a link stands: what a click on it says by itself."""

    entry: str | None = None
    arrival: Arrival = Arrival.NONE
    host: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """Where the link leads somebody who has this session, or none."""

    session: Source | None
    #: The account that they are sent to the service with; None for the choice page.
    source: Source | None
    #: Where the browser is sent; blank for the choice page.
    address: str
    #: What the choice page offers.
    offered: tuple[Source, ...]
    rule: str
    #: How many times the browser is sent away to find out.
    trips: int

    @property
    def host(self) -> str:
        """The site that the browser is sent to."""
        return urlsplit(self.address).hostname or ""

    @property
    def in_one_go(self) -> bool:
        """Whether nothing has to be typed: the session that they have is the one that serves."""
        return self.session is not None and (self.session == self.source or self.session in self.offered)


def cases(today: Today, target: str, school: School, place: Place) -> tuple[Case, ...]:
    """One case for each account that a family may have a session with today, and one for no session."""
    settings = today.settings
    day = today.at.astimezone(settings.site.zone).date()
    facts = Facts(
        target=target,
        school=school,
        at=today.at,
        day=day,
        open=settings.open_sources(target, school, day),
        ill=settings.ill_sources(today.at) | today.ill,
    )
    held = [each for each in settings.sources.values() if each.id in facts.open and not each.set_apart]
    return tuple(_case(today, facts, place, session) for session in (*held, None))


def _case(today: Today, facts: Facts, place: Place, session: Source | None) -> Case:
    settings = today.settings
    facts = _seen(settings, facts, place, session)
    facts, decision = advance(facts, settings.policies[facts.target], _Supposed(today, facts.ill, session))
    to = decision.step.source if isinstance(decision.step, Redirect) else None
    offered = decision.step.offered if isinstance(decision.step, Discover) else ()
    return Case(
        session=session,
        source=settings.sources[to] if to else None,
        address=settings.targets[facts.target].address(to, facts.school) if to else "",
        offered=tuple(settings.sources[source] for source in offered),
        rule=decision.rule,
        trips=trips(facts.findings),
    )


def _seen(settings: Settings, facts: Facts, place: Place, session: Source | None) -> Facts:
    site = settings.site
    cookies = {
        each.cookie: "present"
        for each in (session.presume if session else ())
        if each.cookie and each.state is SessionState.ACTIVE
    }
    said = Signals(
        entry=place.entry,
        arrival=place.arrival,
        referer_host=signals.matching_host(place.host, (*sorted(site.referers), *site.portals)),
        cookies=site.cookies.intersection(cookies),
    )
    presumptions = [each for source in settings.sources.values() for each in source.presume]
    return replace(facts, signals=said, findings=tuple(signals.presumed(presumptions, cookies)))


class _Supposed:
    """Answers in the place of the sources, for a browser that has this session or none."""

    def __init__(self, today: Today, ill: frozenset[str], session: Source | None) -> None:
        self._today, self._ill, self._session = today, ill, session
        self._started: set[str] = set()
        self._waiting: list[ProbeRef] = []

    def start(self, refs: Iterable[ProbeRef]) -> None:
        """Let these answer, each once."""
        self._waiting += (ref for ref in refs if ref.id not in self._started)
        self._started.update(ref.id for ref in self._waiting)

    def next(self) -> Finding:
        """The next answer."""
        ref = self._waiting.pop(0)
        return self._finding(ref, Reason.BREAKER if ref.source in self._ill else None)

    def refusal(self, ref: ProbeRef) -> Finding:
        """What the browser would bring back, or why it would not be sent."""
        return self._finding(ref, self._today.gate(ref.id))

    def _finding(self, ref: ProbeRef, refused: Reason | None) -> Finding:
        if refused:
            return Finding(ref.source, SessionState.UNKNOWN, ref.channel, ref.id, refused)
        there = self._session is not None and ref.source == self._session.id
        state = SessionState.ACTIVE if there else SessionState.INACTIVE
        return Finding(ref.source, state, ref.channel, ref.id, Reason.ANSWER)
