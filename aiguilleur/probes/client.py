"""The one outgoing HTTP client: no redirect, no jar, no environment, and a deadline that the socket obeys.

A `requests` timeout bounds the silence between two bytes, not the whole answer; so a watchdog shuts the socket down at
the deadline, whatever the server drips into it.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urljoin

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError
from urllib3.util.retry import Retry

from aiguilleur.core.model import Reason
from aiguilleur.errors import AiguilleurError

MOST_BYTES = 64 * 1024
#: RFC 6265 4.1.1 cookie-octets; anything else would be ours to smuggle.
_COOKIE_VALUE = re.compile(r'"?[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{0,4096}"?')
#: What may stand in a header that we forward.
_HEADER_VALUE = re.compile(r"[\x20-\x7e]{1,1024}")
#: A connection is not tried with less time left than this, in seconds.
_LEAST = 0.01


class ProbeError(AiguilleurError):
    """A source gave no answer; the reason says why, and nothing of what was sent is kept."""

    def __init__(self, reason: Reason) -> None:
        """Remember the reason."""
        self.reason = reason
        super().__init__(str(reason))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source answered: the status, an absolute `Location`, and at most 64 kB of body."""

    status: int
    location: str | None = None
    #: None when the source sent more than is read.
    body: bytes | None = field(default=b"", repr=False)
    retry_after: bool = False
    ms: int = 0


def cookie_header(names: tuple[str, ...], cookies: Mapping[str, str]) -> str:
    """The `Cookie` header with these names only, in this order; a value that is no cookie value is left out."""
    pairs = ((name, cookies[name]) for name in names if name in cookies)
    return "; ".join(f"{name}={value}" for name, value in pairs if _COOKIE_VALUE.fullmatch(value))


def header_value(text: str) -> str | None:
    """A text that may be forwarded in a header, or None."""
    return text if _HEADER_VALUE.fullmatch(text) else None


class Client:
    """Asks one source, by its proxy, certificate authority and connection address."""

    def __init__(self, *, proxy: str | None = None, ca_file: str | None = None, connect: str | None = None) -> None:
        """`connect` is a `host:port` to connect to instead of the address's own."""
        session = requests.Session()
        session.trust_env = False
        session.headers.clear()
        # A pooled session would keep one visitor's Set-Cookie and send it for the next.
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.verify = ca_file or True
        if proxy:
            session.proxies = {"http": proxy, "https": proxy}
        adapter = _Adapter(connect)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        self._session = session

    def get(self, url: str, headers: Mapping[str, str], within: float) -> Answer:
        """The answer to one GET, in at most `within` seconds; else `ProbeError`."""
        began = time.monotonic()
        watch = _Watch(began + within)
        try:
            with watch.guard():
                answer = self._answer(url, headers, began, within)
        except (requests.RequestException, HTTPError, OSError) as error:
            raise ProbeError(Reason.DEADLINE if watch.fired else _reason(error)) from None
        if watch.fired:
            # To the parser, an answer that we cut short looks like one that ended.
            raise ProbeError(Reason.DEADLINE)
        return answer

    def _answer(self, url: str, headers: Mapping[str, str], began: float, within: float) -> Answer:
        sent = {"Accept-Encoding": "identity", "Accept": "*/*", **headers}
        silence = max(within, _LEAST)
        with self._session.get(
            url, headers=sent, timeout=(silence, silence), allow_redirects=False, stream=True
        ) as got:
            body = b""
            # Until the end, so that a body shorter than announced is noticed.
            while len(body) <= MOST_BYTES and (block := got.raw.read(MOST_BYTES + 1, decode_content=False)):
                body += block
            location = got.headers.get("Location")
            return Answer(
                status=got.status_code,
                location=urljoin(url, location) if location else None,
                body=body if len(body) <= MOST_BYTES else None,
                retry_after="Retry-After" in got.headers,
                ms=round((time.monotonic() - began) * 1000),
            )


class _Watch:
    """Shuts the sockets of one call down when its time is over."""

    _current = threading.local()

    def __init__(self, deadline: float) -> None:
        self.fired = False
        self._deadline = deadline
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Watch what this thread connects to until the end of the block."""
        timer = threading.Timer(self._deadline - time.monotonic(), self._fire)
        timer.daemon = True
        timer.start()
        self._current.watch = self
        try:
            yield
        finally:
            timer.cancel()
            self._current.watch = None
            with self._lock:
                for each in self._sockets:
                    each.close()
                self._sockets.clear()

    @classmethod
    def over(cls, sock: socket.socket) -> None:
        """Watch a socket on behalf of the call that this thread is in."""
        watch: _Watch | None = getattr(cls._current, "watch", None)
        if watch is None:
            return
        with watch._lock:
            # A duplicate survives the hand-over of the descriptor to TLS, and shutting it down shuts both.
            watch._sockets.append(sock.dup())
        if watch.fired:
            watch._fire()

    def _fire(self) -> None:
        self.fired = True
        with self._lock:
            for each in self._sockets:
                try:
                    each.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue


class _Watched:
    """A connection whose socket is under the watch of the call that uses it."""

    connect_to: tuple[str, int] | None = None

    def _new_conn(self) -> socket.socket:
        own = self._dns_host, self.port  # type: ignore[has-type]
        if self.connect_to:
            self._dns_host, self.port = self.connect_to
        try:
            sock: socket.socket = super()._new_conn()  # type: ignore[misc]
        finally:
            self._dns_host, self.port = own
        _Watch.over(sock)
        return sock

    def request(self, *args: Any, **kwargs: Any) -> None:
        sock = getattr(self, "sock", None)
        if sock is not None:
            _Watch.over(sock)
        super().request(*args, **kwargs)  # type: ignore[misc]


class _Adapter(HTTPAdapter):
    """Pools of watched connections that never retry."""

    def __init__(self, connect: str | None) -> None:
        host, _, port = (connect or "").rpartition(":")
        to = (host.strip("[]"), int(port)) if connect else None
        plain = type("_Plain", (_Watched, HTTPConnection), {"connect_to": to})
        secure = type("_Secure", (_Watched, HTTPSConnection), {"connect_to": to})
        self._pools = {
            "http": type("_PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("_SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }
        super().__init__(pool_connections=2, pool_maxsize=32, max_retries=Retry(0, read=False))

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> urllib3.ProxyManager:
        manager: urllib3.ProxyManager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager


def _reason(error: BaseException) -> Reason:
    """The named reason of a foreign error, the most specific cause first."""
    causes = list(_causes(error))
    for kind, reason in _REASONS:
        if any(isinstance(cause, kind) for cause in causes):
            return reason
    return Reason.PROTOCOL


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error, what it wraps and what it came from."""
    seen: set[int] = set()
    left: list[object] = [error]
    while left:
        cause = left.pop()
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            left += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]


_REASONS: tuple[tuple[type[BaseException], Reason], ...] = (
    (NameResolutionError, Reason.DNS),
    (socket.gaierror, Reason.DNS),
    (requests.exceptions.SSLError, Reason.TLS),
    (requests.exceptions.Timeout, Reason.DEADLINE),
    (TimeoutError, Reason.DEADLINE),
    (NewConnectionError, Reason.CONNECT),
    (requests.exceptions.ProxyError, Reason.CONNECT),
    (ConnectionRefusedError, Reason.CONNECT),
)
