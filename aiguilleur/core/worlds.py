"""Every world that the rules can tell apart, enumerated: which rules never answer, which world has no outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import product

from aiguilleur.core import matchers as m
from aiguilleur.core.decision import Policy, Rule, decide
from aiguilleur.core.matchers import Matcher
from aiguilleur.core.model import Arrival, Channel, Discover, Facts, Finding, Reason, School, SessionState, Signals
from aiguilleur.core.verdict import MISS

#: Beyond this many worlds nothing is claimed: a proof that was not finished is none.
MOST_WORLDS = 200_000


@dataclass(frozen=True, slots=True)
class Ground:
    """What calendar, school and académie make of one visit: a day, a school, and what is open."""

    school: School | None
    day: date
    open: frozenset[str]


@dataclass(frozen=True, slots=True)
class Dead:
    """A rule that never answers, and the rules above it that settle every world it would hold in."""

    rule: Rule
    settled_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """What the enumeration shows; `complete` is false when there were too many worlds to finish."""

    dead: tuple[Dead, ...]
    #: A visit for which no source is open, so that the mire has nothing to offer.
    silent: tuple[Ground, ...]
    complete: bool


def prove(policy: Policy, target: str, grounds: Iterable[Ground], most: int = MOST_WORLDS) -> Proof:
    """Judge the rules in every world that they can tell apart, by the very function that requests use."""
    alive: set[str] = set()
    above: dict[str, Counter[str]] = {rule.id: Counter() for rule in policy.rules}
    silent: list[Ground] = []
    settled = Policy(policy.rules, policy.default, {}, policy.folded, policy.max_legs)
    count = 0
    for ground in grounds:
        for facts in _worlds(policy.rules, target, ground):
            count += 1
            if count > most:
                return Proof((), (), complete=False)
            decision = decide(facts, settled)
            alive.add(decision.rule)
            if decision.step == Discover(()) and ground not in silent:
                silent.append(ground)
            for rule in policy.rules[len(decision.trace) :]:
                # An explicit choice settles everything; naming it would explain nothing.
                if rule.id not in alive and facts.signals.choice is None and _holds(rule, facts, settled):
                    above[rule.id][decision.rule] += 1
    dead = tuple(
        Dead(rule, tuple(name for name, _ in above[rule.id].most_common()))
        for rule in policy.rules
        if rule.id not in alive and not rule.shadow
    )
    return Proof(dead, tuple(silent), complete=True)


def _holds(rule: Rule, facts: Facts, policy: Policy) -> bool:
    view = policy.view(facts)
    return all(matcher.judge(view) is not MISS for matcher in rule.when)


def _worlds(rules: tuple[Rule, ...], target: str, ground: Ground) -> Iterator[Facts]:
    leaves = [leaf for rule in rules for matcher in rule.when for leaf in leaves_of(matcher)]
    asked = sorted(frozenset().union(*(leaf.sources() for leaf in leaves)) & ground.open)
    choices = _names(leaf.choice.members for leaf in leaves if isinstance(leaf, m.Choice))
    remembered = _names(leaf.remembered.members for leaf in leaves if isinstance(leaf, m.Remembered))
    entries = _names((leaf.entry,) for leaf in leaves if isinstance(leaf, m.Entry))
    hosts = _names((leaf.referer,) for leaf in leaves if isinstance(leaf, m.Referer))
    arrivals = tuple(Arrival) if any(isinstance(leaf, m.ArrivalIs) for leaf in leaves) else (Arrival.NONE,)
    cookies = sorted({leaf.cookie for leaf in leaves if isinstance(leaf, m.Cookie)})
    at = datetime.combine(ground.day, time(12), UTC)
    for states in product(SessionState, repeat=len(asked)):
        findings = tuple(_finding(source, state) for source, state in zip(asked, states, strict=True))
        for choice, kept, entry, host, arrival in product(choices, remembered, entries, hosts, arrivals):
            for present in product((False, True), repeat=len(cookies)):
                names = frozenset(name for name, there in zip(cookies, present, strict=True) if there)
                signals = Signals(choice, kept, entry, arrival, host, names)
                yield Facts(target, ground.school, at, ground.day, ground.open, signals=signals, findings=findings)


def leaves_of(matcher: Matcher) -> Iterator[Matcher]:
    """The conditions of a matcher that hold no other."""
    parts = matcher.parts()
    if not parts:
        yield matcher
    for part in parts:
        yield from leaves_of(part)


def _names(groups: Iterable[tuple[str, ...]]) -> tuple[str | None, ...]:
    return (None, *sorted({name for group in groups for name in group}))


def _finding(source: str, state: SessionState) -> Finding:
    reason = Reason.PARSE if state is SessionState.UNKNOWN else Reason.ANSWER
    return Finding(source, state, Channel.BACK, source, reason)
