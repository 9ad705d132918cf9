"""When a source is left alone, for how long, and how it is found to be well again; the clock is the test's own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aiguilleur.core.model import Channel, Finding, Reason, SessionState
from aiguilleur.probes.breaker import Breaker, Health, Limits, State
from aiguilleur.probes.exchange import seconds_of
from tests.builders import ATEN, found


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Source:
    """A probe's breaker with a clock that is moved by hand."""

    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008 (frozen)
        self.clock = Clock()
        self.breaker = Breaker(limits, clock=self.clock, jitter=lambda: 1.0)

    def call(self, reason: Reason = Reason.ANSWER, *, ms: int = 10, rest_s: int = 0) -> Reason | None:
        """One visitor's call; the reason if it was refused."""
        turn = self.breaker.enter()
        if isinstance(turn, Reason):
            return turn
        self.breaker.leave(turn, answer(reason, ms=ms, rest_s=rest_s))
        return None

    def later(self, seconds: float) -> Source:
        self.clock.now += seconds
        return self


def answer(reason: Reason = Reason.ANSWER, *, ms: int = 10, rest_s: int = 0) -> Finding:
    return Finding(ATEN, SessionState.UNKNOWN, Channel.BACK, "aten-back", reason, ms, rest_s)


def opened() -> Source:
    source = Source()
    for _ in range(3):
        source.call(Reason.DEADLINE)
    return source


@pytest.mark.parametrize(
    "reason", [Reason.DEADLINE, Reason.DNS, Reason.CONNECT, Reason.TLS, Reason.PROTOCOL, Reason.STATUS]
)
def test_three_failures_in_a_row_open_it_however_far_between(reason: Reason) -> None:
    source = Source()
    for _ in range(3):
        assert source.later(60).call(reason) is None

    assert source.call() is Reason.BREAKER
    assert source.breaker.health == Health(State.OPEN, reason, 5)
    assert source.breaker.refusal()


def test_failures_of_different_nights_are_not_in_a_row() -> None:
    source = Source()
    for _ in range(5):
        assert source.later(700).call(Reason.DEADLINE) is None

    assert source.call() is None


@pytest.mark.parametrize("reason", [Reason.ANSWER, Reason.PARSE, Reason.OVERSIZE])
def test_an_answer_that_says_nothing_is_no_failure(reason: Reason) -> None:
    source = Source()

    assert [source.call(reason) for _ in range(50)] == [None] * 50


@pytest.mark.parametrize("reason", [Reason.NO_COOKIE, Reason.BULKHEAD])
def test_a_call_that_was_not_made_tells_nothing(reason: Reason) -> None:
    source = Source()
    for _ in range(2):
        source.call(Reason.DEADLINE)
    source.call(reason)
    source.call(Reason.DEADLINE)

    assert source.call() is Reason.BREAKER


def test_half_of_the_calls_failing_open_it_when_there_are_enough_to_tell() -> None:
    source = Source()
    for number in range(19):
        assert source.call(Reason.DEADLINE if number % 2 else Reason.ANSWER) is None
    assert source.call(Reason.DEADLINE) is None

    assert source.call() is Reason.BREAKER


def test_failures_outside_the_window_are_forgotten() -> None:
    source = Source()
    for number in range(60):
        assert source.later(1).call(Reason.DEADLINE if number % 2 else Reason.ANSWER) is None


def test_a_source_that_is_nearly_always_too_slow_is_left_alone() -> None:
    slow, sometimes = Source(), Source()
    for number in range(20):
        slow.call(ms=1100)
        sometimes.call(ms=1100 if number % 2 else 10)

    assert (slow.call(), sometimes.call()) == (Reason.BREAKER, None)
    assert slow.breaker.health.reason is Reason.DEADLINE


def test_a_call_that_went_well_opens_nothing() -> None:
    source = Source()
    for number in range(19):
        source.call(Reason.ANSWER if number % 2 else Reason.CONNECT)
    source.call()
    assert source.breaker.health == Health()
    source.call(Reason.CONNECT)

    assert (source.breaker.health.state, source.breaker.health.reason) == (State.OPEN, Reason.CONNECT)


