"""What the processes of one node know together of their canaries, and of the trips that browsers really made."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiguilleur.core.model import Reason, SessionState
from aiguilleur.probes.canary.flight import Flight

_LOGGER = logging.getLogger("aiguilleur.probes")
#: Seconds that a visit may wait for another process to have written.
_PATIENCE_S = 0.05
_TABLES = """
CREATE TABLE IF NOT EXISTS flights (
    probe TEXT, sort TEXT, reason TEXT, state TEXT, hops INTEGER, ms INTEGER, host TEXT, at REAL,
    PRIMARY KEY (probe, sort));
CREATE TABLE IF NOT EXISTS trips (id TEXT PRIMARY KEY, probe TEXT, left REAL, back REAL);
CREATE INDEX IF NOT EXISTS trips_of ON trips (probe, left);
CREATE TABLE IF NOT EXISTS rests (probe TEXT PRIMARY KEY, until REAL);
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """The last flight of a probe's canary, and when it ended, in epoch seconds."""

    flight: Flight
    at: float


@dataclass(frozen=True, slots=True)
class Trips:
    """Real departures of browsers, each whether it came back, the latest first; and returns that left elsewhere."""

    came_back: tuple[bool, ...] = ()
    #: From other nodes: where there are some, ours come back there too.
    foreign: int = 0


class Board:
    """An SQLite file, or memory where no state is kept. Losing it costs trips through the browser, never an error.

    Times are in epoch seconds. `sort` tells a probe's settings: what was seen of others does not count.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Nothing is opened yet: a server may still fork."""
        self._path = path
        self._lock = threading.Lock()
        self._process = 0
        self._database: sqlite3.Connection | None = None
        self._complained = False

    def __del__(self) -> None:
        """Close the file with the configuration that it was opened for, once its last visit is over."""
        if self._database is not None and self._process == os.getpid():
            self._database.close()

    @property
    def lock_path(self) -> Path | None:
        """The file that the process which flies the canaries locks; None where each process has its own."""
        return self._path.with_suffix(".lock") if self._path else None

    def saw(self, probe: str, sort: str, seen: Seen) -> None:
        """Keep what a flight saw."""
        flight = seen.flight
        row = (probe, sort, flight.reason, flight.state, flight.hops, flight.ms, flight.host, seen.at)
        self._run("INSERT OR REPLACE INTO flights VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def seen(self, probe: str, sort: str) -> Seen | None:
        """The last flight with these settings; None when there was none."""
        rows = self._run(
            "SELECT reason, state, hops, ms, host, at FROM flights WHERE probe = ? AND sort = ?", (probe, sort)
        )
        # A reason that this version does not know is no flight of its own.
        with suppress(ValueError):
            for reason, state, hops, ms, host, at in rows:
                return Seen(Flight(Reason(reason), SessionState(state), hops, ms, host), at)
        return None

    def left(self, probe: str, trip: str, at: float) -> None:
        """Note that a browser leaves on a trip."""
        self._run("INSERT OR IGNORE INTO trips VALUES (?, ?, ?, NULL)", (trip, probe, at))

    def came_back(self, probe: str, trip: str, at: float) -> None:
        """Note that it is back; one that left from another node is counted as foreign."""
        self._run(
            "INSERT INTO trips VALUES (?, ?, NULL, ?) ON CONFLICT (id) DO UPDATE SET back = excluded.back",
            (trip, probe, at),
        )

    def trips(self, probe: str, *, since: float, until: float, most: int, within: float) -> Trips:
        """The last departures in that time, at most so many, and whether each came back within so many seconds."""
        rows = self._run(
            "SELECT left, back IS NOT NULL AND back - left <= ? FROM trips"
            " WHERE probe = ? AND left > ? AND left <= ? ORDER BY left DESC LIMIT ?",
            (within, probe, since, until, most),
        )
        if not rows:
            return Trips()
        [[foreign]] = self._run(
            "SELECT COUNT(*) FROM trips WHERE probe = ? AND left IS NULL AND back > ?", (probe, rows[-1][0])
        ) or [[0]]
        return Trips(tuple(bool(back) for _, back in rows), foreign)

    def rest(self, probe: str, until: float) -> None:
        """Leave a probe alone until then."""
        self._run("INSERT OR REPLACE INTO rests VALUES (?, ?)", (probe, until))

    def rests_until(self, probe: str) -> float:
        """Until when it is, or was last, left alone; 0 when it never was."""
        rows = self._run("SELECT until FROM rests WHERE probe = ?", (probe,))
        return float(rows[0][0]) if rows else 0.0

    def forget(self, before: float) -> None:
        """Drop the trips that began, or ended elsewhere, before then."""
        self._run("DELETE FROM trips WHERE COALESCE(left, back) < ?", (before,))

    def _run(self, statement: str, values: Sequence[object]) -> list[Any]:
        """The rows of a statement; none when the file cannot be used, which is said once."""
        try:
            with self._lock:
                return self._open().execute(statement, values).fetchall()
        except (sqlite3.Error, OSError) as error:
            if not self._complained:
                self._complained = True
                _LOGGER.error("%s: what the canaries see is not kept: %s", self._path, error)
            return []

    def _open(self) -> sqlite3.Connection:
        if self._database is None or self._process != os.getpid():
            if self._path:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._path.touch(mode=0o640)
            # A lock of our own guards the connection. After a fork, the parent's is left to the parent.
            database = sqlite3.connect(
                self._path or ":memory:", timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False
            )
            # Lost with the machine, a few flights are flown again: no visit waits for a disk.
            database.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;" + _TABLES)
            self._database, self._process = database, os.getpid()
        return self._database
