"""Which files a journal is made of: plain, gzipped and compacted ones, of several nodes, by name, folder or pattern."""

from __future__ import annotations

import contextlib
import glob
import gzip
import re
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from aiguilleur.errors import JournalError
from aiguilleur.journal.sinks import FileSink

#: The folder of compacted days beside a journal, and that of what they replaced, when it is kept.
PARQUET, REPLACED = "parquet", "replaced"
_SUFFIX = ".parquet"
_CUT_SHORT = EOFError, zlib.error, gzip.BadGzipFile
#: Small, so that little is lost with the block in which a packed file ends.
_BLOCK = 1 << 12
_DAY = re.compile(r"journal-(\d{4}-\d{2}-\d{2})\.parquet")
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


def files_in(given: Iterable[Path | str]) -> Files:
    """The files that these name: a file, a folder and all below it, or a pattern; JournalError for one that is not."""
    found = {path.resolve(): None for each in given for path in _named(str(each))}
    days = sorted((path for path in found if path.suffix == _SUFFIX), key=lambda path: path.name)
    return Files(tuple(path for path in found if path.suffix != _SUFFIX), tuple(days))


@contextmanager
def unpacked(lines: Iterable[Path]) -> Iterator[tuple[Path, ...]]:
    """These files; in the place of a packed one that is cut short, what can be unpacked of it."""
    with tempfile.TemporaryDirectory(prefix="aiguilleur-") as folder:
        parts = ((path, Path(folder) / f"{number}.jsonl") for number, path in enumerate(lines))
        yield tuple(path if path.suffix != ".gz" or is_sound(path) else _part(path, part) for path, part in parts)


def is_sound(packed: Path) -> bool:
    """Whether a packed file can be unpacked to its end."""
    try:
        with gzip.open(packed) as file:
            while file.read(_BLOCK):
                pass
    except _CUT_SHORT:
        return False
    return True


def _part(packed: Path, part: Path) -> Path:
    with gzip.open(packed) as file, part.open("wb") as out, contextlib.suppress(*_CUT_SHORT):
        while block := file.read(_BLOCK):
            out.write(block)
    return part


def day_file(folder: Path, day: date) -> Path:
    """Where the lines of one day (UTC) are kept."""
    return folder / f"journal-{day.isoformat()}{_SUFFIX}"


def day_of(path: Path) -> date | None:
    """The day (UTC) that a compacted file holds, by its name."""
    name = _DAY.fullmatch(path.name)
    return date.fromisoformat(name[1]) if name else None


def archive_of(sinks: Iterable[Any]) -> Path | None:
    """Where the compacted days of the first configured file sink are kept."""
    return next((home / PARQUET for home in homes_of(sinks)), None)


def homes_of(sinks: Iterable[Any]) -> tuple[Path, ...]:
    """The folder of each configured file sink; where a day stands in a folder's name, the one that holds those."""
    paths = (each.path.partition("{day}")[0] for each in sinks if isinstance(each, FileSink))
    return tuple(Path(path + "_").parent for path in paths)


def _named(text: str) -> Iterator[Path]:
    path = Path(text)
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from (each for each in sorted(path.rglob("*")) if _is_journal(each, path))
    elif found := sorted(glob.glob(text, recursive=True)):  # noqa: PTH207 (a pattern may be absolute)
        yield from (each for name in found for each in _named(name))
    else:
        raise JournalError(f"{text}: there is no such file, folder or pattern of files")


def _is_journal(path: Path, root: Path) -> bool:
    below = path.relative_to(root).parts
    if REPLACED in below or any(part.startswith(".") for part in below) or not path.is_file():
        return False
    return path.suffix == _SUFFIX or bool(_LINES.search(path.name))
