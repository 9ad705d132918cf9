"""Sockets that obey a wall clock: no byte is waited for beyond the deadline, however a server drips its answer.

A socket's own timeout bounds the silence between two bytes, so that a slow answer may last for ever. Here each read and
each write gets what is left of the whole. Deadlines are instants of `time.monotonic()`, lengths are in seconds.
"""

from __future__ import annotations

import ipaddress
import math
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, TypeAlias

_Address: TypeAlias = tuple[Any, ...]
_Addresses: TypeAlias = Sequence[tuple[int, int, int, str, _Address]]


class UnreachableError(OSError):
    """No address of a host accepts a connection."""


def left(deadline: float) -> float:
    """The seconds before the deadline; TimeoutError when there are none."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("the time is over")
    return seconds


class TimedSocket(socket.socket):
    """A socket with a deadline; HTTP reads through `recv_into` and writes through the other two."""

    deadline = math.inf

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        """Read, in what is left."""
        self.settimeout(left(self.deadline))
        return super().recv_into(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:
        """Write some, in what is left."""
        self.settimeout(left(self.deadline))
        return super().send(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        """Write all, in what is left."""
        self.settimeout(left(self.deadline))
        super().sendall(*args, **kwargs)


class TimedTlsSocket(TimedSocket, ssl.SSLSocket):
    """The same over TLS; the timeout of the socket that it wraps bounds its handshake as a whole."""


def connect(host: str, port: int, deadline: float) -> TimedSocket:
    """A connection to the first address of the host that accepts one.

    Each address gets half of the time left and the last all of it, so that a broken first one (IPv6, often) is not the
    end. Raises socket.gaierror, TimeoutError or UnreachableError.
    """
    addresses = _addresses(host, port, deadline)
    error: OSError = UnreachableError("no address")
    for family, kind, protocol, _, address in addresses:
        sock = TimedSocket(family, kind, protocol)
        try:
            sock.settimeout(left(deadline) / (1 if address == addresses[-1][-1] else 2))
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(left(deadline))
        except OSError as failure:
            sock.close()
            error = failure
            continue
        sock.deadline = deadline
        return sock
    if isinstance(error, TimeoutError):
        raise error
    raise UnreachableError("no address accepts a connection") from error


#: Look-ups in flight: a resolver that stalls holds one thread per name, whatever the number of visitors.
_pending: dict[tuple[str, int], Future[_Addresses]] = {}
_lock = threading.Lock()


def _addresses(host: str, port: int, deadline: float) -> _Addresses:
    """The addresses of a host; `socket.gaierror` when there is none, or none in time."""
    if _is_literal(host):
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    within = left(deadline)
    with _lock:
        future = _pending.get((host, port)) or _begin(host, port)
    try:
        return future.result(within)
    except TimeoutError:
        raise socket.gaierror(socket.EAI_AGAIN, "the resolver does not answer in time") from None


def _begin(host: str, port: int) -> Future[_Addresses]:
    """A look-up under way; the lock is held, so that it cannot end before it is kept."""
    future: Future[_Addresses] = Future()
    # getaddrinfo takes no timeout and cannot be interrupted; so it is left to itself.
    thread = threading.Thread(target=_look_up, args=(host, port, future), name=f"dns-{host}", daemon=True)
    try:
        thread.start()
    except RuntimeError:
        # The system gives no more threads. Nobody would end what the next callers wait for.
        raise socket.gaierror(socket.EAI_AGAIN, "no thread to look the name up") from None
    _pending[host, port] = future
    return future


def _look_up(host: str, port: int, future: Future[_Addresses]) -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except Exception as error:
        # Whatever it is: all who ask for this name wait for its end.
        failure = socket.gaierror(getattr(error, "errno", None) or socket.EAI_FAIL, "the name does not resolve")
        _forget(host, port)
        future.set_exception(failure)
    else:
        _forget(host, port)
        future.set_result(found)


def _forget(host: str, port: int) -> None:
    with _lock:
        _pending.pop((host, port), None)


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
