from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import pytest

from aiguilleur.core.matchers import Entry
from aiguilleur.core.model import Channel, Finding, ProbeRef, Reason, Redirect, SessionState
from aiguilleur.probes import Forwarded, Pattern, Runner
from aiguilleur.probes.http_status import HttpStatusProbe
from aiguilleur.router import advance
from tests.builders import ATEN, EDU, asked_anew, facts, policy, rule, source_is
from tests.waiting import AMPLE, LATE, await_probes, undisturbed, waited
from tests.wire import closed_port, drips, says, serving, silent

#: Of a visit that waits for a source that does not answer, in seconds. One that answers at once has no more: where the
#: machine may stand still for longer, such a visit is tried `undisturbed`.
BUDGET = 0.8
#: What such a source takes.
FOR_EVER = 60.0


@pytest.fixture(autouse=True)
def _ended() -> Iterator[None]:
    yield
    Slow.over.set()
    Slow.over = threading.Event()


class Slow:
    """A probe that answers after a while, or when the test is over."""

    over: ClassVar = threading.Event()

    def __init__(self, source: str, after: float, state: str = "active") -> None:
        self.ref = ProbeRef(f"{source}-back", source, Channel.BACK)
        self.after = after
        self.state = SessionState(state)

    def sends(self, cookies: Mapping[str, str], forwarded: Forwarded) -> tuple[str, ...]:
        return asked_anew()

    def ask(self, cookies: Mapping[str, str], forwarded: Forwarded, within: float) -> Finding:
        self.take_time(within)
        return Finding(self.ref.source, self.state, Channel.BACK, self.ref.id, Reason.ANSWER)

    def take_time(self, within: float) -> None:
        self.over.wait(self.after)


class Held(Slow):
    """A probe that answers once the test lets it go on."""

    def __init__(self, source: str) -> None:
        super().__init__(source, FOR_EVER)
        self.go_on = threading.Event()

    def take_time(self, within: float) -> None:
        self.go_on.wait(self.after)


class Meets(Slow):
    """A probe that answers only when another one is asked at the same time."""

    def __init__(self, source: str, both: threading.Barrier) -> None:
        super().__init__(source, 0)
        self.both = both

    def take_time(self, within: float) -> None:
        self.both.wait(within)


class Broken(Slow):
    """A probe with a bug."""

    def ask(self, cookies: Mapping[str, str], forwarded: Forwarded, within: float) -> Finding:
        raise KeyError("canary")


def runner(*probes: Slow, places: int = 8) -> Runner:
    return Runner({probe.ref.id: probe for probe in probes}, places)


def told(run: Runner, budget: float = AMPLE) -> list[tuple[str, Reason]]:
    with run.visit({}, Forwarded(), budget) as asking:
        asking.start(probe.ref for probe in run.probes.values())
        findings = [asking.next() for _ in run.probes]
        with pytest.raises(LookupError):
            asking.next()
    return [(finding.source, finding.reason) for finding in findings]


def test_two_probes_are_asked_at_the_same_time() -> None:
    both = threading.Barrier(2)

    assert sorted(told(runner(Meets(ATEN, both), Meets(EDU, both)))) == [(ATEN, Reason.ANSWER), (EDU, Reason.ANSWER)]


def test_a_silent_source_is_told_at_the_deadline_and_the_other_at_once() -> None:
    def visit() -> None:
        began = time.monotonic()

        answers = told(runner(Slow(ATEN, FOR_EVER), Slow(EDU, 0)), BUDGET)

        assert answers == [(EDU, Reason.ANSWER), (ATEN, Reason.DEADLINE)]
        assert BUDGET * 0.9 <= waited(began) < BUDGET + LATE

    undisturbed(visit)


def test_a_full_house_is_said_at_once() -> None:
    reasons = told(runner(Slow(ATEN, FOR_EVER), Slow(EDU, 0), places=1), BUDGET)

    assert reasons == [(EDU, Reason.BULKHEAD), (ATEN, Reason.DEADLINE)]


def test_without_a_budget_the_house_is_full() -> None:
    with runner(Slow("a", 0)).visit({}, Forwarded(), 0.0) as asking:
        asking.start([ProbeRef("a-back", "a", Channel.BACK)])

        assert asking.next().reason is Reason.BULKHEAD


def test_a_bug_in_a_probe_is_that_probes_silence(caplog: pytest.LogCaptureFixture) -> None:
    assert told(runner(Broken(ATEN, 0))) == [(ATEN, Reason.PROTOCOL)]
    assert "canary" not in caplog.text


def test_nothing_is_asked_twice() -> None:
    run = runner(Slow(ATEN, 0))
    with run.visit({}, Forwarded(), AMPLE) as asking:
        asking.start([ref := next(iter(run.probes.values())).ref])
        asking.next()
        asking.start([ref])
        with pytest.raises(LookupError):
            asking.next()


