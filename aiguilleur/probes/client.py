"""The one outgoing HTTP client: no redirect, no jar, no environment, and a deadline that its sockets obey.

Connections are kept and shared between visitors; what a source sets, says or leaves behind on one is not.
"""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from typing import Any, ClassVar
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, SSLError
from urllib3.util.retry import Retry

from aiguilleur.core.model import Reason
from aiguilleur.probes.deadline import TimedSocket, TimedTlsSocket, UnreachableError, connect
from aiguilleur.probes.exchange import Answer, ProbeError, Request, seconds_of

MOST_BYTES = 64 * 1024
#: As many connections are kept for a source as the runner has places for it.
_KEPT = 32


class Client:
    """Asks one source, by its proxy, certificate authority and connection address."""

    def __init__(self, *, proxy: str | None = None, ca_file: str | None = None, connect: str | None = None) -> None:
        """`connect` is a `host:port`, or a `host`, to connect to instead of the address's own.

        OSError if `ca_file` is unfit.
        """
        session = _Session()
        session.trust_env = False
        session.headers.clear()
        # A session's jar would keep one visitor's Set-Cookie and send it for the next.
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        if proxy:
            session.proxies = {"http": proxy, "https": proxy}
        adapter = _Adapter(_address(connect) if connect else None, _trusting(ca_file) if ca_file else _usual_trust())
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        self._session = session

    def send(self, request: Request, headers: Mapping[str, str], within: float) -> Answer:
        """The answer to one request, in at most `within` seconds; else `ProbeError`."""
        began = time.monotonic()
        call = _Call(began + within)
        token = _call.set(call)
        try:
            while True:
                try:
                    return self._answer(request, headers, began)
                except (requests.RequestException, HTTPError, OSError) as error:
                    causes = tuple(_causes(error))
                # RFC 9112 9.3.1: a server may close an idle connection just as it is used again; then a GET is sent
                # anew. Each such connection is gone after its failure, and a new one is not forgiven.
                on_kept = call.on_kept and request.fields is None
                if not (on_kept and any(isinstance(cause, ConnectionError) for cause in causes)):
                    break
        finally:
            _call.reset(token)
        # Raised out here, so that the request, which holds the cookies, does not hang on it as its context.
        raise ProbeError(_reason(causes), _ms(began))

    def close(self) -> None:
        """Give the connections back that it keeps."""
        self._session.close()

    def _answer(self, request: Request, headers: Mapping[str, str], began: float) -> Answer:
        sent = {"Accept-Encoding": "identity", "Accept": "*/*", "Cache-Control": "no-cache", **headers}
        form = None if request.fields is None else list(request.fields)
        method = "GET" if form is None else "POST"
        # No timeout here: the sockets know the deadline.
        with self._session.request(
            method, request.url, data=form, headers=sent, timeout=None, allow_redirects=False, stream=True
        ) as got:
            if got.status_code < requests.codes.ok:
                # An interim answer: the final one would arrive on the next visitor's turn, were the connection kept.
                raise ProbeError(Reason.PROTOCOL, _ms(began))
            body, unreadable = _body(got)
            return Answer(
                status=got.status_code,
                location=_absolute(request.url, got.headers.get("Location")),
                body=body,
                unreadable=unreadable,
                retry_after_s=seconds_of(got.headers.get("Retry-After"), datetime.now(UTC)),
                ms=_ms(began),
                sets=tuple(got.raw.headers.getlist("Set-Cookie")),
            )


def _body(got: requests.Response) -> tuple[bytes, Reason | None]:
    """The body as it was sent, or why it is unreadable; what is decoded can be a thousand times what was read."""
    body = b""
    # Until the end, so that a body shorter than announced is noticed.
    while len(body) <= MOST_BYTES and (block := got.raw.read(MOST_BYTES + 1 - len(body), decode_content=False)):
        body += block
    if len(body) > MOST_BYTES:
        return b"", Reason.OVERSIZE
    coding = got.headers.get("Content-Encoding", "identity").strip().lower()
    return (body, None) if coding in ("", "identity") else (b"", Reason.PARSE)


