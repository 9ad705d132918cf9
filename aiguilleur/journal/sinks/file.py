"""A file of JSON lines that the threads and processes of a service, and a rotator outside it, may share."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from aiguilleur.journal.entry import JournalEntry

_LOGGER = logging.getLogger("aiguilleur.journal")
#: A smaller file would be changed at every few lines.
_LEAST_BYTES = 10_000
#: For so many seconds after a look, the file is taken to be where it was: a look at each line costs as much as the
#: line, because it lets other threads in. What is written meanwhile goes to the renamed file, and is not lost.
_TRUST_S = 0.05
#: A named pipe without a reader says so at once instead of being waited for; a file does not mind.
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK


@dataclass(frozen=True, slots=True)
class FileSink:
    """JSON lines in a file, one write per line, so that workers can share it; `{day}` (UTC) in the path makes it daily.

    A file that was renamed or removed is made again within a twentieth of a second, without any signal. One that has
    grown beyond `max_bytes` is renamed to `.1`, the one before to `.2`, and so on; `keep` of them stay.
    """

    path: str
    #: 0 leaves the size to others.
    max_bytes: int = 0
    keep: int = 10
    #: By process: what a fork inherits, its lock included, is not its own.
    _appenders: dict[int, _Appender] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """ValueError when the sizes make no sense."""
        if self.max_bytes and self.max_bytes < _LEAST_BYTES:
            raise ValueError(f"max_bytes is under {_LEAST_BYTES}")
        if not 1 <= self.keep <= 1000:
            raise ValueError("keep is not between 1 and 1000 files")

    def write(self, entry: JournalEntry) -> None:
        """Append the line; OSError when it could not be written whole."""
        line = entry.encoded() + b"\n"
        appender = self._appenders.get(_process.id)
        if appender is None:
            # dict.setdefault is one step: all threads of a process get the same one.
            appender = self._appenders.setdefault(_process.id, _Appender(self.path, self.max_bytes, self.keep))
        appender.append(entry.time, line)


class _Process:
    """This process: to ask the kernel at each line takes longer than to be told of each fork, by Python itself."""

    def __init__(self) -> None:
        self.note()
        os.register_at_fork(after_in_child=self.note)

    def note(self) -> None:
        self.id = os.getpid()


_process = _Process()


class _Appender:
    """One process's hold on the file; lines are written without a lock, which threads would queue at."""

    def __init__(self, path: str, max_bytes: int, keep: int) -> None:
        #: Around each look at the file, each opening, each rotation, and the end of a torn line.
        self._lock = threading.Lock()
        self._path, self._max_bytes, self._keep = path, max_bytes, keep
        self._is_daily = "{day}" in path
        #: Whether each line may belong elsewhere than the one before.
        self._is_strict = self._is_daily or max_bytes > 0
        self._file: _File | None = None
        self._size = 0
        self._trusted_until = 0.0
        self._torn = self._stuck = False

    def append(self, at: datetime, line: bytes) -> None:
        try:
            file = self._file
            if file is None or self._is_strict or self._torn or time.monotonic() >= self._trusted_until:
                file = self._ready(at, line)
            written = os.write(file.descriptor, line)
        except BlockingIOError:
            raise
        except OSError:
            self._file = None
            raise
        self._size += written
        if written < len(line):
            # A disk that fills up tears a line: end it, now or before the next one, which then stays whole.
            with self._lock:
                self._torn = True
                with contextlib.suppress(OSError):
                    self._end_torn(file)
            raise OSError(errno.ENOSPC, "only a part of the line was written")

    def _ready(self, at: datetime, line: bytes) -> _File:
        """The file that is to hold the line, at the beginning of a line."""
        path = self._path.replace("{day}", at.date().isoformat()) if self._is_daily else self._path
        file = self._file
        if file is None or self._torn or path != file.name or time.monotonic() >= self._trusted_until:
            with self._lock:
                file = self._open(path)
                if self._torn:
                    self._end_torn(file)
        if self._max_bytes and self._is_too_long(line):
            file = self._made_room(path, line)
        return file

    def _end_torn(self, file: _File) -> None:
        """End the torn line; while the disk is still full, it stays torn."""
        self._torn = os.write(file.descriptor, b"\n") != 1

    def _is_too_long(self, line: bytes) -> bool:
        return self._size > 0 and self._size + len(line) > self._max_bytes and not self._stuck

    def _made_room(self, path: str, line: bytes) -> _File:
        with self._lock:
            file = self._open(path)
            # Another thread may have made room.
            if self._is_too_long(line):
                self._rotate(file)
                self._trusted_until = 0.0
                file = self._open(path)
            return file

    def _open(self, path: str) -> _File:
        held = self._file
        if held is not None and held.name == path:
            now = time.monotonic()
            if now < self._trusted_until:
                return held
            self._trusted_until = now + _TRUST_S
            if self._is_current(held):
                return held
        self._file = held = None
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        file = _File(path, os.open(path, _FLAGS, 0o640))
        self._size = os.fstat(file.descriptor).st_size
        self._stuck = False
        self._file = file
        return file

    def _is_current(self, file: _File) -> bool:
        try:
            held = os.fstat(file.descriptor)
            self._size = held.st_size
            return os.path.samestat(held, Path(file.name).stat())
        except OSError:
            return False

    def _rotate(self, file: _File) -> None:
        """Rename the full file, unless another process is about to: lines then go where it still is, or anew.

        Renaming it is the last step, so that no other process begins before this one has done.
        """
        try:
            fcntl.flock(file.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return
        if not self._is_current(file):
            return
        try:
            for number in range(self._keep - 1, 0, -1):
                with contextlib.suppress(FileNotFoundError):
                    Path(f"{file.name}.{number}").replace(f"{file.name}.{number + 1}")
            Path(file.name).replace(f"{file.name}.1")
        except OSError as error:
            # A line too many is better than a line lost.
            self._stuck = True
            fcntl.flock(file.descriptor, fcntl.LOCK_UN)
            _LOGGER.error("%s is full and cannot be renamed: %s", file.name, error.strerror)


class _File:
    """An open file, closed when the last thread that writes to it has done: no other file gets its number before."""

    __slots__ = ("descriptor", "name")

    def __init__(self, name: str, descriptor: int) -> None:
        self.name, self.descriptor = name, descriptor

    def __del__(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self.descriptor)
