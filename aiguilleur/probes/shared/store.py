"""The shared store as a process uses it: a few connections, a breaker of its own, and nothing that is waited for.

A visit uses connections that are open, or does without: names are looked up, connections made and trials taken by the
thread that calls `tend`.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from aiguilleur.errors import StoreError
from aiguilleur.probes.shared.model import Kept, Place, StoreHealth, StoreState, Trouble

_LOGGER = logging.getLogger("aiguilleur.probes")
#: What an exchange may take that a visit waits for, in seconds, as the following.
WITHIN_S = 0.03
#: What one may take that nobody waits for.
UNSEEN_S = 0.1
#: What connecting may take; no visit waits for it.
_CONNECT_S = 1.0
_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0
#: Connections of a process, at most. A visit that finds none free does without, and the next ones have one more.
_MOST_LINES = 8
#: Of a value, in bytes; longer ones are not ours.
_MOST_VALUE = 512
#: Entries of a log that are kept, and that are read at a time.
_MOST_ENTRIES, _ENTRIES = 20_000, 500

Command = Sequence[str | bytes | int]


class Line(Protocol):
    """A connection; see `shared.line`."""

    def ask(self, commands: Sequence[Command], within: float) -> list[object]:
        """The answers, or StoreError."""

    def close(self) -> None:
        """Hang up."""


def _open(place: Place, password: str, within: float) -> Line:
    from aiguilleur.probes.shared.line import Line as Connected  # noqa: PLC0415 (an extra)

    return Connected(place, password, within)


class Store:
    """The store for the threads of one process. Nothing here raises: what cannot be had or kept is None, or lost."""

    def __init__(
        self,
        place: Place,
        password: str = "",
        *,
        clock: Callable[[], float] = time.monotonic,
        opened: Callable[[Place, str, float], Line] = _open,
    ) -> None:
        """Nothing is opened before the first `tend`: a server may still fork."""
        self._place = place
        self._password = password
        self._clock = clock
        self._opened = opened
        self._lock = threading.Lock()
        self._free: deque[tuple[int, Line]] = deque()
        self._held, self._wanted = 0, 2
        #: Grows as the store is lost and found: what an older line meets says nothing of today.
        self._turn = 0
        self._state, self._reason = StoreState.OPEN, Trouble.UNCONNECTED
        self._until = self._found_at = self._pause = 0.0
        self._errors = 0

    @property
    def health(self) -> StoreHealth:
        """How it stands now."""
        with self._lock:
            ok = self._state is StoreState.OK
            again = 0.0 if ok else max(0.0, self._until - self._clock())
            return StoreHealth(self._state, None if ok else self._reason, round(again), self._errors)

    def tend(self) -> bool:
        """Connect where that is due; whether the store can be used. One thread calls this, every second or so."""
        with self._lock:
            is_lost = self._state is not StoreState.OK
            if is_lost and self._clock() < self._until:
                return False
            missing = 1 if is_lost else self._wanted - self._held
            turn = self._turn
        return all(self._connect(turn) for _ in range(missing))

    def close(self) -> None:
        """Hang up, and use it no more until the next `tend`."""
        with self._lock:
            self._state, self._reason = StoreState.OPEN, Trouble.UNCONNECTED
            lines = self._drop()
        _close(lines)

    def exchange(self, *commands: Command, within: float | None = None) -> list[object] | None:
        """The answers to some commands, in one trip; None when the store, or a free connection to it, is not there."""
        with self._lock:
            if not self._free:
                self._wanted = min(_MOST_LINES, self._wanted + 1)
                return None
            turn, line = self._free.popleft()
        try:
            replies = line.ask(commands, UNSEEN_S if within is None else within)
        except StoreError as error:
            self._failed(turn, error)
            return None
        self._give_back(turn, line)
        return replies

    def get(self, key: str) -> bytes | None:
        """A result that some process keeps."""
        match self.exchange(("GETRANGE", self._name("r", key), 0, 63), within=WITHIN_S):
            case [bytes(value)] if value:
                return value
            case _:
                return None

    def put(self, key: str, value: bytes, life_s: float) -> None:
        """Keep a result for all."""
        self.keep("r", key, value, life_s)

    def keep(self, kind: str, key: str, value: bytes, life_s: float) -> bool:
        """Keep a value of a kind for so many seconds; whether it is kept."""
        return self.exchange(("SET", self._name(kind, key), value, "PX", _ms(life_s))) == [b"OK"]

    def look(self, kind: str, keys: Sequence[str]) -> dict[str, Kept] | None:
        """Of these keys of a kind, those that have a value and an end; None when that cannot be known."""
        names = [self._name(kind, key) for key in keys]
        commands = [command for name in names for command in (("GETRANGE", name, 0, _MOST_VALUE), ("PTTL", name))]
        replies = self.exchange(*commands) if commands else []
        if replies is None:
            return None
        pairs = zip(keys, replies[::2], replies[1::2], strict=False)
        return {
            key: Kept(value, left / 1000)
            for key, value, left in pairs
            if isinstance(value, bytes) and 0 < len(value) <= _MOST_VALUE and isinstance(left, int) and left > 0
        }

    def claim(self, kind: str, key: str, life_s: float) -> bool:
        """Whether this call, of all those in that time, is the one that gets it."""
        return self.exchange(("SET", self._name(kind, key), b"1", "NX", "PX", _ms(life_s))) == [b"OK"]

    def append(self, log: str, values: Sequence[str], life_s: float) -> bool:
        """Write to the end of a log, which is forgotten once nobody has written for so long; whether it is written."""
        name = self._name("l", log)
        entries = [("XADD", name, "MAXLEN", "~", _MOST_ENTRIES, "*", "v", value) for value in values]
        return self.exchange(*entries, ("PEXPIRE", name, _ms(life_s))) is not None

    def since(self, log: str, mark: bytes) -> tuple[bytes, tuple[tuple[str, float], ...]]:
        """What was written to a log behind a mark (`b"0"`: all) and how many seconds ago, and the next mark.

        No more than fits an answer; the rest is behind the next mark. The clock is the store's own.
        """
        match self.exchange(("TIME",), ("XREAD", "COUNT", _ENTRIES, "STREAMS", self._name("l", log), mark)):
            case [[bytes(now), bytes(micros)], [[_, [*entries]]]]:
                read = [entry for each in entries for entry in _entry(each, int(now) + int(micros) / 1e6)]
            case _:
                read = []
        return (read[-1][0] if read else mark), tuple((text, ago) for _, text, ago in read)

    def _name(self, kind: str, key: str) -> str:
        return f"{self._place.prefix}:{kind}:{key}"

    def _connect(self, turn: int) -> bool:
        try:
            line = self._opened(self._place, self._password, _CONNECT_S)
            # Quick, and able to write: a store that is slow or full is not there yet.
            line.ask((("SET", self._name("a", "alive"), b"1", "PX", 60_000),), UNSEEN_S)
        except StoreError as error:
            self._failed(turn, error)
            return False
        with self._lock:
            if self._state is not StoreState.OK:
                _LOGGER.warning("the shared store %s is used from now on", self._place)
                self._state, self._found_at = StoreState.OK, self._clock()
                self._turn += 1
            self._held += 1
            self._free.append((self._turn, line))
        return True

    def _give_back(self, turn: int, line: Line) -> None:
        with self._lock:
            if turn == self._turn:
                # At the end, so that none is left idle until its server hangs up.
                self._free.append((turn, line))
                return
        line.close()

    def _failed(self, turn: int, error: StoreError) -> None:
        """Leave it alone: one second at first, twice as long each time that it is lost again soon."""
        with self._lock:
            self._errors += 1
            if turn != self._turn:
                return
            now, was, reason = self._clock(), self._state, Trouble(error.trouble)
            is_new = was is StoreState.OK or reason is not self._reason
            steady = was is StoreState.OK and now - self._found_at >= _LONGEST_PAUSE_S
            longer = _PAUSE_S if steady or not self._pause else 2 * self._pause
            self._pause = min(longer, _LONGEST_PAUSE_S)
            self._state, self._reason = StoreState.OPEN, reason
            self._until = now + self._pause * random.uniform(0.8, 1.0)  # noqa: S311 (spreads trials, hides nothing)
            lines = self._drop()
        if is_new:
            _LOGGER.error("the shared store %s is done without: %s", self._place, str(error))
        _close(lines)

    def _drop(self) -> list[Line]:
        """Forget all connections; those in use are closed as they come back."""
        lines = [line for _, line in self._free]
        self._free.clear()
        self._held = 0
        self._turn += 1
        return lines


def _close(lines: Sequence[Line]) -> None:
    for line in lines:
        line.close()


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _entry(each: object, now: float) -> Iterator[tuple[bytes, str, float]]:
    match each:
        # A mark is the time of writing in milliseconds, and a number.
        case [bytes(mark), [_, bytes(value)]] if (written := mark.partition(b"-")[0]).isdigit():
            yield mark, value.decode("ascii", "replace"), max(0.0, now - int(written) / 1000)
        case _:
            return
