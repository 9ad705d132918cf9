"""Asks an address that answers differently in and out of session; what means which is configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from aiguilleur.core.model import Channel, Finding, ProbeRef, Reason, SessionState
from aiguilleur.probes.client import Client
from aiguilleur.probes.contract import Forwarded
from aiguilleur.probes.exchange import Answer, ProbeError, Request, cookie_header, header_value, why_unread
from aiguilleur.probes.expiry import Expiry, of_authorities
from aiguilleur.probes.pattern import Pattern
from aiguilleur.probes.way import check_port, check_proxy, check_url

#: RFC 6265 4.1.1 and RFC 9110 5.1: the name of a cookie or of a header is a token.
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_NOT_FOR_ADDRESSES = ("cookie", "host", "user-agent")
_AGENT = "aiguilleur"


@dataclass(frozen=True, slots=True)
class HttpStatusProbe:
    """One GET with the visitor's own cookies of that source, by exact name, to that one address."""

    #: The fields that hold an address which must be safe to name.
    addresses: ClassVar[tuple[str, ...]] = ("url",)

    id: str
    source: str
    url: str
    active: Pattern
    inactive: Pattern
    cookies: tuple[str, ...] = ()
    #: The state when the visitor has none of these cookies; nothing is sent then.
    without_cookies: SessionState = SessionState.UNKNOWN
    forward: tuple[Literal["user-agent", "client-address"], ...] = ()
    client_address_header: str = "X-Forwarded-For"
    #: An `http://` proxy; may hold its own password.
    proxy: str | None = field(default=None, repr=False)
    #: The only authorities trusted for this source, in PEM; else the usual ones.
    ca_file: str | None = None
    #: `host:port` to connect to instead of the address's own.
    connect: str | None = None
    #: What this source is given at most of the budget of all.
    timeout_ms: int | None = None
    _client: Client = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what could never work, and open the client."""
        check_url(self.url)
        _check_names(self.cookies, self.client_address_header)
        _check_way(self.proxy, self.connect)
        if self.timeout_ms is not None and self.timeout_ms < 1:
            raise ValueError(f"timeout_ms: {self.timeout_ms} leaves no time; remove it or give milliseconds")
        try:
            client = Client(proxy=self.proxy, ca_file=self.ca_file, connect=self.connect)
        except OSError as error:
            raise ValueError(f"ca_file: '{self.ca_file}' holds no certificates in PEM ({error.strerror})") from error
        object.__setattr__(self, "_client", client)

    @property
    def ref(self) -> ProbeRef:
        """What the decision knows of this probe."""
        return ProbeRef(self.id, self.source, Channel.BACK)

    def sends(self, cookies: Mapping[str, str], forwarded: Forwarded) -> tuple[str, ...]:
        """The headers that are of this visitor; none without a cookie of this source."""
        held = cookie_header(self.cookies, cookies)
        return tuple(f"{name}: {value}" for name, value in self._headers(held, forwarded).items()) if held else ()

    def ask(self, cookies: Mapping[str, str], forwarded: Forwarded, within: float) -> Finding:
        """The source's answer for this visitor, or a finding that says why there is none."""
        held = cookie_header(self.cookies, cookies)
        if not held:
            return self._found(self.without_cookies, Reason.NO_COOKIE)
        if self.timeout_ms is not None:
            within = min(within, self.timeout_ms / 1000)
        try:
            answer = self._client.send(Request(self.url), self._headers(held, forwarded), within)
        except ProbeError as failure:
            return self._found(SessionState.UNKNOWN, failure.reason, failure.ms)
        return replace(self._found(*self._read(answer), answer.ms), rest_s=answer.retry_after_s or 0)

    def expiries(self) -> Iterator[Expiry]:
        """The end of the authorities that it trusts."""
        return of_authorities(self.ca_file)

    def _headers(self, held: str, forwarded: Forwarded) -> dict[str, str]:
        agent = header_value(forwarded.user_agent) if "user-agent" in self.forward else None
        headers = {"Cookie": held, "User-Agent": agent or _AGENT}
        address = header_value(forwarded.client_address) if "client-address" in self.forward else None
        return headers | {self.client_address_header: address} if address else headers

    def _read(self, answer: Answer) -> tuple[SessionState, Reason]:
        if answer.unreadable and (self.active.needs_body or self.inactive.needs_body):
            return SessionState.UNKNOWN, answer.unreadable
        active, inactive = self.active.fits(answer), self.inactive.fits(answer)
        if active and inactive:
            return SessionState.UNKNOWN, Reason.PARSE
        if active or inactive:
            return (SessionState.ACTIVE if active else SessionState.INACTIVE), Reason.ANSWER
        return SessionState.UNKNOWN, why_unread(answer)

    def _found(self, state: SessionState, reason: Reason, ms: int = 0) -> Finding:
        return Finding(self.source, state, Channel.BACK, self.id, reason, ms)


def _check_names(cookies: tuple[str, ...], address_header: str) -> None:
    if not cookies:
        raise ValueError("cookies: name at least one; without a cookie every visitor gets the same answer")
    for name in cookies:
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"cookies: '{name}' is not a cookie's name; names are exact, without pattern")
    if not _TOKEN.fullmatch(address_header) or address_header.lower() in _NOT_FOR_ADDRESSES:
        raise ValueError(f"client_address_header: '{address_header}' cannot carry an address; try X-Forwarded-For")


def _check_way(proxy: str | None, connect: str | None) -> None:
    check_proxy(proxy)
    if connect is None:
        return
    if proxy is not None:
        raise ValueError("connect: cannot be combined with proxy, which does the connecting; keep one of them")
    host, _, port = connect.rpartition(":")
    if not _PRINTABLE.fullmatch(host) or not re.fullmatch(r"[0-9]{1,5}", port):
        raise ValueError(f"connect: '{connect}' is not host:port, such as 127.0.0.1:8000 or [::1]:8000")
    check_port(int(port), "connect")
