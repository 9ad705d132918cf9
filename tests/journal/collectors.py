"""Collectors of syslog that run in a thread of the test, and say what they were sent."""

from __future__ import annotations

import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

#: Seconds that a message may take on a machine shared by many.
PATIENCE_S = 20.0


class Collector:
    """What has come in, in order."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.came: queue.Queue[bytes] = queue.Queue()

    def messages(self, count: int) -> list[bytes]:
        """The next ones, once so many have come."""
        return [self.came.get(timeout=PATIENCE_S) for _ in range(count)]


@contextmanager
def datagrams(path: Path | None = None) -> Iterator[Collector]:
    """A collector of datagrams, at a path or over UDP."""
    with socket.socket(socket.AF_UNIX if path else socket.AF_INET, socket.SOCK_DGRAM) as taking:
        taking.bind(str(path) if path else ("127.0.0.1", 0))
        taking.settimeout(PATIENCE_S)
        collector = Collector(str(path) if path else f"udp://127.0.0.1:{taking.getsockname()[1]}")

        def take() -> None:
            while message := taking.recv(65536):
                collector.came.put(message)

        thread = threading.Thread(target=take)
        thread.start()
        yield collector
        with socket.socket(taking.family, socket.SOCK_DGRAM) as end:
            end.sendto(b"", taking.getsockname())
        thread.join()


class Streams:
    """A collector of streams, whose connections can be cut."""

    def __init__(self, listening: socket.socket, tls: ssl.SSLContext | None) -> None:
        self._listening, self._tls = listening, tls
        port = listening.getsockname()[1]
        self.collector = Collector(f"{'tls' if tls else 'tcp'}://127.0.0.1:{port}")
        self._open: list[socket.socket] = []
        self.connections = 0
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def cut(self) -> None:
        """Hang up on everyone."""
        for each in self._open:
            # Also wakes the thread that reads it.
            each.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def end(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._read, args=(plain,), daemon=True).start()

    def _read(self, plain: socket.socket) -> None:
        try:
            stream = self._tls.wrap_socket(plain, server_side=True) if self._tls else plain
        except OSError:
            plain.close()
            return
        self._open.append(stream)
        with stream, stream.makefile("rb") as reader:
            while (digits := _length(reader.read)) is not None:
                self.collector.came.put(reader.read(digits))


def _length(read: Callable[[int], bytes]) -> int | None:
    """The number before a frame (RFC 6587, 3.4.1); None at the end."""
    digits = b""
    try:
        while (each := read(1)) not in (b" ", b""):
            digits += each
    except OSError:
        return None
    return int(digits) if digits else None


@contextmanager
def streams(certificate: Path | None = None, port: int = 0) -> Iterator[Streams]:
    """A collector over TCP, or over TLS with this certificate."""
    tls = None
    if certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", port)) as listening:
        running = Streams(listening, tls)
        try:
            yield running
        finally:
            running.end()
