"""Rules and facts that read as stories."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import count

from aiguilleur.core import matchers as m
from aiguilleur.core.decision import Policy, Rule
from aiguilleur.core.model import (
    Arrival,
    Channel,
    Discover,
    Facts,
    Finding,
    Outcome,
    ProbeRef,
    Reason,
    Redirect,
    School,
    SessionState,
    Signals,
    Sources,
)

ATEN, EDU = "aten", "edu"
_visitors = count()
ROCHAT = School("clg-rochat-rousses", "", "Collège Rochat", "collège", "Les Rousses", "besancon")


def asked_anew() -> tuple[str, ...]:
    """What a probe sends of a visitor unlike all before: nothing is found in a cache for it."""
    return (f"visitor {next(_visitors)}",)


def found(
    source: str, state: str, *, by: str = "", channel: Channel = Channel.BACK, reason: Reason = Reason.ANSWER
) -> Finding:
    return Finding(source, SessionState(state), channel, by or f"{source}-{channel.name.lower()}", reason)


def facts(
    *findings: Finding,
    open: tuple[str, ...] = (ATEN, EDU),
    ill: tuple[str, ...] = (),
    school: School | None = ROCHAT,
    day: date = date(2021, 3, 15),
    **signals: object,
) -> Facts:
    return Facts(
        target="teleservices",
        school=school,
        at=datetime(2021, 3, 15, 9, 42, tzinfo=UTC),
        day=day,
        open=frozenset(open),
        ill=frozenset(ill),
        signals=Signals(**signals),  # type: ignore[arg-type]
        findings=findings,
    )


def source_is(source: str, state: str = "active", *members: str) -> m.SourceIs:
    return m.SourceIs(Sources(source, members or (source,)), SessionState(state))


def chosen(source: str) -> m.Choice:
    return m.Choice(Sources(source, (source,)))


def rule(name: str, then: str | tuple[str, ...], *when: m.Matcher) -> Rule:
    outcome: Outcome = Redirect(then) if isinstance(then, str) else Discover(then)
    return Rule(name, when, outcome, "config/rules.yaml:1")


def back(source: str, name: str = "") -> ProbeRef:
    return ProbeRef(name or f"{source}-back", source, Channel.BACK)


def front(source: str, name: str = "") -> ProbeRef:
    return ProbeRef(name or f"{source}-front", source, Channel.FRONT)


def policy(*rules: Rule, probes: tuple[ProbeRef, ...] = (), max_legs: int = 2, folded: tuple[str, ...] = ()) -> Policy:
    by_source: dict[str, tuple[ProbeRef, ...]] = {}
    for probe in probes:
        by_source[probe.source] = (*by_source.get(probe.source, ()), probe)
    return Policy(rules, Discover((EDU, ATEN)), by_source, frozenset(folded), max_legs)


CROSS = {"entry": "eclat", "arrival": Arrival.CROSS_SITE}
