"""The thread that sends messages, so that no visit waits for a network."""

from __future__ import annotations

import atexit
import errno
import logging
import queue
import socket
import threading
import time

from aiguilleur.journal.sinks.syslog.way import Way

_LOGGER = logging.getLogger("aiguilleur.journal")
#: Messages that wait, at most: half a megabyte.
_WAITING = 1000
#: Seconds between two attempts, and those that a process that ends still gives to what waits.
_PAUSE_S, _FAREWELL_S = 1.0, 2.0


class Sender:
    """One process's way to a collector; its thread ends once nobody holds it any longer."""

    def __init__(self, way: Way) -> None:
        """Nothing is opened and no thread started before the first message."""
        self._line = _Line(way)
        self._starting = threading.Lock()
        self._started = False

    def __del__(self) -> None:
        """A sink that no configuration names any longer gives its thread back."""
        self._line.end()

    def take(self, message: bytes) -> None:
        """Take a message to send; BlockingIOError when too many wait already."""
        if not self._started:
            self._start()
        try:
            self._line.waiting.put_nowait(message)
        except queue.Full:
            raise BlockingIOError(errno.EAGAIN, "the collector does not keep up, or is away") from None

    def _start(self) -> None:
        with self._starting:
            if not self._started:
                threading.Thread(target=self._line.run, name="syslog", daemon=True).start()
                self._started = True


class _Line:
    """What the thread holds: what cannot be sent now is tried again, in order, until it can."""

    def __init__(self, way: Way) -> None:
        self.waiting: queue.Queue[bytes] = queue.Queue(_WAITING)
        self._way = way
        self._over = threading.Event()
        self._socket: socket.socket | None = None

    def run(self) -> None:
        atexit.register(self._farewell)
        while not self._over.is_set():
            try:
                message = self.waiting.get(timeout=_PAUSE_S)
            except queue.Empty:
                continue
            while not self._sent(message) and not self._over.wait(_PAUSE_S):
                pass
            self.waiting.task_done()
        self._close()
        atexit.unregister(self._farewell)

    def end(self) -> None:
        self._over.set()

    def _sent(self, message: bytes) -> bool:
        try:
            if self._socket is None:
                self._socket = self._way.open()
            self._way.send(self._socket, message)
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                # It will never be smaller.
                _LOGGER.error("an entry of %d bytes is too long for a datagram of syslog", len(message))
                return True
            self._close()
            return False
        return True

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _farewell(self) -> None:
        until = time.monotonic() + _FAREWELL_S
        while self.waiting.unfinished_tasks and time.monotonic() < until:
            time.sleep(0.02)