def test_once_the_pause_is_over_one_call_at_a_time_is_a_trial() -> None:
    source = opened().later(5)
    assert not source.breaker.refusal()
    trial = source.breaker.enter()

    assert isinstance(trial, int)
    assert source.call() is Reason.BREAKER
    assert source.breaker.refusal()
    assert source.breaker.leave(trial, answer()) == Health(State.CLOSED)
    assert source.call() is None


def test_a_trial_that_fails_makes_the_next_pause_longer_up_to_a_minute() -> None:
    source, pauses = opened(), []
    for _ in range(6):
        pauses.append(source.breaker.health.again_in_s)
        source.later(pauses[-1]).call(Reason.CONNECT)

    assert pauses == [5, 10, 20, 40, 60, 60]


def test_a_source_that_is_down_for_days_is_tried_all_the_while_and_heard_when_it_is_back() -> None:
    source = opened()
    for _ in range(3 * 24 * 60):
        assert source.later(60).call(Reason.CONNECT) is None
    source.later(60).call()

    assert source.breaker.health == Health()


def test_a_recovery_forgets_how_long_the_pauses_were() -> None:
    source = opened()
    source.later(5).call(Reason.DEADLINE)
    source.later(10).call()
    for _ in range(3):
        source.call(Reason.DEADLINE)

    assert source.breaker.health.again_in_s == 5


def test_a_trial_without_a_cookie_leaves_the_trial_to_the_next_visitor() -> None:
    source = opened().later(5)
    source.call(Reason.NO_COOKIE)

    assert source.call() is None
    assert source.breaker.health.state is State.CLOSED


def test_a_trial_that_never_comes_back_is_given_up() -> None:
    source = opened().later(5)
    lost = source.breaker.enter()
    assert source.later(29).call() is Reason.BREAKER
    assert source.later(1).call() is None

    assert isinstance(lost, int)
    assert source.breaker.leave(lost, answer(Reason.DEADLINE)) is None
    assert source.breaker.health.state is State.CLOSED


def test_a_call_begun_before_it_opened_does_not_close_it() -> None:
    source = Source()
    early = source.breaker.enter()
    for _ in range(3):
        source.call(Reason.DEADLINE)

    assert isinstance(early, int)
    assert source.breaker.leave(early, answer()) is None
    assert source.breaker.refusal()


@pytest.mark.parametrize(
    ("reason", "asked", "given"),
    [
        (Reason.THROTTLED, 0, 30),
        (Reason.THROTTLED, 7, 7),
        (Reason.MAINTENANCE, 120, 120),
        (Reason.THROTTLED, 9999, 300),
    ],
)
def test_a_source_that_asks_for_rest_gets_it_for_five_minutes_at_most(reason: Reason, asked: int, given: int) -> None:
    source = Source()
    source.call(reason, rest_s=asked)

    assert source.breaker.health == Health(State.RESTING, reason, given)
    assert source.call() is Reason.THROTTLED
    assert source.later(given).call() is None
    assert source.breaker.health == Health()


NOW = datetime(2021, 3, 15, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("120", 120),
        (" 0 ", 0),
        ("Mon, 15 Mar 2021 09:02:00 GMT", 120),
        ("Mon, 15 Mar 2021 08:00:00 GMT", 0),
        ("Mon, 15 Mar 2021 09:02:00 -0000", 120),
        ("soon", 0),
        ("-5", 0),
        ("1000000000", 1_000_000_000),
        ("99999999999999999999", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str | None, seconds: int | None) -> None:
    assert seconds_of(text, NOW) == seconds


def test_a_source_that_is_well_is_never_refused() -> None:
    source = Source()

    assert all(source.later(0.005).call() is None for _ in range(2000))
    assert found(ATEN, "active").rest_s == 0
