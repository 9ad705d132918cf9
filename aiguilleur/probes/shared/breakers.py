"""What one process has learnt of a sick source, the others take over: breakers open, rest and close together.

A process publishes its own changes and reads those of others, in its own time: no visit asks the store about a breaker.
How long something lasts is told as the life of its key, so that no clock is compared with another.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from aiguilleur.core.model import Reason
from aiguilleur.probes.breaker import Breaker, Standing, State
from aiguilleur.probes.shared.model import Kept

#: A look may be so many seconds away: after a pause, nobody makes a trial before all have seen that it is over.
GRACE_S = 1.2
#: Who gets the trial has so many seconds to make it before all may.
TRIAL_S = 2.5
#: The news that a source is well again is good for so many seconds: all have looked by then.
_NEWS_S = 30.0
#: Who fails again within so many seconds of believing that a source is well ...
_DOUBT_S = 60.0
#: ... has a trouble of its own, and neither tells nor believes anything of that probe for so many seconds.
_ALONE_S = 300.0
_MOST_PAUSES = 10
_MOST_LETTERS = 64


class Board(Protocol):
    """What is needed of a store; see `shared.store`."""

    def keep(self, kind: str, key: str, value: bytes, life_s: float) -> bool:
        """Keep a value; whether it is kept."""

    def look(self, kind: str, keys: Sequence[str]) -> dict[str, Kept] | None:
        """Those of the keys that have a value; None when that cannot be known."""

    def claim(self, kind: str, key: str, life_s: float) -> bool:
        """Whether this call is the one that gets it."""


@dataclass(frozen=True, slots=True)
class _News:
    """What a process says of one breaker; `token` is another one each time."""

    state: State
    reason: Reason | None
    pauses: int
    node: str
    token: str

    def written(self) -> bytes:
        return json.dumps([1, self.state, self.reason, self.pauses, self.node, self.token]).encode()


def _read(value: bytes) -> _News | None:
    """The news in a value; None when it is not of this version, or nothing that we would write."""
    try:
        version, state, reason, pauses, node, token = json.loads(value)
        news = _News(State(state), None if reason is None else Reason(reason), int(pauses), str(node), str(token))
    except (ValueError, TypeError, RecursionError):
        return None
    return news if version == 1 and 0 <= news.pauses <= _MOST_PAUSES else None


@dataclass(slots=True)
class _Known:
    """What this process remembers of one breaker's news."""

    token: str = ""
    #: The number of its own changes, of which all have been told.
    told: int = 0
    #: The node that opened it last.
    opener: str = ""
    #: Looks since its pause was over; None once it is settled who makes the trial.
    looks: int | None = 0
    #: When another node was believed that the source is well.
    believed_at: float = float("-inf")
    alone_until: float = float("-inf")


class SharedBreakers:
    """The breakers of one process among those of the others."""

    def __init__(
        self,
        store: Board,
        breakers: Mapping[str, Breaker],
        node: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        before: SharedBreakers | None = None,
    ) -> None:
        """`breakers` are by a name that is the same in all processes with the same settings of that probe.

        What was known `before` of those that are taken over stays known, with what of it was told.
        """
        self._store = store
        self._breakers = breakers
        self._node = node[:_MOST_LETTERS]
        self._clock = clock
        known = before._known if before else {}
        self._known: dict[str, _Known] = {
            name: known.get(name) or _Known(told=each.standing.changes) for name, each in breakers.items()
        }
        #: Set when there is something to tell at once; whoever heeds it clears it.
        self.wake = threading.Event()

    def exchange(self) -> None:
        """Tell the others what has changed here, and take over what has changed there."""
        for name, breaker in self._breakers.items():
            known, standing = self._known[name], breaker.standing
            if standing.changes != known.told and self._tell(name, known, standing):
                known.told = standing.changes
        kept = self._store.look("b", list(self._breakers))
        if kept is None:
            return
        for name, breaker in self._breakers.items():
            known, news = self._known[name], _read(kept[name].value) if name in kept else None
            if known.alone_until > self._clock():
                known.token = news.token if news else known.token
            elif news is not None and news.token != known.token:
                self._believe(breaker, known, news, kept[name].left_s)
            elif news is None or news.state is State.CLOSED:
                self._share_trial(name, breaker, known)

    def _tell(self, name: str, known: _Known, standing: Standing) -> bool:
        """Publish how a breaker stands; whether that is settled."""
        now = self._clock()
        if standing.state is State.OPEN and now - known.believed_at < _DOUBT_S:
            known.alone_until = now + _ALONE_S
        if known.alone_until > now:
            if standing.state is State.OPEN:
                known.alone_until = now + _ALONE_S
            return True
        is_closed = standing.state is State.CLOSED
        life = _NEWS_S if is_closed else standing.left_s
        if life <= 0 or standing.is_tried:
            return True
        pauses = min(standing.pauses, _MOST_PAUSES)
        news = _News(standing.state, standing.reason, pauses, self._node, secrets.token_hex(8))
        if not self._store.keep("b", name, news.written(), life):
            return False
        known.token, known.looks = news.token, 0
        if not is_closed:
            known.opener = self._node
            self._breakers[name].wait(life + GRACE_S)
        return True

    def _believe(self, breaker: Breaker, known: _Known, news: _News, left: float) -> None:
        standing = breaker.standing
        if news.state is State.CLOSED:
            known.token = news.token
            if standing.state is not State.CLOSED:
                if news.node != self._node:
                    known.believed_at = self._clock()
                breaker.adopt(Standing(State.CLOSED))
        elif not standing.is_tried:
            # What a trial here will say in a moment is worth more than what was said elsewhere.
            known.token, known.opener, known.looks = news.token, news.node, 0
            breaker.adopt(Standing(news.state, news.reason, left + GRACE_S, news.pauses))

    def _share_trial(self, name: str, breaker: Breaker, known: _Known) -> None:
        """Once the pause is over, let one of all make the trial first.

        The node that opened it comes last: where its own way to the source is the trouble, others will know better.
        """
        standing = breaker.standing
        if standing.state is State.CLOSED or standing.is_tried or standing.left_s > GRACE_S or known.looks is None:
            return
        known.looks += 1
        if known.opener == self._node and known.looks == 1:
            breaker.wait(GRACE_S)
            return
        known.looks = None
        breaker.wait(0.0 if self._store.claim("t", name, TRIAL_S) else TRIAL_S)
