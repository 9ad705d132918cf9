"""What matchers may look at: one visit's facts, and the states that follow from its findings."""

from __future__ import annotations

from collections.abc import Mapping

from aiguilleur.core.model import BROUGHT_BACK, Channel, Facts, Finding, ProbeRef, SessionState


class View:
    """The facts of one judgement, with the state of each source worked out once."""

    __slots__ = ("_probes", "_states", "facts", "folded", "legs_left", "open", "signals")

    def __init__(self, facts: Facts, probes: Mapping[str, tuple[ProbeRef, ...]], folded: frozenset[str], legs: int):
        """Look at `facts`; `probes` by source, `legs` trips of the browser allowed in all."""
        self.facts = facts
        self.signals = facts.signals
        self.open = facts.open
        self.folded = folded
        self.legs_left = legs - trips(facts.findings) if facts.findings else legs
        self._probes = probes
        self._states: dict[str, SessionState | None] = {}

    def state(self, source: str) -> SessionState | None:
        """The settled state of an open source, or None while a probe that could settle it is left to ask."""
        if source not in self._states:
            self._states[source] = self._settle(source)
        return self._states[source]

    def left(self, source: str) -> tuple[ProbeRef, ...]:
        """The probes to ask next: those of the server first, the browser's when no other is left."""
        asked = {finding.by for finding in self.facts.findings if finding.source == source}
        probes = [probe for probe in self._probes.get(source, ()) if probe.id not in asked]
        back = tuple(probe for probe in probes if probe.channel is Channel.BACK)
        if back or self.legs_left <= 0:
            return back
        return tuple(probe for probe in probes if probe.channel is Channel.FRONT)

    def _settle(self, source: str) -> SessionState | None:
        findings = [finding for finding in self.facts.findings if finding.source == source]
        left = self.left(source)
        for channel in (Channel.FRONT, Channel.BACK):
            answers = {finding.state for finding in findings if finding.channel is channel}
            if SessionState.ACTIVE in answers:
                return SessionState.ACTIVE
            # Within one channel active wins, so an inactive answer settles nothing while a sibling may still speak:
            # otherwise the order of the answers would change the outcome.
            if SessionState.INACTIVE in answers and not any(probe.channel is channel for probe in left):
                return SessionState.INACTIVE
        if left:
            return None
        return SessionState.UNKNOWN if source in self.facts.ill else _presumed(findings)


def trips(findings: tuple[Finding, ...]) -> int:
    """How many times the browser has been sent away in this visit."""
    return sum(finding.channel is Channel.FRONT and finding.reason in BROUGHT_BACK for finding in findings)


def _presumed(findings: list[Finding]) -> SessionState:
    presumed = {finding.state for finding in findings if finding.channel is Channel.SIGNAL}
    for state in (SessionState.ACTIVE, SessionState.INACTIVE):
        if state in presumed:
            return state
    return SessionState.UNKNOWN
