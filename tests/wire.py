"""A server on a real socket that answers each connection as a test says, byte by byte if need be."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Answer = Callable[[socket.socket, threading.Event], None]


class Wire:
    """What a running test server heard."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.heard: list[str] = []
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/ts"


@contextmanager
def serving(answer: Answer) -> Iterator[Wire]:
    listener = socket.create_server(("127.0.0.1", 0))
    wire = Wire(listener.getsockname()[1])

    def one(connection: socket.socket) -> None:
        with connection:
            try:
                wire.heard.append(heard(connection))
                answer(connection, wire.over)
            except OSError:
                return

    def loop() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()
    try:
        yield wire
    finally:
        wire.over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def heard(connection: socket.socket) -> str:
    data = b""
    while b"\r\n\r\n" not in data:
        block = connection.recv(4096)
        if not block:
            break
        data += block
    return data.decode("latin-1")


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


def cut(data: bytes) -> Answer:
    """Sends this much and closes."""

    def answer(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(data)

    return answer


def silent(_: socket.socket, over: threading.Event) -> None:
    over.wait(30)


def resets(connection: socket.socket, _: threading.Event) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.sendall(b"HTTP/1.1 200 O")


def waited(began: float) -> float:
    return time.monotonic() - began
