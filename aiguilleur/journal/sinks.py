"""Where entries go; a sink that fails is counted and never breaks a visit."""

from __future__ import annotations

import contextlib
import errno
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

#: After a failure, a sink is left alone for this long, and stderr for the longer time; in seconds.
_RETRY_S, _COMPLAIN_S = 5.0, 60.0


class Sink(Protocol):
    """Takes entries; what it raises, the journal catches and counts."""

    def write(self, entry: JournalEntry) -> None:
        """Keep or show one entry."""


@dataclass(frozen=True, slots=True)
class StdoutSink:
    """A line on standard output, for people or for a machine."""

    format: Literal["text", "json"] = "text"

    def write(self, entry: JournalEntry) -> None:
        """One line, at once."""
        line = readable(entry) if self.format == "text" else entry.line()
        # Under LANG=C an arrow is not worth an entry.
        charset = sys.stdout.encoding or "utf-8"
        sys.stdout.write(line.encode(charset, "replace").decode(charset) + "\n")
        sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class FileSink:
    """JSON lines in a file, one write per line, so that workers can share it; `{day}` (UTC) in the path makes it daily.

    A file that was renamed or removed is made again at the next entry, without any signal.
    """

    path: str
    #: By process: what a fork inherits, its lock included, is not its own.
    _appenders: dict[int, _Appender] = field(default_factory=dict, init=False, repr=False, compare=False)

    def write(self, entry: JournalEntry) -> None:
        """Append the line; OSError when it could not be written whole."""
        line = (entry.line() + "\n").encode("ascii")
        path = self.path.replace("{day}", entry.time.date().isoformat())
        pid = os.getpid()
        # dict.setdefault is one step: all threads of a process get the same one.
        appender = self._appenders.get(pid) or self._appenders.setdefault(pid, _Appender())
        appender.append(path, line)


class _Appender:
    """One process's descriptor of the file; the lock keeps a thread from writing to a number that was just closed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._name, self._path = "", Path()
        self._descriptor: int | None = None
        self._torn = False

    def __del__(self) -> None:
        """A sink that no configuration names any longer gives its file back."""
        self._close()

    def append(self, path: str, line: bytes) -> None:
        with self._lock:
            descriptor = self._open(path)
            whole = b"\n" + line if self._torn else line
            try:
                self._torn = os.write(descriptor, whole) < len(whole)
            except OSError:
                self._close()
                raise
            if self._torn:
                # A disk that fills up tears a line: end it, now or before the next one, which then stays whole.
                with contextlib.suppress(OSError):
                    self._torn = os.write(descriptor, b"\n") != 1
                raise OSError(errno.ENOSPC, "only a part of the line was written")

    def _open(self, path: str) -> int:
        if self._descriptor is not None and self._name == path and self._is_current():
            return self._descriptor
        self._close()
        self._name, self._path = path, Path(path)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        return self._descriptor

    def _is_current(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._descriptor or 0), self._path.stat())
        except OSError:
            return False

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(descriptor)


#: By the `kind` that names it in `aiguilleur.yaml`; a sink's fields are its settings.
SINK_KINDS: Mapping[str, type[FileSink] | type[StdoutSink]] = {"file": FileSink, "stdout": StdoutSink}


class Journal:
    """Hands each entry to every sink and counts what was lost."""

    def __init__(self, sinks: Iterable[Sink] = ()) -> None:
        """The sinks in the order configured."""
        self._sinks = dict(_named(sinks))
        self._counting = threading.Lock()
        self._silent_until: dict[str, float] = {}
        self._complained: dict[str, float] = {}
        #: Entries lost so far in this process, by sink: its class, with a number from the second of a class on.
        self.dropped: Counter[str] = Counter()

    def write(self, entry: JournalEntry) -> None:
        """Write to every sink; a failing one is left alone for five seconds."""
        for name, sink in self._sinks.items():
            now = time.monotonic()
            if now < self._silent_until.get(name, now):
                self._count(name)
                continue
            try:
                sink.write(entry)
            except Exception as error:  # whatever a sink raises, the visitor must arrive
                self._lost(name, error, now)

    def _lost(self, name: str, error: Exception, now: float) -> None:
        self._count(name)
        self._silent_until[name] = now + _RETRY_S
        if now - self._complained.get(name, now - _COMPLAIN_S) < _COMPLAIN_S:
            return
        self._complained[name] = now
        with contextlib.suppress(OSError, ValueError, AttributeError):
            lost = f"{self.dropped[name]} lost so far"
            sys.stderr.write(f"aiguilleur: the journal cannot be written ({name}, {lost}): {error}\n")

    def _count(self, name: str) -> None:
        with self._counting:
            self.dropped[name] += 1


def _named(sinks: Iterable[Sink]) -> Iterable[tuple[str, Sink]]:
    seen: Counter[str] = Counter()
    for sink in sinks:
        name = type(sink).__name__
        seen[name] += 1
        yield (name if seen[name] == 1 else f"{name}-{seen[name]}"), sink