def _absolute(url: str, location: str | None) -> str | None:
    try:
        return urljoin(url, location) if location else None
    except ValueError:
        return None


def _address(connect: str) -> tuple[str, int | None]:
    parts = urlsplit(f"//{connect}")
    return parts.hostname or "", parts.port


def _ms(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _trusting(ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file)
    context.sslsocket_class = TimedTlsSocket
    return context


@cache
def _usual_trust() -> ssl.SSLContext:
    return _trusting(DEFAULT_CA_BUNDLE_PATH)


@dataclass(slots=True)
class _Call:
    """What a connection needs to know of the call that it serves, and tells of itself."""

    deadline: float
    #: Whether the connection had served another call before.
    on_kept: bool = False


_call: ContextVar[_Call] = ContextVar("call")


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: even when it follows nothing, `requests` reads a redirect's whole body and inflates it."""


class _Plain(HTTPConnection):
    """A connection that connects where it is told and obeys the deadline of each call in turn."""

    connect_to: ClassVar[tuple[str, int | None] | None] = None
    _served = 0

    def _new_conn(self) -> TimedSocket:
        self._served = 0
        host, port = self.connect_to or (self._dns_host, self.port)
        return connect(host, port or self.port, _call.get().deadline)

    def request(self, *args: Any, **kwargs: Any) -> None:
        call = _call.get()
        call.on_kept = self.sock is not None and self._served > 0
        if isinstance(self.sock, TimedSocket):
            self.sock.deadline = call.deadline
        super().request(*args, **kwargs)
        self._served += 1


class _Secure(_Plain, HTTPSConnection):
    """The same over TLS."""


class _Adapter(HTTPAdapter):
    """Pools of such connections, which never retry; the context alone decides which certificates are trusted."""

    def __init__(self, connect_to: tuple[str, int | None] | None, trust: ssl.SSLContext) -> None:
        self._trust = trust
        plain = type("_PlainTo", (_Plain,), {"connect_to": connect_to})
        secure = type("_SecureTo", (_Secure,), {"connect_to": connect_to})
        self._pools = {
            "http": type("_PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("_SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }
        super().__init__(pool_connections=2, pool_maxsize=_KEPT, max_retries=Retry(0, read=False))

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._trust, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> urllib3.ProxyManager:
        manager: urllib3.ProxyManager = super().proxy_manager_for(proxy, ssl_context=self._trust, **kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager

    def cert_verify(self, *_: object) -> None:
        """Nothing: `requests` would read the authorities' file anew for each connection."""


def _unheard(_: logging.LogRecord) -> bool:
    return False


# urllib3 logs the headers that it cannot parse, and a visitor's Set-Cookie may be among them.
logging.getLogger("urllib3.connection").addFilter(_unheard)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error, what it wraps and what it came from."""
    seen: set[int] = set()
    unread: list[object] = [error]
    while unread:
        cause = unread.pop()
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            unread += [cause.__cause__, getattr(cause, "reason", None), *cause.args]


def _reason(causes: tuple[BaseException, ...]) -> Reason:
    """The named reason of a foreign error, whatever wrapped it; the first row that fits."""
    fitting = (reason for kind, reason in _REASONS if any(isinstance(cause, kind) for cause in causes))
    return next(fitting, Reason.PROTOCOL)


_REASONS: tuple[tuple[type[BaseException], Reason], ...] = (
    (socket.gaierror, Reason.DNS),
    (TimeoutError, Reason.DEADLINE),
    (ssl.SSLError, Reason.TLS),
    (SSLError, Reason.TLS),
    (UnreachableError, Reason.CONNECT),
    (requests.exceptions.ProxyError, Reason.CONNECT),
)
