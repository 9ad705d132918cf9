"""What the processes of one node know together of their canaries, and of the trips that browsers really made."""

from __future__ import annotations

import logging
import math
import os
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiguilleur.core.model import Reason, SessionState
from aiguilleur.probes.canary.flight import Flight

_LOGGER = logging.getLogger("aiguilleur.probes")
#: Seconds that a visit may wait for another process to have written.
_PATIENCE_S = 0.05
#: In the place of a time, for a trip that left from another node, once all nodes have been told of its return.
_TOLD = -1.0
_TABLES = """
CREATE TABLE IF NOT EXISTS flights (
    probe TEXT PRIMARY KEY, reason TEXT, state TEXT, hops INTEGER, ms INTEGER, host TEXT, at REAL);
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
    #: Those of them that the other nodes have not been told of: then we have not been told of ours either.
    untold: int = 0


class Board:
    """An SQLite file, or memory where no state is kept. Losing it costs trips through the browser, never an error.

    Times are in epoch seconds. A probe is known by a name that its settings are part of: what was seen of others does
    not count.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Nothing is opened yet: a server may still fork."""
        self._path = path
        self._lock = threading.Lock()
        self._open: _Open | None = None
        self._complained = False

    def __del__(self) -> None:
        """Close the file with the configuration that it was opened for, once its last visit is over."""
        if self._open is not None and self._open.process == os.getpid():
            self._open.database.close()

    @property
    def lock_path(self) -> Path | None:
        """The file that the process which flies the canaries locks; None where each process has its own."""
        return self._path.with_suffix(".lock") if self._path else None

    def saw(self, probe: str, seen: Seen) -> None:
        """Keep what a flight saw."""
        flight = seen.flight
        row = (probe, flight.reason, flight.state, flight.hops, flight.ms, flight.host, seen.at)
        self._run("INSERT OR REPLACE INTO flights VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def seen(self, probe: str) -> Seen | None:
        """The last flight; None when there was none."""
        rows = self._run("SELECT reason, state, hops, ms, host, at FROM flights WHERE probe = ?", (probe,))
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

    def strangers(self, most: int) -> list[tuple[str, float]]:
        """Trips that left elsewhere and when they came back here, of which the other nodes have not been told."""
        return self._run("SELECT id, back FROM trips WHERE left IS NULL ORDER BY back LIMIT ?", (most,))

    def told(self, trips: Iterable[str]) -> None:
        """Note of those of these trips that left elsewhere that the other nodes have been told."""
        for trip in trips:
            self._run("UPDATE trips SET left = ? WHERE id = ? AND left IS NULL", (_TOLD, trip))

    def returned(self, trip: str, at: float) -> None:
        """Note of a trip that left here, if it did, that it came back elsewhere."""
        self._run("UPDATE trips SET back = ? WHERE id = ? AND back IS NULL", (at, trip))

    def trips(
        self, probe: str, *, since: float, until: float, most: int, within: float, told: float = math.inf
    ) -> Trips:
        """The last departures in that time, at most so many, and whether each came back within so many seconds.

        What came back before `told` should have been told by now.
        """
        rows = self._run(
            "SELECT left, back IS NOT NULL AND back - left <= ? FROM trips"
            " WHERE probe = ? AND left > ? AND left <= ? ORDER BY left DESC LIMIT ?",
            (within, probe, since, until, most),
        )
        if not rows:
            return Trips()
        strangers = self._run(
            "SELECT left IS NULL AND back < ? FROM trips WHERE probe = ? AND COALESCE(left, ?) = ? AND back > ?",
            (told, probe, _TOLD, _TOLD, rows[-1][0]),
        )
        return Trips(tuple(bool(back) for _, back in rows), len(strangers), sum(untold for (untold,) in strangers))

    def rest(self, probe: str, until: float) -> None:
        """Leave a probe alone until then."""
        self._run("INSERT OR REPLACE INTO rests VALUES (?, ?)", (probe, until))

    def rests_until(self, probe: str) -> float:
        """Until when it is, or was last, left alone; 0 when it never was."""
        rows = self._run("SELECT until FROM rests WHERE probe = ?", (probe,))
        return float(rows[0][0]) if rows else 0.0

    def forget(self, before: float) -> None:
        """Drop the flights, trips and rests that were over before then."""
        for what in ("flights WHERE at", "trips WHERE COALESCE(back, left)", "rests WHERE until"):
            self._run(f"DELETE FROM {what} < ?", (before,))  # noqa: S608 (all of it is written here)

    def _run(self, statement: str, values: Sequence[object]) -> list[Any]:
        """The rows of a statement; none when the file cannot be used, which is said once each time it begins."""
        if not self._lock.acquire(timeout=_PATIENCE_S):
            return []
        try:
            rows = self._database().execute(statement, values).fetchall()
            self._complained = False
            return rows
        except (sqlite3.Error, OSError) as error:
            if not self._complained:
                self._complained = True
                _LOGGER.error("%s: what the canaries see is not kept: %s", self._path, error)
            self._put_aside(error)
            return []
        finally:
            self._lock.release()

    def _database(self) -> sqlite3.Connection:
        """The connection of this process to the file that is there now."""
        held = self._open
        if held is not None and held.process == os.getpid() and held.file == _file_at(self._path):
            return held.database
        if self._path:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch(mode=0o640)
        # A lock of our own guards the connection.
        database = sqlite3.connect(
            self._path or ":memory:", timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False
        )
        database.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + _TABLES)
        if held is not None and held.process == os.getpid():
            held.database.close()
            held = None
        # After a fork the parent's connection is left to the parent: closing it here would drop its locks.
        self._open = _Open(database, os.getpid(), _file_at(self._path), held)
        return database

    def _put_aside(self, error: Exception) -> None:
        """A file that is damaged is kept for whoever wants to know, and the next statement makes a new one."""
        if self._path and isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            with suppress(OSError):
                self._path.replace(self._path.with_suffix(".damaged"))


@dataclass(frozen=True, slots=True)
class _Open:
    database: sqlite3.Connection
    process: int
    #: Which file it is, on its disk.
    file: tuple[int, int]
    #: That of the process which this one was forked from.
    parents: _Open | None


def _file_at(path: Path | None) -> tuple[int, int]:
    try:
        found = path.stat() if path else None
    except OSError:
        found = None
    return (found.st_dev, found.st_ino) if found else (0, 0)
