"""The journal as it is being written."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from aiguilleur.errors import JournalError
from aiguilleur.journal.entry import JournalEntry, from_line

_PAUSE_S = 0.3


def follow(
    latest: Callable[[], Path | None], *, since: int = 0, pause: Callable[[float], None] = time.sleep
) -> Iterator[JournalEntry]:
    """Each entry once it is written, through rotation, truncation and new days; it never ends by itself.

    `latest` gives the file that is written to now, and `since` how much of it is known already, in bytes.
    """
    file: IO[bytes] | None = None
    rest, idle = b"", False
    try:
        while True:
            if file is None:
                file, rest = _open(latest(), since), b""
                since = 0
            if file and (written := file.read()):
                *lines, rest = (rest + written).split(b"\n")
                yield from _entries(lines)
                idle = False
                continue
            # A writer may still be at the file that was just renamed: it is left after a second look.
            if file and idle and _is_over(file, latest()):
                file.close()
                file, idle = None, False
                continue
            idle = True
            pause(_PAUSE_S)
    finally:
        if file:
            file.close()


def _open(path: Path | None, since: int) -> IO[bytes] | None:
    try:
        file = path.open("rb") if path else None
    except OSError:
        return None
    if file:
        file.seek(since)
    return file


def _is_over(file: IO[bytes], path: Path | None) -> bool:
    """Whether entries go elsewhere now: to another file, or to this one cut back."""
    here = os.fstat(file.fileno())
    try:
        return here.st_size < file.tell() or bool(path and not os.path.samestat(here, path.stat()))
    except OSError:
        return False


def _entries(lines: list[bytes]) -> Iterator[JournalEntry]:
    for line in lines:
        try:
            yield from_line(line)
        except JournalError:
            # Reading the file again counts it; here the next line matters.
            continue
