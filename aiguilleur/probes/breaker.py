"""Whether a source may be asked just now, by how the last calls went: what is known to be sick is not waited for."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from aiguilleur.core.model import Finding, Reason

#: What is the source's failure: no answer, half of one (`protocol`), or that it has failed itself. An answer that means
#: nothing to us is none, nor is a house of ours that is full.
FAILURES = frozenset({Reason.DEADLINE, Reason.DNS, Reason.CONNECT, Reason.TLS, Reason.PROTOCOL, Reason.STATUS})
RESTS = frozenset({Reason.THROTTLED, Reason.MAINTENANCE})
#: Nothing was sent.
_UNASKED = frozenset({Reason.NO_COOKIE, Reason.BULKHEAD})
#: A pause that has doubled so often is the longest by far; after a day of failures it would be no number any more.
_MOST_DOUBLINGS = 32


class State(StrEnum):
    """Of a breaker: as in a circuit, a closed one lets calls pass."""

    CLOSED = "closed"
    OPEN = "open"
    RESTING = "resting"


@dataclass(frozen=True, slots=True)
class Limits:
    """When a breaker opens and for how long, in seconds and shares."""

    #: Failures one after the other, however few the calls are: it must open at night too.
    in_a_row: int = 3
    #: Failures further apart than this are not « one after the other ».
    row_s: float = 600.0
    window_s: float = 10.0
    #: Fewer calls than this in the window tell no rate.
    least_calls: int = 20
    failing: float = 0.5
    #: A call is slow beyond this, and so many slow ones are a failure: the visit would be on the mire before.
    slow_s: float = 1.0
    slow: float = 0.8
    pause_s: float = 5.0
    longest_pause_s: float = 60.0
    #: After a 429, or a 503 with Retry-After, that does not say for how long.
    rest_s: float = 30.0
    longest_rest_s: float = 300.0
    #: A trial that has not come back by then is given up for another.
    trial_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Health:
    """How one probe's breaker stands, for `/readyz` and the journal."""

    state: State = State.CLOSED
    #: The last failure or rest that changed it.
    reason: Reason | None = None
    #: Seconds until it is tried again; 0 when it may be asked.
    again_in_s: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How a breaker stands, as another process may take it over: durations, because clocks differ."""

    state: State
    reason: Reason | None = None
    #: Until it may be tried, in seconds.
    left_s: float = 0.0
    #: How many pauses there were without a call that went well.
    pauses: int = 0
    #: Whether a trial is under way.
    is_tried: bool = False
    #: How often calls of this process have opened, rested, or closed it, or failed as trials.
    changes: int = 0


class Breaker:
    """One probe's breaker, shared by the threads of a process; it reads the clock it is given and sleeps never."""

    def __init__(
        self,
        limits: Limits = Limits(),
        *,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = lambda: random.uniform(0.8, 1.2),  # noqa: S311 (spreads trials, hides nothing)
    ) -> None:
        """Closed; `jitter` gives the factor of each pause."""
        self._limits = limits
        self._clock = clock
        self._jitter = jitter
        self._lock = threading.Lock()
        self._health = Health()
        #: Grows with each change, so that a call begun before it is not counted after it.
        self._turn = 0
        self._until = 0.0
        self._is_tried = False
        self._changes = 0
        self._pauses = 0
        self._row = 0
        self._failed_at = 0.0
        self._calls: deque[tuple[float, bool, bool]] = deque()

    @property
    def health(self) -> Health:
        """How it stands now."""
        with self._lock:
            left = max(0.0, self._until - self._clock())
            return Health(self._health.state, self._health.reason, round(left))

    def refusal(self) -> Reason | None:
        """Why a call would be refused now, if it would; unlike `enter`, it takes no trial."""
        # Every visit asks of every probe, nearly always for nothing.
        if self._health.state is State.CLOSED:
            return None
        with self._lock:
            return self._why(self._clock())

    def enter(self) -> int | Reason:
        """The turn of a call that may be made, to be given to `leave`; else why it may not: `breaker` or `throttled`.

        Once a pause is over one call at a time is let through, as a trial.
        """
        with self._lock:
            now = self._clock()
            if self._health.state is State.CLOSED:
                return self._turn
            if reason := self._why(now):
                return reason
            self._turn += 1
            self._is_tried = True
            self._until = now + self._limits.trial_s
            return self._turn

    def leave(self, turn: int, finding: Finding | None) -> Health | None:
        """Learn how the call of that turn went (None: it was not made); the new health if that changed it."""
        with self._lock:
            if turn != self._turn:
                return None
            now, before = self._clock(), self._health
            if finding is None or finding.reason in _UNASKED:
                if before.state is not State.CLOSED:
                    # The trial was not made: the next one may.
                    self._is_tried = False
                    self._until = now
                return None
            if finding.reason in RESTS:
                rest = finding.rest_s or self._limits.rest_s
                self._change(State.RESTING, finding.reason, now + min(rest, self._limits.longest_rest_s))
            elif before.state is not State.CLOSED:
                self._tried(finding, now)
            elif self._is_too_much(finding, now):
                # An answer opens it by having been too slow.
                self._open(finding.reason if finding.reason in FAILURES else Reason.DEADLINE, now)
            self._changes += self._turn != turn
            return self._health if self._health != before else None

    @property
    def standing(self) -> Standing:
        """How it stands now, for others."""
        with self._lock:
            left = max(0.0, self._until - self._clock())
            health = self._health
            return Standing(health.state, health.reason, left, self._pauses, self._is_tried, self._changes)

    def adopt(self, standing: Standing) -> None:
        """Stand as another process has found; calls under way no longer count."""
        with self._lock:
            self._pauses = standing.pauses
            left = min(standing.left_s, self._limits.longest_rest_s)
            self._change(standing.state, standing.reason, self._clock() + left)

    def wait(self, seconds: float) -> None:
        """Where no call passes, let a trial be made in so many seconds; one that is under way is left alone."""
        with self._lock:
            if self._health.state is not State.CLOSED and not self._is_tried:
                self._until = self._clock() + seconds

    def _why(self, now: float) -> Reason | None:
        if self._health.state is State.CLOSED or now >= self._until:
            return None
        return Reason.THROTTLED if self._health.state is State.RESTING else Reason.BREAKER

    def _tried(self, finding: Finding, now: float) -> None:
        if finding.reason in FAILURES:
            self._open(finding.reason, now)
        else:
            self._pauses = 0
            self._change(State.CLOSED, None, 0.0)

    def _is_too_much(self, finding: Finding, now: float) -> bool:
        limits, failed, slow = self._limits, finding.reason in FAILURES, finding.ms > self._limits.slow_s * 1000
        if failed:
            self._row = self._row + 1 if now - self._failed_at <= limits.row_s else 1
            self._failed_at = now
        else:
            self._row = 0
        self._calls.append((now, failed, slow))
        while self._calls[0][0] < now - limits.window_s:
            self._calls.popleft()
        if self._row >= limits.in_a_row:
            return True
        calls = len(self._calls)
        failed_share, slow_share = (sum(call[index] for call in self._calls) / calls for index in (1, 2))
        # What is all right itself opens nothing, whatever has been before.
        return calls >= limits.least_calls and (
            (failed and failed_share >= limits.failing) or (slow and slow_share >= limits.slow)
        )

    def _open(self, reason: Reason, now: float) -> None:
        doubled = 2 ** min(self._pauses, _MOST_DOUBLINGS)
        pause = min(self._limits.pause_s * doubled, self._limits.longest_pause_s)
        self._pauses += 1
        self._change(State.OPEN, reason, now + pause * self._jitter())

    def _change(self, state: State, reason: Reason | None, until: float) -> None:
        self._health = Health(state, reason)
        self._is_tried = False
        self._until = until
        self._turn += 1
        self._row = 0
        self._calls.clear()
