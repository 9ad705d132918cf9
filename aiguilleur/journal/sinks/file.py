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
        line = (entry.line() + "\n").encode("ascii")
        path = self.path.replace("{day}", entry.time.date().isoformat())
        pid = os.getpid()
        # dict.setdefault is one step: all threads of a process get the same one.
        appender = self._appenders.get(pid) or self._appenders.setdefault(pid, _Appender(self.max_bytes, self.keep))
        appender.append(path, line)


class _Appender:
    """One process's descriptor of the file; the lock keeps a thread from writing to a number that was just closed."""

    def __init__(self, max_bytes: int, keep: int) -> None:
        self._lock = threading.Lock()
        self._max_bytes, self._keep = max_bytes, keep
        self._name, self._path = "", Path()
        self._descriptor: int | None = None
        self._size = 0
        self._trusted_until = 0.0
        self._torn = self._stuck = False

    def __del__(self) -> None:
        """A sink that no configuration names any longer gives its file back."""
        self._close()

    def append(self, path: str, line: bytes) -> None:
        with self._lock:
            descriptor = self._open(path)
            if self._max_bytes and self._size and self._size + len(line) > self._max_bytes and not self._stuck:
                self._rotate(descriptor)
                self._trusted_until = 0.0
                descriptor = self._open(path)
            whole = b"\n" + line if self._torn else line
            try:
                self._torn = os.write(descriptor, whole) < len(whole)
                self._size += len(whole)
            except BlockingIOError:
                raise
            except OSError:
                self._close()
                raise
            if self._torn:
                # A disk that fills up tears a line: end it, now or before the next one, which then stays whole.
                with contextlib.suppress(OSError):
                    self._torn = os.write(descriptor, b"\n") != 1
                raise OSError(errno.ENOSPC, "only a part of the line was written")

    def _open(self, path: str) -> int:
        if self._descriptor is not None and self._name == path:
            now = time.monotonic()
            if now < self._trusted_until:
                return self._descriptor
            self._trusted_until = now + _TRUST_S
            if self._is_current():
                return self._descriptor
        self._close()
        self._name, self._path = path, Path(path)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, _FLAGS, 0o640)
        self._size = os.fstat(self._descriptor).st_size
        self._stuck = False
        return self._descriptor

    def _is_current(self) -> bool:
        try:
            held = os.fstat(self._descriptor or 0)
            self._size = held.st_size
            return os.path.samestat(held, self._path.stat())
        except OSError:
            return False

    def _rotate(self, descriptor: int) -> None:
        """Rename the full file, unless another process is about to: lines then go where it still is, or anew.

        Renaming it is the last step, so that no other process begins before this one has done.
        """
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return
        if not self._is_current():
            return
        try:
            for number in range(self._keep - 1, 0, -1):
                with contextlib.suppress(FileNotFoundError):
                    Path(f"{self._name}.{number}").replace(f"{self._name}.{number + 1}")
            self._path.replace(f"{self._name}.1")
        except OSError as error:
            # A line too many is better than a line lost.
            self._stuck = True
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            _LOGGER.error("%s is full and cannot be renamed: %s", self._name, error.strerror)

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(descriptor)
