"""Where entries go; a sink that fails is counted and never breaks a visit."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from aiguilleur.journal.entry import JournalEntry
from aiguilleur.journal.readable import readable

#: After a failure, the disk is left alone for this long, and stderr for the longer time; in seconds.
_RETRY_S, _COMPLAIN_S = 5.0, 60.0


class Sink(Protocol):
    """Takes entries; may raise OSError, which the journal counts."""

    def write(self, entry: JournalEntry) -> None:
        """Keep or show one entry."""


@dataclass(frozen=True, slots=True)
class StdoutSink:
    """A line on standard output, for people or for a machine."""

    format: Literal["text", "json"] = "text"

    def write(self, entry: JournalEntry) -> None:
        """One line, at once."""
        sys.stdout.write((readable(entry) if self.format == "text" else entry.line()) + "\n")
        sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class FileSink:
    """JSON lines in a file, one write per line, so that workers can share it; `{day}` in the path makes it daily."""

    path: str
    _open: dict[str, tuple[int, int, int]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)

    def write(self, entry: JournalEntry) -> None:
        """Append the line; the file is opened again when it was renamed, removed or inherited by a fork."""
        line = (entry.line() + "\n").encode("ascii")
        path = self.path.replace("{day}", entry.time.date().isoformat())
        with self._lock:
            written = os.write(self._descriptor(path), line)
            if written < len(line):
                # A full disk may tear a line: end it, so that the next one is whole.
                os.write(self._descriptor(path), b"\n")
                raise OSError("the line was torn")

    def _descriptor(self, path: str) -> int:
        held = self._open.get(path)
        if held:
            descriptor, inode, owner = held
            if owner == os.getpid() and _inode(path) == inode:
                return descriptor
            self._close(path, owned=owner == os.getpid())
        for old in list(self._open):
            self._close(old, owned=self._open[old][2] == os.getpid())
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        self._open[path] = descriptor, os.fstat(descriptor).st_ino, os.getpid()
        return descriptor

    def _close(self, path: str, *, owned: bool) -> None:
        descriptor = self._open.pop(path)[0]
        if owned:
            os.close(descriptor)


def _inode(path: str) -> int | None:
    try:
        return Path(path).stat().st_ino
    except OSError:
        return None


#: By the `kind` that names it in `aiguilleur.yaml`; a sink's fields are its settings.
SINK_KINDS: Mapping[str, type[FileSink] | type[StdoutSink]] = {"file": FileSink, "stdout": StdoutSink}


class Journal:
    """Hands each entry to every sink and counts what was lost."""

    def __init__(self, sinks: Iterable[Sink] = ()) -> None:
        """The sinks in the order configured."""
        self._sinks = tuple(sinks)
        self._silent_until: dict[int, float] = {}
        self._complained: dict[int, float] = {}
        #: Lost entries, by the kind of sink.
        self.dropped: Counter[str] = Counter()

    def write(self, entry: JournalEntry) -> None:
        """Write to every sink; a failing one is left alone for five seconds."""
        now = time.monotonic()
        for index, sink in enumerate(self._sinks):
            if now < self._silent_until.get(index, 0.0):
                self.dropped[type(sink).__name__] += 1
                continue
            try:
                sink.write(entry)
            except (OSError, ValueError) as error:
                self._lost(index, sink, error, now)

    def _lost(self, index: int, sink: Sink, error: Exception, now: float) -> None:
        self.dropped[type(sink).__name__] += 1
        self._silent_until[index] = now + _RETRY_S
        if now - self._complained.get(index, -_COMPLAIN_S) >= _COMPLAIN_S:
            self._complained[index] = now
            sys.stderr.write(f"aiguilleur: the journal cannot be written ({sink}): {error}\n")