def test_one_source_never_takes_every_place() -> None:
    def visits() -> None:
        run = runner(Slow(ATEN, FOR_EVER), Slow(EDU, 0), places=4)
        refs = [probe.ref for probe in run.probes.values()]
        reasons = []
        for _ in range(3):
            with run.visit({}, Forwarded(), BUDGET) as asking:
                asking.start(refs)
                reasons.append({finding.source: finding.reason for finding in (asking.next(), asking.next())})

        answers = {EDU: Reason.ANSWER}
        assert reasons == [answers | {ATEN: reason} for reason in (Reason.DEADLINE, Reason.DEADLINE, Reason.BULKHEAD)]

    undisturbed(visits)


def test_places_are_given_back_and_threads_end() -> None:
    run = runner(Slow(ATEN, 0.02), Broken(EDU, 0), places=2)
    for _ in range(5):
        assert Reason.BULKHEAD not in {reason for _, reason in told(run)}
    await_probes()


def test_leaving_waits_for_nobody_and_late_threads_end() -> None:
    began = time.monotonic()
    slow = Held(ATEN)
    with runner(slow).visit({}, Forwarded(), AMPLE) as asking:
        asking.start([slow.ref])

    assert waited(began) < LATE
    slow.go_on.set()
    await_probes()


def test_nothing_runs_before_the_first_question_or_after_the_deadline() -> None:
    before = set(threading.enumerate())
    run = runner(Slow(ATEN, 0), Slow(EDU, 0))
    aten, edu = (probe.ref for probe in run.probes.values())
    with run.visit({}, Forwarded(), 0.2) as asking:
        begun = set(threading.enumerate()) - before
        asking.start([aten])
        asking.next()
        time.sleep(0.25)
        asking.start([edu])
        late = asking.next()

    assert begun == set()
    assert late == Finding(EDU, SessionState.UNKNOWN, Channel.BACK, "edu-back", Reason.DEADLINE, late.ms)


def test_an_answer_after_its_deadline_is_told_no_more() -> None:
    late = Held(ATEN)
    run = runner(late, Slow(EDU, FOR_EVER))
    with run.visit({}, Forwarded(), 0.15) as asking:
        asking.start(probe.ref for probe in run.probes.values())
        first = asking.next()
        late.go_on.set()
        await_probes("aten")
        second = asking.next()

    assert [(each.source, each.reason) for each in (first, second)] == [(ATEN, Reason.DEADLINE), (EDU, Reason.DEADLINE)]


def test_a_late_question_has_what_is_left_of_the_time() -> None:
    run = runner(Slow(ATEN, 0.15), Slow(EDU, FOR_EVER))
    aten, edu = (probe.ref for probe in run.probes.values())
    began = time.monotonic()
    with run.visit({}, Forwarded(), BUDGET) as asking:
        asking.start([aten])
        asking.next()
        asking.start([edu])
        asking.next()

    assert BUDGET * 0.9 <= waited(began) < BUDGET + LATE


def test_a_probe_that_nobody_registered_is_unknown() -> None:
    with runner(Slow(ATEN, 0)).visit({}, Forwarded(), AMPLE) as asking:
        asking.start([ProbeRef("other", ATEN, Channel.BACK)])

        assert asking.next() == Finding(ATEN, SessionState.UNKNOWN, Channel.BACK, "other", Reason.PROTOCOL)


def test_no_more_threads_is_a_full_house(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    run = runner(Slow(ATEN, 0), places=1)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuses)

        assert told(run) == [(ATEN, Reason.BULKHEAD)]
    assert told(run) == [(ATEN, Reason.ANSWER)]


def status(source: str, url: str) -> HttpStatusProbe:
    return HttpStatusProbe(
        f"{source}-back", source, url, Pattern(status=200, contains="bonjour"), Pattern(status=302), (f"{source}-sid",)
    )


VISITOR = {"aten-sid": "a", "edu-sid": "e"}


def asked(aten: str, edu: str, budget: float = BUDGET) -> list[tuple[str, SessionState, Reason]]:
    probes = {f"{source}-back": status(source, url) for source, url in ((ATEN, aten), (EDU, edu))}
    with Runner(probes).visit(VISITOR, Forwarded(), budget) as asking:
        asking.start(probe.ref for probe in probes.values())
        findings = [asking.next(), asking.next()]
    return [(finding.source, finding.state, finding.reason) for finding in findings]


def test_on_the_wire_one_silent_source_costs_the_other_nothing() -> None:
    def visit() -> None:
        with serving(silent) as aten, serving(says("200 OK", b"bonjour")) as edu:
            began = time.monotonic()
            findings = asked(aten.url, edu.url)

        assert findings == [
            (EDU, SessionState.ACTIVE, Reason.ANSWER),
            (ATEN, SessionState.UNKNOWN, Reason.DEADLINE),
        ]
        assert waited(began) < BUDGET + LATE
        assert (aten.sent("Cookie"), edu.sent("Cookie")) == (["aten-sid=a"], ["edu-sid=e"])
        await_probes()

    undisturbed(visit)


