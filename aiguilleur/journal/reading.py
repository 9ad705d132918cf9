"""Reading the journal back, newest first, without loading it whole."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from aiguilleur.errors import JournalError
from aiguilleur.journal.entry import JournalEntry, from_line
from aiguilleur.journal.sinks import FileSink

_BLOCK = 1 << 16


def paths_in(sinks: Iterable[Any], given: Path | None = None) -> tuple[Path, ...]:
    """The journal's files, newest first: the one given, else those that the configured sinks write."""
    if given:
        return (given,)
    found: list[Path] = []
    for sink in sinks:
        if isinstance(sink, FileSink):
            path = Path(sink.path.replace("{day}", "*"))
            found += [each for pattern in ("", ".*") for each in path.parent.glob(path.name + pattern)]
    return tuple(sorted(found, key=lambda path: path.stat().st_mtime, reverse=True))


def newest(paths: Iterable[Path]) -> Iterator[JournalEntry]:
    """Every entry, the newest first; torn lines are passed over."""
    for path in paths:
        for line in _lines_backwards(path):
            try:
                yield from_line(line.decode("ascii", "replace"), str(path))
            except JournalError:
                continue


def find_code(code: str, paths: Iterable[Path], most: int = 20) -> Iterator[JournalEntry]:
    """The entries with this code, the newest first."""
    return islice((entry for entry in newest(paths) if entry.code == code), most)


def find_near(etab: str, around: datetime, within: timedelta, paths: Iterable[Path]) -> list[JournalEntry]:
    """The entries of one school near an instant, the oldest first."""
    near = [entry for entry in newest(paths) if entry.etab == etab and abs(entry.time - around) <= within]
    return sorted(near, key=lambda entry: entry.time)


def _lines_backwards(path: Path) -> Iterator[bytes]:
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as packed:
                yield from reversed(packed.read().splitlines())
            return
        with path.open("rb") as file:
            yield from _blocks_backwards(file)
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror or error}") from error


def _blocks_backwards(file: Any) -> Iterator[bytes]:
    end, tail = file.seek(0, os.SEEK_END), b""
    while end > 0:
        start = max(0, end - _BLOCK)
        file.seek(start)
        lines = (file.read(end - start) + tail).split(b"\n")
        tail = lines[0]
        yield from (line for line in reversed(lines[1:]) if line)
        end = start
    if tail:
        yield tail
