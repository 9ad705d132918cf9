"""Reading the journal back, newest or oldest first, without loading it whole."""

from __future__ import annotations

import glob
import gzip
import json
import os
import re
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import IO, Any

from aiguilleur.errors import JournalError
from aiguilleur.journal.entry import JournalEntry, from_line
from aiguilleur.journal.sinks import FileSink

_BLOCK = 1 << 18
#: What is wrong with a file that is packed by its name alone, and the way out.
NO_GZIP = "is no gzip file, though its name says so; give it another name, or move it away"
CUT_SHORT = "is cut short"
#: A file that was packed is unpacked to memory up to this size, and to a temporary file beyond.
_UNPACKED = 1 << 24
#: What rotation by size makes of a file; a longer number would be a day.
_ROTATED = re.compile(r"\.([0-9]{1,4})(?:\.gz)?$")
#: Entries of one file stand in the order they were written; clocks are set, and visits last, within this.
_DISORDER = timedelta(hours=1)


@dataclass(slots=True)
class Torn:
    """How many lines could not be read, and what the first said."""

    count: int = 0
    first: str = ""

    def add(self, error: JournalError) -> None:
        """Count one more."""
        self.first = self.first or str(error)
        self.count += 1


def paths_in(sinks: Iterable[Any], given: Path | None = None) -> tuple[Path, ...]:
    """The journal's files, the newest first: the one given, else those of the first configured sink that wrote any."""
    if given:
        return (given,)
    for sink in sinks:
        # A second file sink holds the same entries: reading both would tell each visit twice.
        if isinstance(sink, FileSink) and (found := _written(sink)):
            return found
    return ()


def by_age(paths: Iterable[Path]) -> tuple[Path, ...]:
    """These files, the last changed first; of those that changed at once, that which was rotated less often."""
    by_name = sorted(paths, key=str, reverse=True)
    return tuple(sorted(by_name, key=lambda path: (-_changed(path), _rotations(path))))


def newest(
    paths: Iterable[Path], *, holding: str = "", torn: Torn | None = None, ends: Mapping[Path, int] | None = None
) -> Iterator[JournalEntry]:
    """Every entry of these files, each file from its end; torn lines are counted and passed over.

    `holding` passes over lines without this text, `ends` what was written after a file had this size.
    """
    needle = json.dumps(holding)[1:-1].encode("ascii")
    for path in paths:
        with _opened(path) as file:
            end = (ends or {}).get(path)
            for line in _lines_backwards(file, needle, end):
                yield from _entry(line, str(path), torn)


def oldest(paths: Iterable[Path], *, torn: Torn | None = None) -> Iterator[JournalEntry]:
    """The same from the beginning of the last file on, each torn line counted with its number."""
    for path in reversed(tuple(paths)):
        with _opened(path) as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield from _entry(line, f"{path}:{number}", torn)


def find_code(code: str, paths: Iterable[Path], most: int = 20, torn: Torn | None = None) -> Iterator[JournalEntry]:
    """The entries with this code, the newest first, each as soon as it is found."""
    return islice((entry for entry in newest(paths, holding=code, torn=torn) if entry.code == code), most)


def find_near(
    etab: str, around: datetime, within: timedelta, paths: Iterable[Path], torn: Torn | None = None
) -> list[JournalEntry]:
    """The entries of one school near an instant, the oldest first."""
    near: list[JournalEntry] = []
    for path in paths:
        for entry in newest((path,), holding=etab, torn=torn):
            if entry.time < around - within - _DISORDER:
                break
            if entry.etab == etab and abs(entry.time - around) <= within:
                near.append(entry)
    return sorted(near, key=lambda entry: entry.time)


def unpack(packed: Path, out: IO[bytes]) -> str:
    """Write what can be unpacked of a file; why that is not all of it, or nothing. Raises OSError."""
    with gzip.open(packed) as file:
        try:
            # As much as comes at once: of a longer block, what comes before the flaw would be lost.
            while block := file.read1():
                out.write(block)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            return NO_GZIP if isinstance(error, gzip.BadGzipFile) and not file.tell() else CUT_SHORT
    return ""


def patterns_of(sink: FileSink) -> tuple[str, ...]:
    """What a sink's files are called, and what rotation makes of them, as patterns."""
    pattern = glob.escape(sink.path).replace("{day}", "*")
    return pattern, f"{pattern}.*", f"{pattern}-*"


def _written(sink: FileSink) -> tuple[Path, ...]:
    """A sink's files and what rotation made of them (`.1`, `.2.gz`, `-20210315.gz`), by their last change."""
    # A day may stand in a folder's name too, which Path.glob would have to be told apart.
    names = {name for pattern in patterns_of(sink) for name in glob.glob(pattern)}  # noqa: PTH207
    return by_age(map(Path, names))


def _rotations(path: Path) -> int:
    number = _ROTATED.search(path.name)
    return int(number[1]) if number else 0


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _entry(line: bytes, place: str, torn: Torn | None) -> Iterator[JournalEntry]:
    try:
        yield from_line(line, place)
    except JournalError as error:
        if torn is not None:
            torn.add(error)
        # What a full disk left of a line may stand before a whole one that another worker wrote.
        whole = line.rfind(b'{"time":')
        if whole > 0:
            yield from _entry(line[whole:], place, None)


def _opened(path: Path) -> IO[bytes]:
    try:
        return _unpacked(path) if path.suffix == ".gz" else path.open("rb")
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror or error}") from error


def _unpacked(path: Path) -> IO[bytes]:
    plain = tempfile.SpooledTemporaryFile(max_size=_UNPACKED)  # noqa: SIM115 (whoever reads it closes it)
    try:
        # Of one that is cut short the last line is torn, as in a file that is not packed.
        if unpack(path, plain) == NO_GZIP:
            raise JournalError(f"{path}: {NO_GZIP}")
    except (OSError, JournalError):
        plain.close()
        raise
    plain.seek(0)
    return plain


def _lines_backwards(file: IO[bytes], needle: bytes, end: int | None) -> Iterator[bytes]:
    position, tail = file.seek(0, os.SEEK_END) if end is None else end, b""
    while position > 0:
        start = max(0, position - _BLOCK)
        file.seek(start)
        block = file.read(position - start) + tail
        # What stands before the first newline may have begun in the block before.
        tail, _, lines = block.partition(b"\n") if start else (b"", b"", block)
        if needle in lines:
            yield from (line for line in reversed(lines.split(b"\n")) if line and needle in line)
        position = start
