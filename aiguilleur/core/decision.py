"""The one pure function: an ordered table of rules, judged on what is known so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiguilleur.core.matchers import Matcher, undecided
from aiguilleur.core.model import Ask, Channel, Discover, Facts, Outcome, Passed, ProbeRef, Redirect, Step
from aiguilleur.core.verdict import HIT, MAY, MISS, Verdict
from aiguilleur.core.view import View

DEFAULT_RULE = "default"


@dataclass(frozen=True, slots=True)
class Rule:
    """When all its conditions hold, and no rule above does, its outcome is the answer."""

    id: str
    when: tuple[Matcher, ...]
    then: Outcome
    #: Where it is written, as `config/rules.yaml:18`.
    place: str = ""
    #: On trial: judged beside the live rules and never obeyed.
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules for one target, compiled at load."""

    rules: tuple[Rule, ...]
    default: Discover
    #: By source, in the order written.
    probes: Mapping[str, tuple[ProbeRef, ...]] = field(default_factory=dict)
    #: Sources that the mire shows folded, and that `only` does not count.
    folded: frozenset[str] = frozenset()
    #: How many times one visit may send the browser away.
    max_legs: int = 2

    def view(self, facts: Facts) -> View:
        """These facts as this policy's matchers see them."""
        return View(facts, self.probes, self.folded, self.max_legs)


@dataclass(frozen=True, slots=True)
class Judged:
    """How one rule stood when the decision was taken."""

    rule: Rule
    verdict: Verdict
    passed: Passed | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The next step, the id of the rule that gives it, and how each rule read stood."""

    step: Step
    rule: str
    trace: tuple[Judged, ...]

    @property
    def shadow(self) -> str:
        """The first rule on trial that would have answered, with `~` before it if it would have asked first."""
        for judged in self.trace:
            if judged.passed is Passed.SHADOW:
                return f"{'~' if judged.verdict is MAY else ''}{judged.rule.id}"
        return ""


def decide(facts: Facts, policy: Policy) -> Decision:
    """Read the rules from the top: the first hit answers, unless a rule above it may still be a hit."""
    view = policy.view(facts)
    trace: list[Judged] = []
    pending: list[Rule] = []
    outcome: Outcome = policy.default
    answering = DEFAULT_RULE
    for rule in policy.rules:
        judged = _judge(rule, view)
        trace.append(judged)
        if judged.verdict is MISS or judged.passed:
            continue
        if judged.verdict is HIT:
            outcome, answering = rule.then, rule.id
            break
        pending.append(rule)
    if pending:
        return Decision(_ask(pending, view), pending[0].id, tuple(trace))
    return Decision(_limited(outcome, facts), answering, tuple(trace))


def passed_over(outcome: Outcome, facts: Facts) -> Passed | None:
    """Why a rule with this outcome is passed over: its source is not open, or ill and not explicitly chosen."""
    if isinstance(outcome, Discover):
        return None if facts.open.intersection(outcome.offered) else Passed.CLOSED
    if outcome.source not in facts.open:
        return Passed.CLOSED
    if outcome.source in facts.ill and facts.signals.choice != outcome.source:
        return Passed.ILL
    return None


def _judge(rule: Rule, view: View) -> Judged:
    verdict = HIT
    for matcher in rule.when:
        part = matcher.judge(view)
        if part is MISS:
            return Judged(rule, MISS)
        if part is MAY:
            verdict = MAY
    return Judged(rule, verdict, passed_over(rule.then, view.facts) or (Passed.SHADOW if rule.shadow else None))


def _limited(outcome: Outcome, facts: Facts) -> Redirect | Discover:
    if isinstance(outcome, Redirect):
        return outcome
    return Discover(tuple(source for source in outcome.offered if source in facts.open))


def _ask(pending: list[Rule], view: View) -> Ask:
    """The first undecided rule's server-side probes and all those below it; the browser only when it has none."""
    first = _left(pending[0], view)
    if all(probe.channel is Channel.FRONT for probe in first):
        return Ask(first[:1])
    probes = dict.fromkeys(probe for rule in pending for probe in _left(rule, view))
    return Ask(tuple(probe for probe in probes if probe.channel is Channel.BACK))


def _left(rule: Rule, view: View) -> tuple[ProbeRef, ...]:
    sources = dict.fromkeys(source for matcher in rule.when for source in undecided(matcher, view))
    return tuple(probe for source in sources for probe in view.left(source))
