"""What the dashboard reads, and how often: a journal of a year is not read anew at each click."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from cachetools import TTLCache

from aiguilleur.journal.scale import Report, Scope
from aiguilleur.report import Names, Told, told

#: So many different questions are remembered.
_MOST = 32


@dataclass(frozen=True, slots=True)
class Desk:
    """What the dashboard stands on: how to read the journal, a visit and a school's name, and today."""

    report: Callable[[Scope], Report]
    #: The visits with a code, each as `journal show` prints it.
    visits: Callable[[str], tuple[str, ...]]
    #: The label of the school that somebody means, which the directory may have forgotten since, or None.
    etab: Callable[[str], str | None]
    names: Names
    zone: tzinfo
    now: Callable[[], datetime]


class Readings:
    """Reports that are at most `every_s` seconds old; one is read at a time, and who asks meanwhile waits for it."""

    def __init__(self, desk: Desk, every_s: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is read yet."""
        self._desk = desk
        self._lock = threading.Lock()
        self._kept: TTLCache[Scope, Told] = TTLCache(_MOST, every_s, timer=clock)

    def of(self, days: int | None, etab: str) -> Told:
        """The last so many days up to now (None: all there is), of one school or all. Raises JournalError."""
        scope = Scope(since=self._since(days), etab=etab)
        with self._lock:
            reading = self._kept.get(scope)
            if reading is None:
                desk = self._desk
                report = desk.report(scope)
                reading = self._kept[scope] = told(report, desk.names, made_at=desk.now(), zone=desk.zone)
            return reading

    def _since(self, days: int | None) -> datetime | None:
        if days is None:
            return None
        local = self._desk.now().astimezone(self._desk.zone)
        # From a midnight on, so that the question stays the same all day.
        return local.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
