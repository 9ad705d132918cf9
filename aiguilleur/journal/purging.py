"""What has been kept long enough is removed: whole files, and only those of which every line is old."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date
from itertools import islice
from pathlib import Path

from aiguilleur.journal.entry import JournalEntry
from aiguilleur.journal.reading import newest, oldest
from aiguilleur.journal.scale.files import Files, day_of

#: Visits are written when they end: the last line of a file may be older than those before, by so many lines at most.
_DISORDER = 200


@dataclass(frozen=True, slots=True)
class Purge:
    """The files that are old, and those that hold old lines beside newer ones."""

    old: tuple[Path, ...]
    mixed: tuple[Path, ...]

    def remove(self) -> None:
        """Remove what is old; OSError when the disk refuses."""
        for path in self.old:
            path.unlink(missing_ok=True)


def purge_of(files: Files, before: date) -> Purge:
    """What of these files is older than a day (UTC); JournalError for a file that cannot be read."""
    spans = {path: _span(path) for path in files.all}
    old = (path for path, (_, last) in spans.items() if last and last < before)
    mixed = (path for path, (first, last) in spans.items() if first and last and first < before <= last)
    return Purge(tuple(old), tuple(mixed))


def _span(path: Path) -> tuple[date | None, date | None]:
    """The first and the last day of a file."""
    if day := day_of(path):
        return day, day
    if path.suffix == ".parquet":
        return None, None
    first = min(_days(islice(oldest((path,)), _DISORDER)), default=None)
    last = max(_days(islice(newest((path,)), _DISORDER)), default=None)
    return first, last


def _days(entries: Iterable[JournalEntry]) -> Iterable[date]:
    return (entry.time.astimezone(UTC).date() for entry in entries)
