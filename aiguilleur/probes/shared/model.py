"""Where the shared store is, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qs, unquote, urlsplit

_PORT = 6379
_MOST_DATABASES = 16384


class Trouble(StrEnum):
    """Why the store cannot be used."""

    #: Nobody has connected yet.
    UNCONNECTED = "unconnected"
    REFUSED = "refused"
    DNS = "dns"
    TLS = "tls"
    TIMEOUT = "timeout"
    CLOSED = "closed"
    #: No password, a wrong one, or a user that may not do what is asked.
    AUTH = "auth"
    FULL = "full"
    READ_ONLY = "read-only"
    LOADING = "loading"
    #: What it says is no answer of the protocol, or far too long.
    PROTOCOL = "protocol"
    #: It refuses, for a reason that is none of these; the log has its word for it.
    ERROR = "error"


class StoreState(StrEnum):
    """Whether a process uses the store."""

    OK = "ok"
    #: Left alone for a while, as an open circuit.
    OPEN = "open"
    #: The settings name none.
    OFF = "off"


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """How the store stands for one process, for `/readyz`."""

    state: StoreState = StoreState.OFF
    reason: Trouble | None = None
    #: Seconds until it is tried again.
    again_in_s: int = 0
    #: Exchanges that failed since the configuration was read.
    errors: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """A value of the store, and for how many seconds more it counts: durations agree where clocks do not."""

    value: bytes
    left_s: float


@dataclass(frozen=True, slots=True)
class Place:
    """A server of the protocol, and the names that are ours there."""

    #: Of a TCP address; empty with a `path`.
    host: str = ""
    port: int = _PORT
    #: Of a Unix socket.
    path: str = ""
    database: int = 0
    username: str = ""
    tls: bool = False
    ca_file: str | None = None
    prefix: str = "aiguilleur"

    def __str__(self) -> str:
        """As it is named in the log."""
        return self.path or f"{self.host}:{self.port}"


def place_of(url: str, *, prefix: str = "aiguilleur", ca_file: str | None = None) -> Place:
    """The place that `redis://`, `rediss://` or `unix://` means; ValueError says what is wrong with it."""
    parts = urlsplit(url)
    if parts.password is not None:
        raise ValueError("holds a password; put that into password_file or AIGUILLEUR_SHARED_PASSWORD")
    if parts.scheme not in ("redis", "rediss", "unix") or parts.fragment:
        raise ValueError("is not an address as redis://host:6379/0, rediss://host:6379/0 or unix:///path/to/socket")
    if ca_file is not None and parts.scheme != "rediss":
        raise ValueError("speaks no TLS, which ca_file is for: write rediss://")
    username = unquote(parts.username or "")
    if parts.scheme == "unix":
        if parts.hostname or not parts.path:
            raise ValueError("names no socket, as unix:///run/redis/redis.sock does")
        return Place(path=unquote(parts.path), database=_database(_db(parts.query)), username=username, prefix=prefix)
    if not parts.hostname or parts.query:
        raise ValueError("is not a host, a port and a database alone, as redis://127.0.0.1:6379/0")
    return Place(
        host=parts.hostname,
        port=parts.port or _PORT,
        database=_database(parts.path.strip("/")),
        username=username,
        tls=parts.scheme == "rediss",
        ca_file=ca_file,
        prefix=prefix,
    )


def _db(query: str) -> str:
    named = parse_qs(query, keep_blank_values=True)
    if named.keys() - {"db"}:
        raise ValueError("has a parameter that is not db, as in unix:///run/redis/redis.sock?db=1")
    return named.get("db", ["0"])[-1]


def _database(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdecimal()) or int(text) >= _MOST_DATABASES:
        raise ValueError(f"'{text[:20]}' is no number of a database, as 0 in redis://127.0.0.1:6379/0")
    return int(text)
