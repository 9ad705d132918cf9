"""What the nodes of a service tell each other of their canaries and of the trips of browsers, once a second.

Visits read the board of their node alone. Ages and rests are told as the life of a key, so that clocks need not agree.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from aiguilleur.core.model import Reason, SessionState
from aiguilleur.probes.canary.board import Board, Seen
from aiguilleur.probes.canary.flight import Flight
from aiguilleur.probes.canary.standing import Timing, proves
from aiguilleur.probes.shared.model import Kept

#: A node flies itself at least every so many times: another's way is not its own.
_OWN_EVERY = 3
#: Returns that are told and read at a time, and how often at a look.
_MOST, _TIMES = 500, 10
_LOG, _LOG_S = "trips", 600.0
_SKEW_S = 1.0


class Store(Protocol):
    """What is needed of a store; see `probes.shared.store`."""

    def keep(self, kind: str, key: str, value: bytes, life_s: float) -> bool:
        """Keep a value; whether it is kept."""

    def look(self, kind: str, keys: Sequence[str]) -> dict[str, Kept] | None:
        """Those of the keys that have a value; None when that cannot be known."""

    def append(self, log: str, values: Sequence[str], life_s: float) -> bool:
        """Write to the end of a log; whether it is written."""

    def since(self, log: str, mark: bytes) -> tuple[bytes, tuple[tuple[str, float], ...]]:
        """What was written behind a mark and how many seconds ago, and the next mark."""


@dataclass(frozen=True, slots=True)
class _News:
    """A flight as another node tells it; `token` is another one each time."""

    flight: Flight
    node: str
    token: str

    def written(self) -> bytes:
        told = self.flight
        fields = [1, told.reason, told.state, told.hops, told.ms, told.host[:100], self.node, self.token]
        return json.dumps(fields).encode()


def _read(value: bytes) -> _News | None:
    try:
        version, reason, state, hops, ms, host, node, token = json.loads(value)
        flight = Flight(Reason(reason), SessionState(state), int(hops), int(ms), str(host))
    except (ValueError, TypeError, RecursionError):
        return None
    return _News(flight, str(node), str(token)) if version == 1 else None


@dataclass(slots=True)
class _Known:
    """What this node remembers of one probe."""

    token: str = ""
    #: When the flight on the board ended, if another node made it.
    adopted_at: float | None = None
    #: The last flight of its own.
    own: Seen | None = None


class Others:
    """The other nodes, for the process that tends the canaries of this one."""

    def __init__(self, store: Store, node: str, timing: Timing) -> None:
        """Nothing has been told or heard yet."""
        self._store = store
        self._node = node[:64]
        self._timing = timing
        self._known: dict[str, _Known] = {}
        self._mark = b"0"

    def exchange(self, board: Board, keys: Sequence[str], now: float) -> dict[str, float]:
        """Tell and take over what is new; for some probes, in how many seconds the next flight is to be."""
        self._tell_flights(board, keys, now)
        flights, rests = self._store.look("f", keys), self._store.look("q", keys)
        due = {}
        for key in keys:
            if flights and key in flights and (wait := self._hear(board, key, flights[key], now)) is not None:
                due[key] = wait
            if rests is not None:
                self._rest(board, key, rests[key].left_s if key in rests else 0.0, now)
        self._settle(board, now)
        return due

    def _tell_flights(self, board: Board, keys: Sequence[str], now: float) -> None:
        for key in keys:
            known, seen = self._known.setdefault(key, _Known()), board.seen(key)
            if seen is None or seen == known.own or seen.at == known.adopted_at:
                continue
            news = _News(seen.flight, self._node, secrets.token_hex(8))
            left = self._timing.counts - (now - seen.at)
            if left <= 0 or self._store.keep("f", key, news.written(), left):
                known.own, known.token = seen, news.token

    def _hear(self, board: Board, key: str, kept: Kept, now: float) -> float | None:
        """Believe a flight of another node that came back, if one's own did; any other is tried again here at once."""
        known, news, timing = self._known[key], _read(kept.value), self._timing
        if news is None or known.own is None or news.token == known.token or news.node == self._node:
            return None
        known.token = news.token
        at, own_age = now - max(0.0, timing.counts - kept.left_s), now - known.own.at
        if not proves(news.flight):
            return 0.0 if own_age >= timing.again else None
        seen = board.seen(key)
        if not proves(known.own.flight) or own_age > _OWN_EVERY * timing.every or (seen and at <= seen.at):
            return None
        board.saw(key, Seen(news.flight, at))
        known.adopted_at = at
        return max(0.0, min(timing.every - (now - at), _OWN_EVERY * timing.every - own_age))

    def _rest(self, board: Board, key: str, theirs: float, now: float) -> None:
        ours = max(0.0, min(board.rests_until(key) - now, self._timing.rest))
        if ours > theirs + _SKEW_S:
            self._store.keep("q", key, b"1", ours)
        elif theirs > ours + _SKEW_S:
            board.rest(key, now + min(theirs, self._timing.rest))

    def _settle(self, board: Board, now: float) -> None:
        """Tell of browsers that came back here and left elsewhere, and learn of those that left here."""
        strangers = board.strangers(_MOST)
        told = [f"{trip} {max(0.0, now - back) * 1000:.0f}" for trip, back in strangers]
        if told and self._store.append(_LOG, told, _LOG_S):
            board.told(trip for trip, _ in strangers)
        for _ in range(_TIMES):
            self._mark, returned = self._store.since(_LOG, self._mark)
            for text, ago in returned:
                trip, _, before = text.partition(" ")
                if before.isdecimal():
                    board.returned(trip, now - ago - int(before[:9]) / 1000)
            if len(returned) < _MOST:
                return
