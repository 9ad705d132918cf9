from __future__ import annotations

import gc
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from aiguilleur.core.model import Channel, Finding, ProbeRef, Reason, SessionState
from aiguilleur.probes import Breaker, Cache, Forwarded, Lives, Runner, SharedResults
from tests.builders import ATEN
from tests.waiting import AMPLE, LATE, await_that, waited

ACTIVE, INACTIVE, UNKNOWN = SessionState.ACTIVE, SessionState.INACTIVE, SessionState.UNKNOWN
REF = ProbeRef("aten-back", ATEN, Channel.BACK)
LIVES = Lives()


class Clock:
    """A clock that stands still until it is put forward."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Source:
    """A probe that says, to each session cookie, what the test has it say; and what it was asked."""

    ref = REF

    def __init__(self, *says: Reason | SessionState) -> None:
        self.says = list(says)
        self.asked: list[str] = []
        self.go_on = threading.Event()
        self.go_on.set()

    def sends(self, cookies: Mapping[str, str], forwarded: Forwarded) -> tuple[str, ...]:
        return (cookies["sid"],) if "sid" in cookies else ()

    def ask(self, cookies: Mapping[str, str], forwarded: Forwarded, within: float) -> Finding:
        if "sid" not in cookies:
            return Finding(ATEN, INACTIVE, Channel.BACK, REF.id, Reason.NO_COOKIE)
        self.asked.append(cookies["sid"])
        self.go_on.wait(within)
        said = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        state, reason = (said, Reason.ANSWER) if isinstance(said, SessionState) else (UNKNOWN, said)
        return Finding(ATEN, state, Channel.BACK, REF.id, reason, 40)


class Together(dict[str, bytes]):
    """What nodes share, as a dictionary."""

    def get(self, key: str, default: object = None) -> bytes | None:  # type: ignore[override]
        return super().get(key)

    def put(self, key: str, value: bytes, life_s: float) -> None:
        self[key] = value

    def await_one(self) -> None:
        """A visit does not wait until its result is shared; a test does."""
        await_that(lambda: self)


class Site:
    """A runner with its cache, whose clock stands still."""

    def __init__(self, source: Source, shared: SharedResults | None = None, size: int = 100, places: int = 24) -> None:
        self.clock = Clock()
        self.cache = Cache(b"s" * 32, clock=self.clock, shared=shared, size=size)
        self.source = source
        self.runner = Runner({REF.id: source}, places, cache=self.cache)

    def told(self, sid: str = "a", budget: float = AMPLE) -> tuple[SessionState, Reason]:
        with self.runner.visit({"sid": sid}, Forwarded(), budget) as asking:
            asking.start([REF])
            finding = asking.next()
        return finding.state, finding.reason


@pytest.mark.parametrize(
    ("says", "life"), [(ACTIVE, LIVES.active), (INACTIVE, LIVES.inactive), (Reason.PARSE, LIVES.unknown)]
)
def test_an_answer_counts_for_a_moment(says: Reason | SessionState, life: float) -> None:
    site = Site(Source(says))
    state, _ = site.told()
    site.clock.now += life - 0.01

    assert site.told() == (state, Reason.CACHED)
    site.clock.now += 0.02
    assert site.told()[1] is not Reason.CACHED
    assert site.source.asked == ["a", "a"]


def test_who_logs_in_is_not_told_for_long_that_they_have_no_session() -> None:
    site = Site(Source(INACTIVE, ACTIVE))
    site.told()
    site.clock.now += LIVES.inactive

    assert site.told() == (ACTIVE, Reason.ANSWER)
    assert LIVES.inactive < LIVES.active


@pytest.mark.parametrize(
    "reason",
    [Reason.DEADLINE, Reason.DNS, Reason.CONNECT, Reason.TLS, Reason.STATUS, Reason.PROTOCOL, Reason.MAINTENANCE],
)
def test_a_source_that_fails_keeps_its_reason_and_the_last_state_stands_in_for_a_minute(reason: Reason) -> None:
    site = Site(Source(ACTIVE, reason))
    site.told()
    site.clock.now += LIVES.stale - 1

    assert site.told() == (ACTIVE, reason)
    site.clock.now += 2
    assert site.told()[0] is UNKNOWN


def test_a_call_that_starts_late_is_not_made_and_nobody_learns_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    shared, source = Together(), Source(ACTIVE)
    site = Site(source, shared)
    site.told()
    shared.await_one()
    shared.clear()
    site.clock.now += LIVES.active
    start, late = threading.Thread.start, list[threading.Thread]()

    def starts(thread: threading.Thread) -> None:
        time.sleep(0.17)
        start(thread)
        late.append(thread)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", starts)
        told = [site.told(budget=0.2) for _ in range(4)]
    for thread in late:
        thread.join(AMPLE)

    assert {reason for _, reason in told} == {Reason.DEADLINE}
    assert late
    assert (source.asked, shared, site.runner.failing()) == (["a"], {}, frozenset())
    assert site.told() == (ACTIVE, Reason.ANSWER)


def test_a_trial_that_comes_too_late_is_left_to_the_next_visit() -> None:
    source = Source(Reason.CONNECT, Reason.CONNECT, Reason.CONNECT, ACTIVE)
    site = Site(source)
    clock = Clock()
    site.runner.breakers[REF.id] = Breaker(clock=clock)
    for _ in range(3):
        site.told()
    clock.now += 60

    assert site.told(budget=0.04) == (UNKNOWN, Reason.DEADLINE)
    assert len(source.asked) == 3
    assert site.told() == (ACTIVE, Reason.ANSWER)


def test_a_failure_is_asked_again() -> None:
    site = Site(Source(Reason.CONNECT, ACTIVE))

    assert site.told() == (UNKNOWN, Reason.CONNECT)
    assert site.told() == (ACTIVE, Reason.ANSWER)


def test_an_open_breaker_leaves_the_last_state() -> None:
    site = Site(Source(INACTIVE, Reason.CONNECT))
    site.told("known")
    for each in "bcd":
        site.told(each)
    site.clock.now += LIVES.inactive

    assert site.told("known") == (INACTIVE, Reason.BREAKER)
    assert site.told("new") == (UNKNOWN, Reason.BREAKER)


def test_what_is_not_known_does_not_stand_in() -> None:
    site = Site(Source(Reason.PARSE, Reason.CONNECT))
    site.told()
    site.clock.now += LIVES.unknown

    assert site.told() == (UNKNOWN, Reason.CONNECT)


def test_a_double_click_makes_one_call() -> None:
    site = Site(Source(ACTIVE))
    site.source.go_on.clear()
    with ThreadPoolExecutor(10) as tabs:
        told = [tabs.submit(site.told) for _ in range(10)]
        await_that(lambda: site.cache.counts().joined == 9)
        site.source.go_on.set()

    assert {each.result() for each in told} == {(ACTIVE, Reason.ANSWER)}
    assert site.source.asked == ["a"]


def test_tabs_that_wait_for_one_call_take_places_too() -> None:
    site = Site(Source(ACTIVE), places=8)
    site.source.go_on.clear()
    with ThreadPoolExecutor(20) as tabs:
        told = [tabs.submit(site.told) for _ in range(20)]
        await_that(lambda: sum(each.done() for each in told) == 16)
        site.source.go_on.set()

    assert sorted(each.result() for each in told) == [(ACTIVE, Reason.ANSWER)] * 4 + [(UNKNOWN, Reason.BULKHEAD)] * 16
    assert site.told() == (ACTIVE, Reason.CACHED)


def test_who_waits_for_the_call_of_another_keeps_their_own_deadline() -> None:
    site = Site(Source(ACTIVE))
    site.source.go_on.clear()
    with ThreadPoolExecutor(1) as tab:
        first = tab.submit(site.told)
        await_that(lambda: site.source.asked)
        began = time.monotonic()
        assert site.told(budget=0.2) == (UNKNOWN, Reason.DEADLINE)
        assert waited(began) < LATE
        site.source.go_on.set()

    assert first.result() == (ACTIVE, Reason.ANSWER)


def test_a_call_that_is_lost_is_given_up_for_another() -> None:
    clock = Clock()
    cache = Cache(b"s", clock=clock)
    question, told = cache.key("aten-back", ["a"]), list[Finding]()
    finding = Finding(ATEN, ACTIVE, Channel.BACK, REF.id, Reason.ANSWER)

    assert cache.join(question, told.append)
    assert not cache.join(question, told.append)
    clock.now += 31
    assert cache.join(question, told.append)
    cache.land(question, finding)
    assert told == [finding] * 3


def test_two_hundred_visitors_at_once_each_get_their_own_answer() -> None:
    class Mirror(Source):
        def ask(self, cookies: Mapping[str, str], forwarded: Forwarded, within: float) -> Finding:
            time.sleep(0.002)
            number = int(cookies["sid"].removeprefix("canary-"))
            return Finding(ATEN, ACTIVE if number % 2 else INACTIVE, Channel.BACK, REF.id, Reason.ANSWER)

    site = Site(Mirror(ACTIVE), size=1000, places=40)
    with ThreadPoolExecutor(20) as visitors:
        for _ in range(3):
            told = list(visitors.map(lambda number: site.told(f"canary-{number}"), range(200)))
            assert [state for state, _ in told] == [INACTIVE, ACTIVE] * 100
            assert {reason for _, reason in told} <= {Reason.ANSWER, Reason.CACHED}


def test_nothing_that_a_browser_sent_is_kept() -> None:
    site = Site(Source(ACTIVE))
    site.told("canary-in-the-cache")

    held = repr(_all_of(site.cache))
    assert site.cache.counts().entries == 1
    assert b"canary-in-the-cache" not in held.encode()
    assert "canary-in-the-cache" in repr(_all_of(site.source.asked))


def _all_of(thing: object) -> list[object]:
    """The plain values that an object refers to, however deep, but for what all programs share."""
    seen: dict[int, object] = {}
    unread = [thing]
    while unread:
        one = unread.pop()
        if id(one) not in seen and not isinstance(one, type) and type(one).__name__ not in ("module", "function"):
            seen[id(one)] = one
            unread += gc.get_referents(one)
    return [one for one in seen.values() if isinstance(one, str | bytes)]


def test_questions_that_differ_in_anything_are_different() -> None:
    cache = Cache(b"s" * 32)
    questions = [("p", ["ab", "c"]), ("p", ["a", "bc"]), ("p", ["abc"]), ("pa", ["bc"]), ("p", ["abc", ""])]

    assert len({cache.key(*each) for each in questions}) == len(questions)
    assert cache.key("p", ["a"]) != Cache(b"t" * 32).key("p", ["a"])
    assert cache.key("p", ["a\udcff"]) != cache.key("p", ["a"])


def test_it_is_bounded() -> None:
    site = Site(Source(ACTIVE), size=10)
    for number in range(30):
        site.told(str(number))

    assert site.cache.counts().entries == 10


def test_what_needs_no_call_makes_none_and_starts_no_thread() -> None:
    source = Source(ACTIVE)
    threads = set(threading.enumerate())
    with Runner({REF.id: source}).visit({}, Forwarded(), AMPLE) as asking:
        asking.start([REF])
        assert set(threading.enumerate()) <= threads
        assert asking.next().reason is Reason.NO_COOKIE

    assert source.asked == []


def test_another_node_has_asked_already() -> None:
    together = Together()
    first, second = Site(Source(ACTIVE), together), Site(Source(INACTIVE), together)

    assert first.told() == (ACTIVE, Reason.ANSWER)
    together.await_one()
    assert second.told() == (ACTIVE, Reason.CACHED)
    assert second.source.asked == []
    second.clock.now += LIVES.shared
    together.clear()
    assert second.told() == (INACTIVE, Reason.ANSWER)


def test_only_answers_are_shared_and_nothing_in_them_tells_whose() -> None:
    together = Together()
    for says in (Reason.PARSE, Reason.CONNECT, ACTIVE):
        Site(Source(says), together).told("canary")
    together.await_one()

    assert list(together.values()) == [b"1 active"]
    assert "canary" not in repr(dict(together))


@pytest.mark.parametrize("odd", [b"", b"1 perhaps", b"2 active", b"\xff" * 9000])
def test_what_another_version_or_nobody_wrote_is_no_answer(odd: bytes) -> None:
    together = Together()
    site = Site(Source(INACTIVE), together)
    together[site.cache.key(site.runner.names[REF.id], ["a"]).hex()] = odd

    assert site.told() == (INACTIVE, Reason.ANSWER)


def test_a_probe_with_a_bug_in_what_it_sends_costs_its_source_alone(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Source):
        def sends(self, cookies: Mapping[str, str], forwarded: Forwarded) -> tuple[str, ...]:
            raise KeyError("canary")

    assert Site(Broken(ACTIVE)).told() == (UNKNOWN, Reason.PROTOCOL)
    assert "canary" not in caplog.text
