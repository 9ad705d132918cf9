"""What a probe has just been told of one browser, kept for a moment, and one call at a time for it.

A double click, a second tab, a page that is loaded anew: the source is asked once. Nothing that a browser sent is kept:
an entry is known by an HMAC of it (RFC 2104), under a secret of the service.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

from cachetools import TLRUCache

from aiguilleur.core.model import ILL_REASONS, Finding, Reason, SessionState

Tell = Callable[[Finding], None]
#: Nothing was found out: there is nothing to keep, and what was known before stands in.
_FAILURES = ILL_REASONS | {Reason.BULKHEAD, Reason.PROTOCOL}


class SharedResults(Protocol):
    """Where the nodes of a service keep results together. Never raises: what cannot be had is None."""

    def get(self, key: str) -> bytes | None:
        """The value kept under a key."""

    def put(self, key: str, value: bytes, life_s: float) -> None:
        """Keep a value for so many seconds."""


@dataclass(frozen=True, slots=True)
class Lives:
    """How long a result counts, in seconds."""

    active: float = 10.0
    #: Short, because who logs in comes back soon, and often with the same cookies.
    inactive: float = 3.0
    unknown: float = 3.0
    #: A state that is this old still stands in for the answer of a source that fails.
    stale: float = 60.0
    #: What another node found has lived there already.
    shared: float = 2.0

    def of(self, state: SessionState) -> float:
        """The life of a state that was just found."""
        match state:
            case SessionState.ACTIVE:
                return self.active
            case SessionState.INACTIVE:
                return self.inactive
            case SessionState.UNKNOWN:
                return self.unknown


@dataclass(slots=True)
class Counts:
    """What the cache of one process has spared: answers kept, stale ones, and calls that were joined."""

    entries: int = 0
    hits: int = 0
    stale: int = 0
    joined: int = 0
    shared: int = 0


@dataclass(frozen=True, slots=True)
class _Kept:
    state: SessionState
    fresh_until: float
    #: When it is no use any more, not even for want of another.
    until: float


@dataclass(slots=True)
class _Flight:
    begun: float
    waiting: list[Tell] = field(default_factory=list)


#: A call that has not landed by then is given up for another, in seconds.
_LOST_S = 30.0


class Cache:
    """The results of one process, shared by its threads; bounded, and the clock is given."""

    def __init__(
        self,
        secret: bytes,
        *,
        lives: Lives = Lives(),
        size: int = 20_000,
        clock: Callable[[], float] = time.monotonic,
        shared: SharedResults | None = None,
    ) -> None:
        """Empty; `shared` is asked for what this process does not know."""
        self._secret = secret
        self._lives = lives
        self._clock = clock
        self._shared = shared
        self._lock = threading.Lock()
        self._kept: TLRUCache[bytes, _Kept] = TLRUCache(size, ttu=lambda _, kept, __: kept.until, timer=clock)
        self._flights: dict[bytes, _Flight] = {}
        self._counts = Counts()

    def key(self, probe: str, sends: Iterable[str]) -> bytes:
        """What tells this question from any other: the probe, and all that it sends of the browser."""
        told = hmac.new(self._secret, digestmod=hashlib.sha256)
        for part in (probe, *sends):
            data = part.encode("utf-8", "surrogatepass")
            # With its length, so that no two questions run together.
            told.update(len(data).to_bytes(4) + data)
        return told.digest()

    def fresh(self, key: bytes) -> SessionState | None:
        """The state that was found a moment ago; None when the source is to be asked."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept.fresh_until <= self._clock():
                return None
            self._counts.hits += 1
            return kept.state

    def join(self, key: bytes, tell: Tell) -> bool:
        """Wait for the answer to this question; whether the caller is the one to ask it, and then to call `land`."""
        with self._lock:
            now, flight = self._clock(), self._flights.get(key)
            if flight is not None and now - flight.begun < _LOST_S:
                flight.waiting.append(tell)
                self._counts.joined += 1
                return False
            waiting = flight.waiting if flight else []
            self._flights[key] = _Flight(now, [*waiting, tell])
            return True

    def land(self, key: bytes, finding: Finding) -> None:
        """Tell all who wait, and keep it. Where the call failed, the last known state stands in, with the reason."""
        with self._lock:
            told = self._with_last_state(key, finding)
            if finding.reason not in _FAILURES:
                old = finding.reason is Reason.CACHED
                self._keep(key, finding.state, self._lives.shared if old else self._lives.of(finding.state))
            flight = self._flights.pop(key, None)
        for tell in flight.waiting if flight else ():
            tell(told)

    def elsewhere(self, key: bytes) -> SessionState | None:
        """The state that another process or node found a moment ago; asking takes the time of a network."""
        text = self._shared.get(key.hex()) if self._shared is not None else None
        state = _STATES.get(text) if text is not None else None
        if state is not None:
            with self._lock:
                self._counts.shared += 1
        return state

    def publish(self, key: bytes, finding: Finding) -> None:
        """Let the others know what was found, if it is an answer."""
        if self._shared is not None and finding.reason is Reason.ANSWER:
            self._shared.put(key.hex(), _TEXTS[finding.state], self._lives.of(finding.state))

    def counts(self) -> Counts:
        """What it holds and has spared."""
        with self._lock:
            self._kept.expire()
            return replace(self._counts, entries=len(self._kept))

    def with_last_state(self, key: bytes, finding: Finding) -> Finding:
        """A finding that failed, with the last known state, if that is not too old; any other as it is."""
        with self._lock:
            return self._with_last_state(key, finding)

    def _with_last_state(self, key: bytes, finding: Finding) -> Finding:
        kept = self._kept.get(key)
        if finding.reason not in _FAILURES or kept is None or kept.state is SessionState.UNKNOWN:
            return finding
        self._counts.stale += 1
        return replace(finding, state=kept.state)

    def _keep(self, key: bytes, state: SessionState, life: float) -> None:
        now = self._clock()
        until = now + (life if state is SessionState.UNKNOWN else self._lives.stale)
        self._kept[key] = _Kept(state, now + life, until)


#: With the version of the writing before it: nodes are not all renewed at once.
_TEXTS = {state: f"1 {state}".encode() for state in SessionState}
_STATES = {text: state for state, text in _TEXTS.items()}
