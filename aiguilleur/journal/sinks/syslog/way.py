"""How a message reaches its collector: a datagram, or a frame of a stream."""

from __future__ import annotations

import contextlib
import socket
import ssl
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

#: Seconds for a connection, and for a message once there is one.
_PATIENCE_S = 5.0


class Way(Protocol):
    """A collector, and how it is spoken to."""

    def open(self) -> socket.socket:
        """A socket that is connected to it; OSError."""

    def send(self, to: socket.socket, message: bytes) -> None:
        """Send one message whole; OSError."""


@dataclass(frozen=True, slots=True)
class Local:
    """The machine's own collector, by the path of its socket."""

    path: str

    def open(self) -> socket.socket:
        """Connected to the path."""
        return _connected(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), self.path)

    def send(self, to: socket.socket, message: bytes) -> None:
        """One datagram."""
        to.send(message)


@dataclass(frozen=True, slots=True)
class Datagrams:
    """A collector over UDP (RFC 5426)."""

    host: str
    port: int

    def open(self) -> socket.socket:
        """Connected to the first address of the host, so that a refusal is seen."""
        family, kind, protocol, _, address = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_DGRAM)[0]
        return _connected(socket.socket(family, kind, protocol), address)

    def send(self, to: socket.socket, message: bytes) -> None:
        """One datagram."""
        to.send(message)


@dataclass(frozen=True, slots=True)
class Stream:
    """A collector over TCP (RFC 6587) or TLS (RFC 5425): each message after its length."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None

    def open(self) -> socket.socket:
        """Connected, and the certificate is the host's."""
        plain = socket.create_connection((self.host, self.port), _PATIENCE_S)
        if self.tls is None:
            return plain
        try:
            return self.tls.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise

    def send(self, to: socket.socket, message: bytes) -> None:
        """One frame, unless the collector has hung up meanwhile: the system would take the frame all the same."""
        _raise_if_closed(to)
        to.sendall(b"%d %s" % (len(message), message))


def way_to(address: str, ca_file: str) -> Way:
    """The way to a path or a `scheme://host:port`; ValueError when it is neither, or the authorities cannot be read."""
    if address.startswith("/"):
        return Local(address)
    parts = urlsplit(address)
    host, port = parts.hostname, parts.port
    if parts.scheme not in ("udp", "tcp", "tls") or not host or not port or parts.path or parts.query:
        raise ValueError("address is not a path, udp://host:514, tcp://host:601 or tls://host:6514")
    if parts.scheme == "udp":
        return Datagrams(host, port)
    return Stream(host, port, _context(ca_file) if parts.scheme == "tls" else None)


def _context(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:
        raise ValueError(f"ca_file: {error.strerror or error}") from error


def _connected(fresh: socket.socket, address: str | tuple[Any, ...]) -> socket.socket:
    try:
        fresh.settimeout(_PATIENCE_S)
        fresh.connect(address)
    except BaseException:
        fresh.close()
        raise
    return fresh


def _raise_if_closed(stream: socket.socket) -> None:
    """A collector says nothing: whatever can be read is its end."""
    stream.settimeout(0)
    try:
        with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
            if not stream.recv(1024):
                raise ConnectionResetError("the collector has hung up")
    finally:
        stream.settimeout(_PATIENCE_S)
