"""Which files a journal is made of: plain, gzipped and compacted ones, of several nodes, by name, folder or pattern."""

from __future__ import annotations

import glob
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from aiguilleur.errors import JournalError
from aiguilleur.journal.reading import NO_GZIP, patterns_of, unpack
from aiguilleur.journal.scale.database import DAY_SUFFIX
from aiguilleur.journal.sinks import FileSink

#: The folder of compacted days beside a journal, and that of what they replaced, when it is kept.
PARQUET, REPLACED = "parquet", "replaced"
_PADDED = "has zeros behind its end; pack it anew"
_DAY = re.compile(rf"journal-(\d{{4}}-\d{{2}}-\d{{2}}){re.escape(DAY_SUFFIX)}")
_LINES = re.compile(r"\.(jsonl|json|log|ndjson)([.-][^/]*)?(\.gz)?$|\.gz$")


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a journal: those of lines, which may be gzipped, and those of compacted days."""

    lines: tuple[Path, ...] = ()
    days: tuple[Path, ...] = ()

    @property
    def all(self) -> tuple[Path, ...]:
        """Both kinds."""
        return self.lines + self.days

    @property
    def size(self) -> int:
        """How many bytes they take on the disk."""
        return sum(path.stat().st_size for path in self.all)


def files_in(given: Iterable[Path | str], *, replaced: bool = False) -> Files:
    """The files that these name: a file, a folder and all below it, or a pattern; JournalError for one that is not.

    `replaced`: also those that were kept when days took their place. Their lines are those of the days.
    """
    try:
        found = {path.resolve(): None for each in given for path in _named(str(each), replaced)}
    except OSError as error:
        raise JournalError(f"{error.filename}: {error.strerror}") from error
    days = sorted((path for path in found if path.suffix == DAY_SUFFIX), key=lambda path: path.name)
    return Files(tuple(path for path in found if path.suffix != DAY_SUFFIX), tuple(days))


@contextmanager
def unpacked(lines: Iterable[Path]) -> Iterator[tuple[Path, ...]]:
    """These files; in the place of a packed one that is cut short, what can be unpacked of it.

    Raises JournalError for one that cannot be read, or is packed by its name alone.
    """
    with tempfile.TemporaryDirectory(prefix="aiguilleur-") as folder:
        parts = ((path, Path(folder) / f"{number}.jsonl") for number, path in enumerate(lines))
        yield tuple(path if path.suffix != ".gz" else _readable(path, part) for path, part in parts)


def flaw_of(packed: Path) -> str:
    """Why a packed file cannot be unpacked to its end; blank when it can be."""
    with Path(os.devnull).open("wb") as nowhere:
        return unpack(packed, nowhere) or (_PADDED if _is_padded(packed) else "")


def _readable(packed: Path, part: Path) -> Path:
    try:
        flaw = flaw_of(packed)
        if flaw == NO_GZIP:
            raise JournalError(f"{packed}: {flaw}")
        # A file without a byte is no packed one, and has no line to lose.
        if not flaw and packed.stat().st_size:
            return packed
        with part.open("wb") as out:
            unpack(packed, out)
    except OSError as error:
        raise JournalError(f"{packed}: {error.strerror or error}") from error
    return part


def _is_padded(packed: Path) -> bool:
    """Whether zeros stand behind it, as a power cut leaves them: what reads lines at scale does not pass over them."""
    with packed.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 4))
        return size > 0 and not any(file.read())


def day_file(folder: Path, day: date) -> Path:
    """Where the lines of one day (UTC) are kept."""
    return folder / f"journal-{day.isoformat()}{DAY_SUFFIX}"


def day_of(path: Path) -> date | None:
    """The day (UTC) that a compacted file holds, by its name."""
    name = _DAY.fullmatch(path.name)
    try:
        return date.fromisoformat(name[1]) if name else None
    except ValueError:
        # The name is somebody else's.
        return None


def archive_of(sinks: Iterable[Any]) -> Path | None:
    """Where the compacted days of the first configured file sink are kept."""
    return next((home / PARQUET for home in homes_of(sinks)), None)


def homes_of(sinks: Iterable[Any]) -> tuple[Path, ...]:
    """The folder of each configured file sink; where a day stands in a folder's name, the one that holds those."""
    paths = (each.path.partition("{day}")[0] for each in sinks if isinstance(each, FileSink))
    return tuple(Path(path + "_").parent for path in paths)


def is_replaced(path: Path) -> bool:
    """Whether a day has taken the place of this file; another folder of that name is somebody's own."""
    return path.parent.name == REPLACED and (path.parent.parent / PARQUET).is_dir()


def replaced_of(sinks: Iterable[Any]) -> tuple[Path, ...]:
    """What was kept of the configured file sinks when days took its place."""
    written = (Path(pattern) for each in sinks if isinstance(each, FileSink) for pattern in patterns_of(each))
    # As those that they are of: a day may stand in a folder's name.
    found = (glob.glob(str(path.with_name(REPLACED) / path.name)) for path in written)  # noqa: PTH207
    return tuple(sorted({Path(name) for names in found for name in names}))


def _named(text: str, replaced: bool) -> Iterator[Path]:
    path = Path(text)
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from (each for each in sorted(path.rglob("*")) if _is_journal(each, path, replaced))
    elif found := sorted(glob.glob(text, recursive=True)):  # noqa: PTH207 (a pattern may be absolute)
        yield from (each for name in found for each in _named(name, replaced))
    else:
        raise JournalError(f"{text}: there is no such file, folder or pattern of files")


def _is_journal(path: Path, root: Path, replaced: bool) -> bool:
    below = path.relative_to(root).parts
    if (REPLACED in below and not replaced) or any(part.startswith(".") for part in below) or not path.is_file():
        return False
    return path.suffix == DAY_SUFFIX or bool(_LINES.search(path.name))
