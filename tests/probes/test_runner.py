from __future__ import annotations

import threading
import time
from collections.abc import Mapping

import pytest

from aiguilleur.core.matchers import Entry
from aiguilleur.core.model import Channel, Finding, ProbeRef, Reason, Redirect, SessionState
from aiguilleur.probes import Forwarded, Runner
from aiguilleur.router import advance
from tests.builders import ATEN, EDU, facts, policy, rule, source_is
from tests.wire import waited

BUDGET = 0.3


class Slow:
    """A probe that answers after a while."""

    def __init__(self, source: str, after: float, state: str = "active") -> None:
        self.ref = ProbeRef(f"{source}-back", source, Channel.BACK)
        self.after = after
        self.state = SessionState(state)

    def ask(self, cookies: Mapping[str, str], forwarded: Forwarded, within: float) -> Finding:
        threading.Event().wait(self.after)
        return Finding(self.ref.source, self.state, Channel.BACK, self.ref.id, Reason.ANSWER)


class Broken(Slow):
    """A probe with a bug."""

    def ask(self, cookies: Mapping[str, str], forwarded: Forwarded, within: float) -> Finding:
        raise KeyError("canary")


def runner(*probes: Slow, workers: int = 8) -> Runner:
    return Runner({probe.ref.id: probe for probe in probes}, workers)


def told(run: Runner) -> list[tuple[str, Reason]]:
    with run.visit({}, Forwarded(), BUDGET) as asking:
        asking.start(probe.ref for probe in run.probes.values())
        findings = [asking.next() for _ in run.probes]
        with pytest.raises(LookupError):
            asking.next()
    return [(finding.source, finding.reason) for finding in findings]


def test_two_probes_take_as_long_as_the_slower() -> None:
    began = time.monotonic()

    assert told(runner(Slow(ATEN, 0.15), Slow(EDU, 0.15))) != []
    assert waited(began) < 0.28


def test_a_silent_source_is_told_at_the_deadline_and_the_other_at_once() -> None:
    began = time.monotonic()

    assert told(runner(Slow(ATEN, 5), Slow(EDU, 0))) == [(EDU, Reason.ANSWER), (ATEN, Reason.DEADLINE)]
    assert BUDGET * 0.9 <= waited(began) < BUDGET + 0.2


def test_a_full_house_is_said_at_once() -> None:
    assert (EDU, Reason.BULKHEAD) in told(runner(Slow(ATEN, 0.1), Slow(EDU, 0.1), workers=1))


def test_a_bug_in_a_probe_is_that_probes_silence(caplog: pytest.LogCaptureFixture) -> None:
    assert told(runner(Broken(ATEN, 0))) == [(ATEN, Reason.PROTOCOL)]
    assert "canary" not in caplog.text


def test_nothing_is_asked_twice() -> None:
    run = runner(Slow(ATEN, 0))
    with run.visit({}, Forwarded(), BUDGET) as asking:
        asking.start([ref := next(iter(run.probes.values())).ref])
        asking.next()
        asking.start([ref])
        with pytest.raises(LookupError):
            asking.next()


RULES = policy(
    rule("edu-active", EDU, source_is(EDU)),
    rule("aten-active", ATEN, source_is(ATEN)),
    rule("eclat", EDU, Entry("eclat")),
    probes=(ProbeRef("aten-back", ATEN, Channel.BACK), ProbeRef("edu-back", EDU, Channel.BACK)),
)


def test_the_answer_comes_at_once_when_it_belongs_to_the_higher_rule() -> None:
    began = time.monotonic()
    with runner(Slow(ATEN, 5), Slow(EDU, 0.02)).visit({}, Forwarded(), BUDGET) as asking:
        _, decision = advance(facts(), RULES, asking)

    assert decision.step == Redirect(EDU)
    assert waited(began) < BUDGET / 2


def test_else_it_comes_at_the_deadline() -> None:
    began = time.monotonic()
    with runner(Slow(ATEN, 0.02), Slow(EDU, 5)).visit({}, Forwarded(), BUDGET) as asking:
        seen, decision = advance(facts(), RULES, asking)

    assert decision.step == Redirect(ATEN)
    assert seen.ill == {EDU}
    assert BUDGET * 0.9 <= waited(began) < BUDGET + 0.2
