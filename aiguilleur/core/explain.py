"""How a decision came about, rule by rule, in words that an operator can read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, assert_never

from aiguilleur.core.decision import DEFAULT_RULE, Judged, Policy, decide
from aiguilleur.core.model import Ask, Channel, Discover, Facts, Passed, Redirect, SessionState, Step
from aiguilleur.core.verdict import HIT, MAY, MISS
from aiguilleur.core.view import View

ANSWERS, PERHAPS, NO = "*", "~", " "


_WHY = {
    Passed.CLOSED: "what it leads to is not open",
    Passed.ILL: "what it leads to is ill",
    Passed.SHADOW: "it is on trial",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One rule as it stood: `*` it answered, `~` it would need to ask."""

    mark: str
    rule: str
    conditions: str
    place: str = ""
    #: The sources whose session state its conditions look at.
    sources: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Explanation:
    """The rows of the rules that were read, and what they came to."""

    rows: tuple[Row, ...]
    step: Step
    rule: str


def explain(facts: Facts, policy: Policy) -> Explanation:
    """Decide, and tell how each rule that was read stood; the evaluator is the one that requests use."""
    decision = decide(facts, policy)
    view = policy.view(facts)
    rows = [_row(judged, view) for judged in decision.trace]
    if decision.rule == DEFAULT_RULE:
        rows.append(Row(ANSWERS, DEFAULT_RULE, "no rule answers"))
    return Explanation(tuple(rows), decision.step, decision.rule)


def lines(explanation: Explanation) -> list[str]:
    """The rows as an aligned table of plain text."""
    width = max(len("rule"), *(len(row.rule) for row in explanation.rows)) + 2
    table = [f"   {'rule':<{width}}conditions"]
    table += [f" {row.mark} {row.rule:<{width}}{row.conditions}" for row in explanation.rows]
    return [line.rstrip() for line in table]


def sentence(explanation: Explanation, facts: Facts) -> str:
    """Why, in one sentence."""
    if isinstance(explanation.step, Ask):
        asked = ", ".join(probe.id for probe in explanation.step.probes)
        return f"Rule '{explanation.rule}' cannot be settled before {asked} has answered."
    if explanation.rule == DEFAULT_RULE:
        return "No rule answers: the mire lets the visitor choose."
    row = next(row for row in explanation.rows if row.rule == explanation.rule)
    place = f" ({row.place})" if row.place else ""
    answered = _answered(explanation.step, row.sources, facts)
    return f"{answered or f'Rule {explanation.rule!r} holds: {row.conditions}'}{place}."


def as_json(explanation: Explanation) -> dict[str, Any]:
    """The same for a machine."""
    return {
        "rule": explanation.rule,
        "step": step_json(explanation.step),
        "rules": [
            {"mark": row.mark.strip(), "rule": row.rule, "conditions": row.conditions, "place": row.place}
            for row in explanation.rows
        ],
    }


def step_json(step: Step) -> dict[str, Any]:
    """A step as `{"redirect": source}`, `{"discover": [sources]}` or `{"ask": [probes]}`."""
    match step:
        case Redirect(source):
            return {"redirect": source}
        case Discover(offered):
            return {"discover": list(offered)}
        case Ask(probes):
            return {"ask": [probe.id for probe in probes]}
        case _:
            assert_never(step)


def _row(judged: Judged, view: View) -> Row:
    rule = judged.rule
    if judged.verdict is MISS:
        missing = next(matcher for matcher in rule.when if matcher.judge(view) is MISS)
        return Row(NO, rule.id, missing.seen(view), rule.place)
    conditions = ", ".join(matcher.seen(view) for matcher in rule.when)
    if judged.passed:
        return Row(NO, rule.id, f"{conditions} (passed over: {_WHY[judged.passed]})", rule.place)
    looked_at = frozenset[str]().union(*(matcher.sources() for matcher in rule.when))
    return Row({HIT: ANSWERS, MAY: PERHAPS}[judged.verdict], rule.id, conditions, rule.place, looked_at)


def _answered(step: Step, looked_at: frozenset[str], facts: Facts) -> str:
    """The plainest reason of all, where the rule asked for it: the source itself said so."""
    said = {
        finding.channel: finding
        for finding in facts.findings
        if isinstance(step, Redirect) and finding.source == step.source and finding.state is SessionState.ACTIVE
    }
    if not said or looked_at.isdisjoint(finding.source for finding in said.values()):
        return ""
    finding = said[max(said)]
    if finding.channel is Channel.SIGNAL:
        return f"A cookie lets us presume a session at {finding.source}"
    return f"{finding.source} answered that this browser has a session"