def test_on_the_wire_two_bad_sources_take_one_budget() -> None:
    with serving(drips(b"HTTP/1.1 200 OK\r\n\r\n", b"a", 0.05)) as aten, serving(silent) as edu:
        began = time.monotonic()
        findings = asked(aten.url, edu.url)

    assert {reason for _, _, reason in findings} == {Reason.DEADLINE}
    assert waited(began) < BUDGET + LATE
    await_probes()


def test_on_the_wire_dead_sources_are_told_at_once() -> None:
    began = time.monotonic()
    url = f"http://127.0.0.1:{closed_port()}/"

    assert {reason for _, _, reason in asked(url, url, AMPLE)} == {Reason.CONNECT}
    assert waited(began) < LATE


def test_a_resolver_that_stalls_keeps_no_visitor_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    resolve = socket.getaddrinfo

    def stalls(host: str, *given: Any, **named: Any) -> Any:
        if host == "aten.test":
            over.wait(FOR_EVER)
        return resolve(host if host != "aten.test" else "127.0.0.1", *given, **named)

    def visit() -> None:
        with serving(says("200 OK", b"bonjour")) as edu:
            began = time.monotonic()
            findings = asked("http://aten.test/", edu.url)
            waiting = waited(began)

        assert findings[0] == (EDU, SessionState.ACTIVE, Reason.ANSWER)
        assert findings[1][:2] == (ATEN, SessionState.UNKNOWN)
        assert findings[1][2] in (Reason.DNS, Reason.DEADLINE)
        assert waiting < BUDGET + LATE

    monkeypatch.setattr(socket, "getaddrinfo", stalls)
    try:
        undisturbed(visit)
    finally:
        over.set()


RULES = policy(
    rule("edu-active", EDU, source_is(EDU)),
    rule("aten-active", ATEN, source_is(ATEN)),
    rule("eclat", EDU, Entry("eclat")),
    probes=(ProbeRef("aten-back", ATEN, Channel.BACK), ProbeRef("edu-back", EDU, Channel.BACK)),
)


def test_the_answer_comes_at_once_when_it_belongs_to_the_higher_rule() -> None:
    began = time.monotonic()
    with runner(Slow(ATEN, FOR_EVER), Slow(EDU, 0.02)).visit({}, Forwarded(), AMPLE) as asking:
        _, decision = advance(facts(), RULES, asking)

    assert decision.step == Redirect(EDU)
    assert waited(began) < LATE


def test_else_it_comes_at_the_deadline() -> None:
    def visit() -> None:
        began = time.monotonic()
        with runner(Slow(ATEN, 0.02), Slow(EDU, FOR_EVER)).visit({}, Forwarded(), BUDGET) as asking:
            seen, decision = advance(facts(), RULES, asking)

        assert decision.step == Redirect(ATEN)
        assert seen.ill == {EDU}
        assert BUDGET * 0.9 <= waited(began) < BUDGET + LATE

    undisturbed(visit)


def test_a_silent_source_is_waited_for_by_the_first_visitors_alone() -> None:
    told: list[tuple[str, str]] = []
    slow = Slow(ATEN, FOR_EVER)
    asked = Runner(
        {"aten-back": Silent(slow), "edu-back": Slow(EDU, 0)},
        changed=lambda ref, health: told.append((ref.source, health.state)),
    )
    waits, reasons = [], []
    for budget in [BUDGET] * 3 + [AMPLE] * 3:
        began = time.monotonic()
        with asked.visit({}, Forwarded(), budget) as asking:
            asking.start([slow.ref])
            reasons.append(asking.next().reason)
        waits.append(waited(began))
        # The probe has a word to say to the breaker after the visit has gone on.
        await_probes()

    assert reasons == [Reason.DEADLINE] * 3 + [Reason.BREAKER] * 3
    assert min(waits[:3]) > BUDGET * 0.9
    assert max(waits[3:]) < LATE
    assert told == [(ATEN, "open")]
    assert asked.failing() == {"aten-back"}
    assert asked.health()["edu-back"].state == "closed"


class Silent(Slow):
    """A source that never answers, as a probe tells it when its time is over."""

    def __init__(self, like: Slow) -> None:
        super().__init__(like.ref.source, 0)

    def ask(self, cookies: Mapping[str, str], forwarded: Forwarded, within: float) -> Finding:
        self.over.wait(within)
        return Finding(self.ref.source, SessionState.UNKNOWN, Channel.BACK, self.ref.id, Reason.DEADLINE)
