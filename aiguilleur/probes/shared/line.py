"""One connection to the store: commands out, answers in, all of it before a deadline. The only user of redis-py."""

from __future__ import annotations

import errno
import math
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.connection import Connection
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from aiguilleur.errors import StoreError
from aiguilleur.probes.deadline import UnreachableError, connect, left
from aiguilleur.probes.shared.model import Place, Trouble

Command = Sequence[str | bytes | int]
#: None, too, for a value of another type than was asked for.
Reply = Any
#: The longest answers that we ask for have a tenth of it, in bytes.
_MOST_BYTES = 1 << 20
#: The first that fits one of the causes says it all.
_TROUBLES: tuple[tuple[type[BaseException], Trouble], ...] = (
    (redis.AuthenticationError, Trouble.AUTH),
    (redis.exceptions.NoPermissionError, Trouble.AUTH),
    (redis.OutOfMemoryError, Trouble.FULL),
    (redis.ReadOnlyError, Trouble.READ_ONLY),
    (redis.BusyLoadingError, Trouble.LOADING),
    (redis.ResponseError, Trouble.ERROR),
    (ssl.SSLError, Trouble.TLS),
    (socket.gaierror, Trouble.DNS),
    (TimeoutError, Trouble.TIMEOUT),
    (redis.TimeoutError, Trouble.TIMEOUT),
    (OverflowError, Trouble.PROTOCOL),
    (UnreachableError, Trouble.REFUSED),
    (ConnectionRefusedError, Trouble.REFUSED),
    (FileNotFoundError, Trouble.REFUSED),
    (PermissionError, Trouble.REFUSED),
    (OSError, Trouble.CLOSED),
    (redis.ConnectionError, Trouble.CLOSED),
)


class Line:
    """A connection that is open until it fails once; one thread at a time uses it."""

    def __init__(self, place: Place, password: str, within: float) -> None:
        """Connect, say who we are and choose the database, in so many seconds. Raises StoreError."""
        self._connection = _Connection(place, password, time.monotonic() + within)
        try:
            self._connection.connect()
        except Exception as error:
            raise self._lost(error) from None

    def ask(self, commands: Sequence[Command], within: float) -> list[Reply]:
        """The answers to these commands, in their order, in so many seconds. Raises StoreError, and is then closed."""
        try:
            self._connection.begin(time.monotonic() + within)
            self._connection.send_packed_command(self._connection.pack_commands(commands))
            return [self._answer() for _ in commands]
        except Exception as error:
            # Whatever a server says that is none, or the library makes of it, the store is lost and nothing else.
            raise self._lost(error) from None

    def close(self) -> None:
        """Hang up."""
        self._connection.disconnect()

    def _answer(self) -> Reply:
        try:
            return self._connection.read_response()
        except redis.ResponseError as error:
            # Somebody else's value under a name of ours: it is none, and the server is well.
            if str(error).startswith("WRONGTYPE"):
                return None
            raise

    def _lost(self, error: Exception) -> StoreError:
        self._connection.disconnect()
        causes = tuple(_causes(error))
        trouble = next(
            (told for kind, told in _TROUBLES if any(isinstance(cause, kind) for cause in causes)), Trouble.PROTOCOL
        )
        word = str(error).partition(" ")[0] if trouble is Trouble.ERROR else ""
        return StoreError(trouble, word if word.isascii() and word.isalpha() else "")


class _Bounded:
    """A socket that obeys the deadline of each exchange, and takes no endless answer."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.deadline = math.inf
        self.room = _MOST_BYTES

    def recv(self, size: int) -> bytes:
        self._sock.settimeout(left(self.deadline))
        if self.room <= 0:
            raise OverflowError("the answer is too long")
        data = self._sock.recv(min(size, self.room))
        self.room -= len(data)
        return data

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(left(self.deadline))
        self._sock.sendall(data)

    def shutdown(self, how: int) -> None:
        self._sock.shutdown(how)

    def close(self) -> None:
        self._sock.close()


class _Connection(Connection):
    """redis-py's, without what it does of its own accord: no retry, no ping, no introduction, no news of its server."""

    def __init__(self, place: Place, password: str, deadline: float) -> None:
        self._place = place
        self._deadline = deadline
        self._bounded: _Bounded | None = None
        super().__init__(
            host=place.host,
            port=place.port,
            db=place.database,
            username=place.username or None,
            password=password or None,
            socket_timeout=None,
            socket_connect_timeout=None,
            retry=Retry(NoBackoff(), 0),
            health_check_interval=0,
            driver_info=None,
            protocol=2,
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
        )

    def begin(self, deadline: float) -> None:
        """Give the next exchange its deadline."""
        if self._bounded is None:
            raise ConnectionResetError(errno.ECONNRESET, "closed")
        self._bounded.deadline, self._bounded.room = deadline, _MOST_BYTES

    def _connect(self) -> _Bounded:
        self._bounded = _Bounded(_opened(self._place, self._deadline))
        self.begin(self._deadline)
        return self._bounded


def _opened(place: Place, deadline: float) -> socket.socket:
    if place.path:
        return _local(place.path, deadline)
    # Without the deadline for connecting, which it would obey for ever: each exchange has its own.
    plain = socket.socket(fileno=connect(place.host, place.port, deadline).detach())
    if not place.tls:
        return plain
    try:
        plain.settimeout(left(deadline))
        return ssl.create_default_context(cafile=place.ca_file).wrap_socket(plain, server_hostname=place.host)
    except BaseException:
        plain.close()
        raise


def _local(path: str, deadline: float) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.settimeout(left(deadline))
        sock.connect(path)
    except BaseException:
        sock.close()
        raise
    return sock


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it came of."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
