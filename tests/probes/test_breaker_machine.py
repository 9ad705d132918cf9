"""Whatever becomes of the calls to a source, in whatever order: the promises of its breaker hold at each step."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from aiguilleur.core.model import Reason
from aiguilleur.probes.breaker import FAILURES, RESTS, Limits, Standing, State
from tests.probes.test_breaker import Source, answer

LIMITS = Limits()
ANSWERS = (Reason.ANSWER, Reason.PARSE, Reason.OVERSIZE)
LONGEST_S = {State.CLOSED: 0, State.OPEN: LIMITS.longest_pause_s, State.RESTING: LIMITS.longest_rest_s}


@dataclass(frozen=True, slots=True)
class Flight:
    """A call that was let through, and how many changes there had been by then."""

    turn: int
    era: int
    is_trial: bool


class Calls(RuleBasedStateMachine):
    """Many visitors, whose calls overlap, end in any way, late, or not at all."""

    flights: Bundle[Flight] = Bundle("flights")

    @initialize()
    def begin(self) -> None:
        self.source = Source()
        self.breaker = self.source.breaker
        self.era = self.row = 0
        self.failed_at = 0.0
        self.trial_at: float | None = None

    @property
    def state(self) -> State:
        return self.breaker.health.state

    @rule(seconds=st.one_of(st.floats(0, 6), st.floats(0, 400)))
    def wait(self, seconds: float) -> None:
        self.source.later(seconds)

    @rule(target=flights)
    def enter(self) -> MultipleResults[Flight] | Flight:
        refusal, before = self.breaker.refusal(), self.state
        turn = self.breaker.enter()
        if isinstance(turn, Reason):
            assert turn is refusal is (Reason.THROTTLED if before is State.RESTING else Reason.BREAKER)
            assert before is not State.CLOSED
            return multiple()
        assert refusal is None
        if before is State.CLOSED:
            return Flight(turn, self.era, is_trial=False)
        # One at a time, unless the one before was lost.
        now = self.source.clock()
        assert self.trial_at is None or now >= self.trial_at + LIMITS.trial_s
        assert isinstance(self.breaker.enter(), Reason)
        self.trial_at = now
        self.era += 1
        return Flight(turn, self.era, is_trial=True)

    @rule(flight=consumes(flights), reason=st.sampled_from(sorted(FAILURES)))
    def fail(self, flight: Flight, reason: Reason) -> None:
        now = self.source.clock()
        if self.leave(flight, reason):
            self.row = self.row + 1 if now - self.failed_at <= LIMITS.row_s else 1
            self.failed_at = now
            if flight.is_trial or self.row >= LIMITS.in_a_row:
                assert (self.state, self.breaker.health.reason) == (State.OPEN, reason)
            self.settle()

    @rule(flight=consumes(flights), reason=st.sampled_from(ANSWERS), ms=st.sampled_from([10, 1100]))
    def answer(self, flight: Flight, reason: Reason, ms: int) -> None:
        if self.leave(flight, reason, ms=ms):
            self.row = 0
            if flight.is_trial or ms < LIMITS.slow_s * 1000:
                assert self.state is State.CLOSED
            assert self.breaker.health.reason in (None, Reason.DEADLINE)
            self.settle()

    @rule(flight=consumes(flights), reason=st.sampled_from(sorted(RESTS)), rest_s=st.sampled_from([0, 7, 9999]))
    def ask_for_rest(self, flight: Flight, reason: Reason, rest_s: int) -> None:
        if self.leave(flight, reason, rest_s=rest_s):
            assert (self.state, self.breaker.health.reason) == (State.RESTING, reason)
            assert self.breaker.refusal() is Reason.THROTTLED
            self.settle(anew=True)

    @rule(flight=consumes(flights), reason=st.sampled_from([None, Reason.NO_COOKIE, Reason.BULKHEAD]))
    def not_be_made(self, flight: Flight, reason: Reason | None) -> None:
        before = self.state
        finding = None if reason is None else answer(reason)
        assert self.breaker.leave(flight.turn, finding) is None
        assert self.state is before
        if flight.is_trial and flight.era == self.era:
            self.trial_at = None
            assert self.breaker.refusal() is None, "the next one may be the trial"

    @rule(state=st.sampled_from(State), share=st.floats(0, 1), pauses=st.integers(0, 3000))
    def hear_of_it_from_others(self, state: State, share: float, pauses: int) -> None:
        reason = {State.OPEN: Reason.DEADLINE, State.RESTING: Reason.THROTTLED}.get(state)
        self.breaker.adopt(Standing(state, reason, share * LONGEST_S[state], pauses))
        assert self.state is state
        self.settle(anew=True)

    @rule(seconds=st.floats(0, 60))
    def leave_the_trial_to_others(self, seconds: float) -> None:
        self.breaker.wait(seconds)
        if self.trial_at is None:
            assert self.breaker.health.again_in_s <= round(seconds)

    @precondition(lambda self: self.state is not State.CLOSED)
    @rule()
    def wait_for_the_end_of_the_pause(self) -> None:
        self.source.later(LONGEST_S[self.state])
        assert self.breaker.refusal() is None

    @invariant()
    def nothing_is_left_alone_for_longer_than_is_said(self) -> None:
        health = self.breaker.health
        assert health.again_in_s <= max(LONGEST_S[health.state], LIMITS.trial_s * (self.trial_at is not None))
        assert (health.reason is None) is (health.state is State.CLOSED)

    def leave(self, flight: Flight, reason: Reason, *, ms: int = 10, rest_s: int = 0) -> bool:
        """End a call; whether it counts, which one begun before the last change does not."""
        before = self.breaker.health
        told = self.breaker.leave(flight.turn, answer(reason, ms=ms, rest_s=rest_s))
        after = self.breaker.health
        assert (told is not None) is ((before.state, before.reason) != (after.state, after.reason))
        if flight.era == self.era:
            return True
        assert (told, after) == (None, before)
        return False

    def settle(self, *, anew: bool = False) -> None:
        """After a call that counts: whatever is not as it was makes all calls in flight too old to count."""
        was_trial, self.trial_at = self.trial_at is not None, None
        if self.state is not State.CLOSED or was_trial or anew:
            self.era, self.row = self.era + 1, 0


Calls.TestCase.settings = settings(max_examples=150, stateful_step_count=60)
TestWhateverBecomesOfCalls = Calls.TestCase
