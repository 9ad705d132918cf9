"""A server on a real socket that answers each request as a test says, byte by byte if need be."""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Answer = Callable[[socket.socket, threading.Event], None]
BLOCK = b"x" * 65536


class Wire:
    """A running test server and what it heard, one request after the other."""

    def __init__(self, answers: tuple[Answer, ...], tls: ssl.SSLContext | None) -> None:
        self.heard: list[str] = []
        self.connections = 0
        self.over = threading.Event()
        self._answers = answers
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/ts"

    def sent(self, header: str) -> list[str]:
        """The values of one header, over all requests."""
        lines = (line for request in self.heard for line in request.split("\r\n"))
        return [line.partition(": ")[2] for line in lines if line.lower().startswith(f"{header.lower()}:")]

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def close(self) -> None:
        self.over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _talk(self, plain: socket.socket) -> None:
        with plain:
            try:
                with self._tls.wrap_socket(plain, server_side=True) if self._tls else plain as connection:
                    self._answer(connection)
            except OSError:
                return

    def _answer(self, connection: socket.socket) -> None:
        for answer in self._answers:
            if not (head := heard(connection)):
                return
            self.heard.append(head)
            answer(connection, self.over)


@contextmanager
def serving(*answers: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Wire]:
    """Each connection gets these answers, one a request, and is closed after the last."""
    wire = Wire(answers, tls)
    threading.Thread(target=wire.accept, daemon=True).start()
    try:
        yield wire
    finally:
        wire.close()


def heard(connection: socket.socket) -> str:
    """One request, with the body whose length it tells."""
    data = b""
    while not _is_whole(data):
        block = connection.recv(4096)
        if not block:
            break
        data += block
    return data.decode("latin-1")


def _is_whole(data: bytes) -> bool:
    head, end, body = data.partition(b"\r\n\r\n")
    told = re.search(rb"\r\ncontent-length: *([0-9]+)", head, re.I)
    return bool(end) and len(body) >= (int(told[1]) if told else 0)


def says(status: str, body: bytes = b"", **headers: str) -> Answer:
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())

    def answer(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() + body)

    return answer


def drips(first: bytes, drop: bytes, every: float) -> Answer:
    """Sends a drop at a time, never falling silent long enough for a timeout between two bytes."""

    def answer(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(first)
        while not over.wait(every):
            connection.sendall(drop)

    return answer


def floods(first: bytes, taken: list[int]) -> Answer:
    """Sends a body without end, and notes how much of it was taken."""

    def answer(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(first)
        taken.append(0)
        while not over.is_set():
            connection.sendall(BLOCK)
            taken[-1] += len(BLOCK)

    return answer


def cut(data: bytes) -> Answer:
    """Sends this much and closes."""

    def answer(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)

    return answer


def silent(_: socket.socket, over: threading.Event) -> None:
    over.wait(30)


def resets(connection: socket.socket, _: threading.Event) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.sendall(b"HTTP/1.1 200 O")
    connection.close()


def resets_after(data: bytes) -> Answer:
    """Sends this much and resets the connection once it has been read."""

    def answer(connection: socket.socket, over: threading.Event) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        connection.sendall(data)
        over.wait(0.05)
        connection.close()

    return answer


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def waited(began: float) -> float:
    return time.monotonic() - began
