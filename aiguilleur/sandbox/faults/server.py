"""A server on a port of its own, which answers, or fails, as it is told at that moment."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import repeat
from types import TracebackType

from aiguilleur.sandbox.faults.answers import LONGEST_S, Answer, answer_of, drips, says, silent
from aiguilleur.sandbox.faults.kinds import WITH_TLS, Fault
from aiguilleur.sandbox.faults.place import Place

_MOST_READ = 1024 * 1024
#: A record of TLS that announces much and brings little.
_BEFORE_TLS = {Fault.TLS_STALL: silent, Fault.TLS_DRIP: drips(b"\x16\x03\x03\x40\x00", b"\x02", 0.05)}


@dataclass(frozen=True, slots=True)
class _Era:
    """The time between two settings; connections belong to the one in which they were accepted."""

    fault: Fault
    over: threading.Event = field(default_factory=threading.Event)


class FaultServer:
    """A running server that keeps its port whatever happens, and what it heard, one request after the other.

    A fault that is set takes effect at once: answers that stall end, and connections that are kept are closed.
    """

    def __init__(
        self,
        *answers: Answer,
        respond: Callable[[str], Answer] | None = None,
        tls: Mapping[Fault, ssl.SSLContext] | None = None,
        elsewhere: str = "",
        host: str = "127.0.0.1",
    ) -> None:
        """While well, each connection gets these answers, one a request, and is closed after the last.

        Without any, `respond` chooses by the text of each request, and else all are told « 200 ». `tls` is by fault,
        with the good one under `well`; `elsewhere` is where `redirect-elsewhere` leads.
        """
        #: What every request said, head and body.
        self.heard: list[str] = []
        self.connections = 0
        self._answers, self._respond, self._tls, self._elsewhere = answers, respond, dict(tls or {}), elsewhere
        self._era = _Era(Fault.WELL)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._idle: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._place = Place(host)
        self.port = self._place.port
        self.url = f"{'https' if tls else 'http'}://{self._place.shown}/ts"
        self._begin(self._accept, self._place.listen())

    @property
    def fault(self) -> Fault:
        """What it does just now."""
        return self._era.fault

    @property
    def over(self) -> threading.Event:
        """Set once what it does just now is over."""
        return self._era.over

    def set(self, fault: Fault) -> None:
        """Behave so from now on; ValueError when this server cannot."""
        if fault in WITH_TLS and not self._tls:
            raise ValueError(f"{fault} needs a server with tls")
        if fault is Fault.REDIRECT_ELSEWHERE and not self._elsewhere:
            raise ValueError(f"{fault} needs an address elsewhere")
        with self._lock:
            before, self._era = self._era, _Era(fault)
            idle = tuple(self._idle)
        before.over.set()
        for connection in idle:
            _hang_up(connection)
        if before.fault is not fault and {before.fault, fault} & {Fault.REFUSED, Fault.SWALLOWED}:
            self._place.deafen()
            if fault is Fault.SWALLOWED:
                self._place.stuff()
            elif fault is not Fault.REFUSED:
                self._begin(self._accept, self._place.listen())

    def renew(self, tls: Mapping[Fault, ssl.SSLContext]) -> None:
        """Show these certificates from now on."""
        self._tls = dict(tls)
        self.set(self.fault)

    def sent(self, header: str) -> list[str]:
        """The values of one header, over all requests."""
        lines = (line for request in self.heard for line in request.split("\r\n"))
        return [line.partition(": ")[2] for line in lines if line.lower().startswith(f"{header.lower()}:")]

    def close(self) -> None:
        """End every connection and give the port back."""
        self._era.over.set()
        self._place.close()
        with self._lock:
            connections, threads = tuple(self._open), tuple(self._threads)
        for connection in connections:
            _hang_up(connection)
        for thread in threads:
            thread.join(2)

    def __enter__(self) -> FaultServer:
        """It runs already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def _begin(self, work: Callable[[socket.socket], None], sock: socket.socket) -> None:
        def run() -> None:
            try:
                work(sock)
            finally:
                with self._lock:
                    self._threads.discard(threading.current_thread())

        thread = threading.Thread(target=run, daemon=True, name=f"fault-{self.port}")
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            self._begin(self._talk, connection)

    def _talk(self, plain: socket.socket) -> None:
        era, opened = self._era, [plain]
        with self._lock:
            self._open.add(plain)
        try:
            plain.settimeout(LONGEST_S)
            with plain, suppress(OSError):
                if stalls := _BEFORE_TLS.get(era.fault):
                    stalls(plain, era.over)
                    return
                with self._secured(plain, era.fault) as connection:
                    # What TLS wraps is a socket no longer.
                    opened.append(connection)
                    with self._lock:
                        self._open.add(connection)
                    self._converse(connection, era)
        finally:
            with self._lock:
                self._open.difference_update(opened)

    def _secured(self, plain: socket.socket, fault: Fault) -> socket.socket:
        tls = self._tls.get(fault) or self._tls.get(Fault.WELL)
        return tls.wrap_socket(plain, server_side=True) if tls else plain

    def _converse(self, connection: socket.socket, era: _Era) -> None:
        for answer in self._scripted(era.fault):
            head = self._next(connection, era)
            if not head:
                return
            self.heard.append(head)
            (answer or self._chosen(head))(connection, era.over)

    def _scripted(self, fault: Fault) -> Iterator[Answer | None]:
        if fault is not Fault.WELL and fault not in WITH_TLS:
            return repeat(answer_of(fault, self._elsewhere))
        return iter(self._answers) if self._answers else repeat(None)

    def _chosen(self, head: str) -> Answer:
        return self._respond(head) if self._respond else says("200 OK", b"bonjour")

    def _next(self, connection: socket.socket, era: _Era) -> str:
        """The next request; nothing once the connection's time is over."""
        with self._lock:
            if self._era is not era:
                return ""
            self._idle.add(connection)
        try:
            return _heard(connection)
        finally:
            with self._lock:
                self._idle.discard(connection)


def _hang_up(connection: socket.socket) -> None:
    # Of the socket below TLS, whose own shutdown would pull the state from under the thread that reads.
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _heard(connection: socket.socket) -> str:
    """One request, with the body whose length it tells."""
    data = b""
    while not _is_whole(data) and len(data) < _MOST_READ:
        block = connection.recv(4096)
        if not block:
            break
        data += block
    return data.decode("latin-1")


def _is_whole(data: bytes) -> bool:
    head, end, body = data.partition(b"\r\n\r\n")
    told = re.search(rb"\r\ncontent-length: *([0-9]+)", head, re.I)
    return bool(end) and len(body) >= (int(told[1]) if told else 0)
