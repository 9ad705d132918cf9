"""Entries in compacted days: by code in the whole year, by school and time in two days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any

from aiguilleur.journal.entry import JournalEntry, from_row
from aiguilleur.journal.reading import Torn, by_age
from aiguilleur.journal.reading import find_code as search
from aiguilleur.journal.reading import find_near as search_near
from aiguilleur.journal.scale import sql
from aiguilleur.journal.scale.database import opened
from aiguilleur.journal.scale.files import Files, day_of


def find_code(code: str, files: Files, most: int, torn: Torn | None = None) -> Iterator[JournalEntry]:
    """The entries with this code, each as soon as it is found: first in files of lines, then in compacted days.

    Raises JournalError when there are compacted days and the extra `ops` is not installed.
    """
    found = chain(search(code, by_age(files.lines), most, torn), code_in(code, files.days, most))
    return islice(found, most)


def find_near(
    etab: str, around: datetime, within: timedelta, files: Files, torn: Torn | None = None
) -> list[JournalEntry]:
    """The entries of one school near an instant, the oldest first; raises JournalError as `find_code` does."""
    lines = search_near(etab, around, within, by_age(files.lines), torn)
    return sorted((*near_in(etab, around, within, files.days), *lines), key=lambda entry: entry.time)


def code_in(code: str, days: Iterable[Path], most: int) -> Iterator[JournalEntry]:
    """The entries with this code in compacted days, the newest first; JournalError when they cannot be read."""
    return _entries(sql.BY_CODE, tuple(days), {"code": code, "most": most})


def near_in(etab: str, around: datetime, within: timedelta, days: Iterable[Path]) -> Iterator[JournalEntry]:
    """The entries of one school near an instant in compacted days, the oldest first."""
    first, last = around - within, around + within
    near = [path for path in days if _may_hold(path, first, last)]
    span = {name: at.astimezone(UTC).replace(tzinfo=None) for name, at in (("since", first), ("until", last))}
    return _entries(sql.BY_SCHOOL, tuple(near), {"etab": etab, **span})


def _may_hold(path: Path, first: datetime, last: datetime) -> bool:
    day = day_of(path)
    return day is None or first.astimezone(UTC).date() <= day <= last.astimezone(UTC).date()


def _entries(query: str, days: tuple[Path, ...], values: dict[str, Any]) -> Iterator[JournalEntry]:
    if not days:
        return
    with opened(days) as database:
        for row in database.dicts(query.format(days=sql.days(days)), values):
            yield entry_in(row)


def entry_in(row: dict[str, Any]) -> JournalEntry:
    """The entry in a row of `journal`; a day that was compacted by an earlier version may lack a column."""
    written = _said({name: row.get(name) for name in sql.COLUMNS})
    return from_row(written | {"time": row["time"].replace(tzinfo=UTC).isoformat()})


def _said(row: dict[str, Any]) -> dict[str, Any]:
    """What a line says: what it leaves out is NULL in its columns."""
    return {
        name: _said(value) if isinstance(value, dict) else value for name, value in row.items() if value is not None
    }
