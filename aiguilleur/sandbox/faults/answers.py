"""What a server sends for a request, byte by byte if need be. Each answer ends by itself."""

from __future__ import annotations

import atexit
import gzip
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache

from aiguilleur.sandbox.faults.kinds import Fault
from aiguilleur.sandbox.faults.place import Place

#: Talks on a connection until it is done, or the event says that it is over.
Answer = Callable[[socket.socket, threading.Event], None]
#: However an answer stalls, it ends by then, in seconds.
LONGEST_S = 30.0
_BLOCK = b"x" * 65536
#: `l_onoff`, `l_linger` 0: close() resets the connection at once.
_AT_ONCE = b"\x01\x00\x00\x00\x00\x00\x00\x00"
_HTML = "text/html; charset=utf-8"
_NOISE = bytes(range(255, 0, -1)) * 4
_PICTURE = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_LOGIN = b"<!doctype html><html lang=fr><title>Connexion</title><form method=post><input name=login></form>"


def says(status: str, body: bytes = b"", **headers: str) -> Answer:
    """A whole answer with its length; `Retry_After="1"` names a header."""
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())

    def answer(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() + body)

    return answer


def drips(first: bytes, drop: bytes, every: float) -> Answer:
    """Sends a drop each so many seconds, never falling silent long enough for a timeout between two bytes."""

    def answer(connection: socket.socket, over: threading.Event) -> None:
        end = time.monotonic() + LONGEST_S
        connection.sendall(first)
        while not over.wait(every) and time.monotonic() < end:
            connection.sendall(drop)

    return answer


def floods(first: bytes, taken: list[int]) -> Answer:
    """Sends a body without end, and notes in `taken` how many bytes of it each connection took."""

    def answer(connection: socket.socket, over: threading.Event) -> None:
        end = time.monotonic() + LONGEST_S
        connection.sendall(first)
        taken.append(0)
        while not over.is_set() and time.monotonic() < end:
            connection.sendall(_BLOCK)
            taken[-1] += len(_BLOCK)

    return answer


def cut(data: bytes) -> Answer:
    """Sends this much and ends."""

    def answer(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)

    return answer


def silent(_: socket.socket, over: threading.Event) -> None:
    """Sends nothing."""
    over.wait(LONGEST_S)


def resets(connection: socket.socket, _: threading.Event) -> None:
    """Resets the connection in the middle of the first line."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    connection.sendall(b"HTTP/1.1 200 O")
    connection.close()


def resets_after(data: bytes) -> Answer:
    """Sends this much and resets the connection once it has been read."""

    def answer(connection: socket.socket, over: threading.Event) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        connection.sendall(data)
        over.wait(0.05)
        connection.close()

    return answer


def answer_of(fault: Fault, elsewhere: str = "") -> Answer:
    """What a server with this fault sends for a request; `elsewhere` is where it redirects to, if it does.

    KeyError for a fault that shows before a request is read.
    """
    match fault:
        case Fault.REDIRECT_ELSEWHERE:
            return says("302 Found", Location=elsewhere)
        case Fault.RESTING_DATE:
            until = datetime.now(UTC) + timedelta(seconds=120)
            return says("503 Service Unavailable", Retry_After=format_datetime(until, usegmt=True))
        case Fault.HUGE:
            return floods(b"HTTP/1.1 200 OK\r\n\r\n", [])
        case Fault.GZIP_BOMB:
            return says("200 OK", _bomb(), Content_Encoding="gzip")
        case _:
            return _ANSWERS[fault]


def closed_port() -> int:
    """A port where nobody listens, kept from everybody else for as long as this process runs."""
    return _closed().port


@cache
def _closed() -> Place:
    place = Place("127.0.0.1")
    atexit.register(place.close)
    return place


@cache
def _bomb() -> bytes:
    # RFC 1952 2.2: members may follow one another, so that a small one is enough to make.
    return gzip.compress(bytes(10_000_000)) * 20


_ANSWERS = {
    Fault.SILENT: silent,
    Fault.SLOW_HEADERS: drips(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a", 0.1),
    Fault.SLOW_BODY: drips(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n", b"a", 0.3),
    Fault.ENDLESS_CONTINUE: drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.01),
    Fault.RESET_IN_HEADERS: resets,
    Fault.RESET_IN_BODY: resets_after(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\nbonjour"),
    Fault.ERROR_500: says("500 Internal Server Error"),
    Fault.ERROR_502: says("502 Bad Gateway"),
    Fault.THROTTLED: says("429 Too Many Requests"),
    Fault.THROTTLED_120: says("429 Too Many Requests", Retry_After="120"),
    Fault.RESTING_120: says("503 Service Unavailable", Retry_After="120"),
    Fault.RESTING_GARBAGE: says("503 Service Unavailable", Retry_After="un peu plus tard"),
    Fault.RESTING_FOREVER: says("503 Service Unavailable", Retry_After="1000000000"),
    Fault.NOISE: says("200 OK", _NOISE, Content_Type=_HTML),
    Fault.WRONG_TYPE: says("200 OK", _PICTURE, Content_Type="image/png"),
    Fault.LOGIN_PAGE: says("200 OK", _LOGIN, Content_Type=_HTML),
    # The very page that was asked for, whatever it was.
    Fault.REDIRECT_LOOP: says("302 Found", Location="?encore"),
}
