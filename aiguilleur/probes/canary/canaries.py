"""When a canary flies, and whether what it saw lets visitors follow."""

from __future__ import annotations

import hashlib
import logging
import math
import random
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from time import monotonic
from time import time as wall_clock

from aiguilleur.core.model import ILL_REASONS, ProbeRef, Reason
from aiguilleur.probes.canary.board import Board, Seen
from aiguilleur.probes.canary.flight import Flight, fly
from aiguilleur.probes.canary.others import Others, Store
from aiguilleur.probes.canary.standing import CanaryHealth, Standing, Timing, proves
from aiguilleur.probes.contract import FrontChannelProbe
from aiguilleur.probes.sort import sort_of

_LOGGER = logging.getLogger("aiguilleur.probes")
_USUAL = Timing()
#: A visit may see what was on the board so many seconds ago.
_FRESH_S = 0.5
_FORGETTING_S = 60.0


class Canaries:
    """The canaries of one configuration, in one process; all of a node's share a board."""

    def __init__(
        self,
        probes: Mapping[str, FrontChannelProbe],
        return_urls: Mapping[str, str],
        board: Board,
        *,
        now: Callable[[], datetime],
        changed: Callable[[ProbeRef, CanaryHealth], None] | None = None,
        timing: Timing = _USUAL,
        shared: tuple[Store, str] | None = None,
    ) -> None:
        """No thread is started here. `now` is the day that is played; `changed` is told when a probe's standing is.

        `shared` is where nodes tell each other what they see, and this node's name.
        """
        self.board = board
        self._probes = probes
        self._return_urls = return_urls
        self._now = now
        self._changed = changed
        self._timing = timing
        self._others = Others(*shared, timing) if shared else None
        #: Under which the board knows each.
        self._keys = {name: f"{name} {sort_of(probe, return_urls[name])}" for name, probe in probes.items()}
        self._due: dict[str, float] = {}
        self._flying: set[str] = set()
        self._told: dict[str, Standing] = {}
        self._lock = threading.Lock()
        self._forgot_at = self._read_at = float("-inf")
        self._read: dict[str, Reason | None] = {}

    def refusal(self, probe: str) -> Reason | None:
        """Why no browser may be sent to ask by this probe now; None when one may."""
        return self._refusals().get(probe, Reason.UNPROVEN)

    def failing(self) -> frozenset[str]:
        """The probes whose source answers nothing."""
        return frozenset([probe for probe, reason in self._refusals().items() if reason in ILL_REASONS])

    def left(self, probe: str, trip: str) -> None:
        """A browser leaves to ask by this probe."""
        self.board.left(self._keys[probe], _name(trip), wall_clock())

    def came_back(self, probe: str, trip: str) -> None:
        """It is back, with whatever answer."""
        self.board.came_back(self._keys[probe], _name(trip), wall_clock())

    def health(self) -> dict[str, CanaryHealth]:
        """How each probe stands."""
        return {name: self._health(name) for name in self._probes}

    def tend(self) -> None:
        """Let fly what is due, and weigh the real departures; one process of a node calls this every second or so."""
        if not self._probes:
            return
        self._exchange()
        for name, probe in self._probes.items():
            if probe.canary is None and self._is_due(name):
                self._due[name] = monotonic() + self._timing.every
                threading.Thread(target=self.fly, args=(name,), name=f"canary-{name}", daemon=True).start()
            self._weigh(name)
            self._tell(name)
        if monotonic() - self._forgot_at > _FORGETTING_S:
            self._forgot_at = monotonic()
            self.board.forget(wall_clock() - self._timing.kept)

    def _exchange(self) -> None:
        """Hear what other nodes have seen: it may be too early to fly again, or high time."""
        if self._others is None:
            return
        wait = self._others.exchange(self.board, list(self._keys.values()), wall_clock())
        for name, key in self._keys.items():
            if key in wait:
                self._due[name] = monotonic() + wait[key]

    def fly(self, name: str) -> None:
        """Let one fly now, and wait for it; nothing is done while it is in the air."""
        with self._lock:
            if name in self._flying:
                return
            self._flying.add(name)
        began = monotonic()
        try:
            flight = self._flown(name)
            self.board.saw(self._keys[name], Seen(flight, wall_clock()))
            pause = self._timing.every if proves(flight) else self._timing.again
            # Spread, so that nodes do not fly together; never longer, so that the promise of `every` holds.
            self._due[name] = began + pause * random.uniform(0.8, 1.0)  # noqa: S311 (hides nothing)
        finally:
            with self._lock:
                self._flying.discard(name)
                self._read_at = float("-inf")

    def _flown(self, name: str) -> Flight:
        try:
            return fly(self._probes[name], self._return_urls[name], self._now())
        except Exception as error:  # A probe's bug must cost its source alone.
            _LOGGER.error("the canary of %s broke: %s", name, type(error).__name__)
            return Flight(Reason.UNPROVEN)

    def _is_due(self, name: str) -> bool:
        if name not in self._due:
            # What another process saw a moment before a restart is not flown again at once.
            seen = self.board.seen(self._keys[name])
            fresh = seen is not None and 0 <= wall_clock() - seen.at < self._timing.again
            self._due[name] = monotonic() + (self._timing.again if fresh else 0.0)
        return self._due[name] <= monotonic()

    def _refusals(self) -> dict[str, Reason | None]:
        """As the board had it a moment ago: every visit asks."""
        now = monotonic()
        if now - self._read_at > _FRESH_S:
            read = {name: self._refusal(self._health(name)) for name in self._probes}
            self._read, self._read_at = read, now
        return self._read

    def _refusal(self, health: CanaryHealth) -> Reason | None:
        match health.standing:
            case Standing.GOOD | Standing.OFF:
                return None
            case Standing.DEAD if health.seen:
                return health.seen.reason
            case _:
                return Reason.UNPROVEN

    def _health(self, name: str) -> CanaryHealth:
        now = wall_clock()
        seen = self.board.seen(self._keys[name])
        back = self._back(name, now)
        standing = self._standing(name, seen, now)
        resting = 0 < self.board.rests_until(self._keys[name]) - now <= self._timing.rest
        if resting and standing in (Standing.GOOD, Standing.OFF):
            standing = Standing.FEW_BACK
        return CanaryHealth(standing, seen.flight if seen else None, round(now - seen.at) if seen else 0, back)

    def _standing(self, name: str, seen: Seen | None, now: float) -> Standing:
        if self._probes[name].canary is not None:
            return Standing.OFF
        # A clock that was put back leaves flights of the future, which prove as little as old ones.
        if seen is None or abs(now - seen.at) > self._timing.counts:
            return Standing.UNPROVEN
        if seen.flight.reason in ILL_REASONS:
            return Standing.DEAD
        return Standing.GOOD if proves(seen.flight) else Standing.UNPROVEN

    def _back(self, name: str, now: float) -> tuple[int, int] | None:
        """How many of the last departures came back, and of how many; None while they are too few to tell."""
        timing, key = self._timing, self._keys[name]
        since = max(now - timing.kept, self.board.rests_until(key))
        told = now - timing.heard if self._others else math.inf
        for most in (timing.many, timing.few):
            seen = self.board.trips(
                key, since=since, until=now - timing.slowest, most=most, within=timing.slowest, told=told
            )
            if seen.untold:
                break
        if len(seen.came_back) < most:
            return None
        return min(most, sum(seen.came_back) + seen.foreign), most

    def _weigh(self, name: str) -> None:
        now = wall_clock()
        back = self._back(name, now)
        if back and 2 * back[0] < back[1]:
            self.board.rest(self._keys[name], now + self._timing.rest)
            self._read_at = float("-inf")

    def _tell(self, name: str) -> None:
        health = self._health(name)
        before, self._told[name] = self._told.get(name), health.standing
        if before not in (None, health.standing) and self._changed is not None:
            self._changed(self._probes[name].ref, health)


def _name(trip: str) -> str:
    """The name of a trip for boards and other nodes, from which its id, which browsers carry, cannot be told."""
    return hashlib.sha256(trip.encode()).hexdigest()[:32]
