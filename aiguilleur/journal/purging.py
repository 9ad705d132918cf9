"""What has been kept long enough is removed: whole files, only those of which every line is old, and their folders."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path

from aiguilleur.errors import JournalError
from aiguilleur.journal.entry import JournalEntry
from aiguilleur.journal.reading import newest, oldest
from aiguilleur.journal.scale.files import Files, day_of, is_replaced

#: Visits are written when they end: the last line of a file may be older than those before, by so many lines at most.
_DISORDER = 200
_NO_LINE = "holds no line of the journal, and is that old; look at it, and remove it"


@dataclass(frozen=True, slots=True)
class Purge:
    """The files that are old, the folders that hold nothing else, and the files with old lines beside newer ones."""

    old: tuple[Path, ...]
    folders: tuple[Path, ...]
    mixed: tuple[Path, ...]
    #: What cannot be read or removed, whatever its age, with the reason.
    stuck: tuple[tuple[Path, str], ...] = ()

    def removed(self) -> Purge:
        """Remove what is old, and say what is gone: what the disk refuses is stuck."""
        refused = dict(self.stuck)
        for path in self.old:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                refused[path] = refusal(path, error)
        for folder in self.folders:
            # Somebody may have put something there meanwhile.
            with contextlib.suppress(OSError):
                folder.rmdir()
        old = tuple(path for path in self.old if path not in refused)
        folders = tuple(folder for folder in self.folders if not folder.exists())
        return replace(self, old=old, folders=folders, stuck=tuple(refused.items()))


def refusal(path: Path, error: OSError | JournalError) -> str:
    """Why something of the journal cannot be read or removed, and the way out."""
    why = str((isinstance(error, OSError) and error.strerror) or error).removeprefix(f"{path}: ")
    refused = isinstance(error, PermissionError) or isinstance(error.__cause__, PermissionError)
    return f"{why}; purge as a user that may read and remove it" if refused else why


def purge_of(files: Files, before: date, homes: Iterable[Path] = ()) -> Purge:
    """What of these files is older than a day (UTC); folders are removed below these `homes` only."""
    spans: dict[Path, tuple[date | None, date | None]] = {}
    stuck: list[tuple[Path, str]] = []
    for path in files.all:
        try:
            spans[path] = _span(path)
        except (OSError, JournalError) as error:
            # One that is rotated meanwhile has another name, and is older the next time.
            if path.exists():
                stuck.append((path, refusal(path, error)))
    ends = {path: _end(path, first, last) for path, (first, last) in spans.items()}
    stuck += [(path, _NO_LINE) for path, end in ends.items() if end is None and _changed(path) < before]
    old = tuple(path for path, end in ends.items() if end and end < before)
    mixed = tuple(path for path, (first, _) in spans.items() if first and first < before and path not in old)
    return Purge(old, tuple(_emptied(old, homes)), mixed, tuple(stuck))


def _end(path: Path, first: date | None, last: date | None) -> date | None:
    # The days have the newer lines of a file that they replaced: it is of no use for those, and need not stay for them.
    return first if is_replaced(path) else last


def _emptied(old: Iterable[Path], homes: Iterable[Path]) -> Iterator[Path]:
    """The folders below these homes that hold nothing but these files, the innermost first."""
    gone = {path.resolve() for path in old}
    within = {folder for home in map(Path.resolve, homes) for path in gone for folder in _between(path, home)}
    for folder in sorted(within, key=lambda each: len(each.parts), reverse=True):
        try:
            is_emptied = gone.issuperset(folder.iterdir())
        except OSError:
            continue
        if is_emptied:
            gone.add(folder)
            yield folder


def _between(path: Path, home: Path) -> Iterable[Path]:
    return (folder for folder in path.parents if home in folder.parents)


def _span(path: Path) -> tuple[date | None, date | None]:
    """The first and the last day of a file; one that is empty is as old as its last change."""
    if day := day_of(path):
        return day, day
    if not path.stat().st_size:
        return _changed(path), _changed(path)
    if path.suffix == ".parquet":
        return None, None
    first = min(_days(islice(oldest((path,)), _DISORDER)), default=None)
    last = max(_days(islice(newest((path,)), _DISORDER)), default=None)
    return first, last


def _changed(path: Path) -> date:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).date()


def _days(entries: Iterable[JournalEntry]) -> Iterable[date]:
    return (entry.time.astimezone(UTC).date() for entry in entries)
