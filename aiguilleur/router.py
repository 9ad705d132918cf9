"""The only loop: decide, ask what can be asked from here, decide again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from aiguilleur.core.decision import DEFAULT_RULE, Decision, Policy, decide
from aiguilleur.core.model import Ask, Channel, Discover, Facts, Finding, ProbeRef


class Asking(Protocol):
    """Server-side probes being asked for one visit, under one deadline."""

    def start(self, refs: Iterable[ProbeRef]) -> None:
        """Ask those that have not been asked yet."""

    def next(self) -> Finding:
        """The next answer; at the deadline, a finding that says so for each probe still silent."""

    def refusal(self, ref: ProbeRef) -> Finding | None:
        """Why the browser may not be sent to this source now; None when it may."""


def advance(facts: Facts, policy: Policy, asking: Asking) -> tuple[Facts, Decision]:
    """Learn from the server-side probes until the table answers or only the browser can settle it.

    Returns all that was learnt and the decision; its step is an `Ask` only of a front-channel probe. A hit with no
    undecided rule above it ends the wait: probes still in flight are left to themselves.
    """
    decision = decide(facts, policy)
    while isinstance(decision.step, Ask):
        if decision.step.probes[0].channel is Channel.FRONT:
            finding = asking.refusal(decision.step.probes[0])
        else:
            asking.start(decision.step.probes)
            finding = asking.next()
        if finding is None:
            break
        facts = facts.learn(finding)
        decision = decide(facts, policy)
    return facts, decision


def on_mire(facts: Facts, policy: Policy) -> Decision:
    """The mire with every open source that the default offers, whatever is known: a page of ours decides nothing."""
    return Decision(Discover(everything(facts, policy)), DEFAULT_RULE, ())


def everything(facts: Facts, policy: Policy) -> tuple[str, ...]:
    """Every open source that the default offers."""
    return tuple(source for source in policy.default.offered if source in facts.open)


def is_weak(facts: Facts, source: str, policy: Policy) -> bool:
    """Whether a redirect to this source stands on weak evidence: presumed, remembered or by elimination."""
    if facts.signals.choice == source or facts.open - policy.folded <= {source}:
        return False
    answers = [finding for finding in facts.findings if finding.source == source]
    return not any(finding.channel is not Channel.SIGNAL and finding.state == "active" for finding in answers)
