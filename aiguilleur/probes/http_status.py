"""Asks an address that answers differently in and out of session; what means which is configuration."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal
from urllib.parse import urlsplit

from aiguilleur.core.model import Channel, Finding, ProbeRef, Reason, SessionState
from aiguilleur.probes.client import Answer, Client, ProbeError, cookie_header, header_value
from aiguilleur.probes.contract import Forwarded

#: RFC 6265 4.1.1: a cookie's name is a token.
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_TOO_MANY_REQUESTS, _SERVER_ERROR, _UNAVAILABLE = 429, 500, 503
#: In a `json:` pattern, this value only asks that the field be there.
PRESENT = "*"


@dataclass(frozen=True, slots=True)
class Pattern:
    """What an answer must look like; all the parts that are given must hold."""

    status: int | tuple[int, ...] | None = None
    #: A glob over the absolute `Location`.
    location: str | None = None
    contains: str | None = None
    #: Must not be in the body; an empty body proves nothing.
    absent: str | None = None
    #: By dotted path, the value of a field of a JSON body; `*` for any.
    json: Mapping[str, str | int | bool | None] | None = None

    def __post_init__(self) -> None:
        """Refuse a pattern that would fit any answer."""
        if all(part is None for part in (self.status, self.location, self.contains, self.json)):
            raise ValueError("says nothing positive; give at least one of status, location, contains, json")

    def fits(self, answer: Answer) -> bool:
        """Whether the answer looks like this."""
        return (
            self._status_fits(answer.status)
            and (self.location is None or fnmatchcase(answer.location or "", self.location))
            and self._text_fits(answer.body)
            and (self.json is None or _json_fits(self.json, answer.body))
        )

    @property
    def needs_body(self) -> bool:
        """Whether the body must be known whole."""
        return any(part is not None for part in (self.contains, self.absent, self.json))

    def _status_fits(self, status: int) -> bool:
        if self.status is None:
            return True
        return status in (self.status if isinstance(self.status, tuple) else (self.status,))

    def _text_fits(self, body: bytes | None) -> bool:
        text = body or b""
        if self.contains is not None and self.contains.encode() not in text:
            return False
        # An empty body proves no absence: headers that were cut short look the same.
        return self.absent is None or (text != b"" and self.absent.encode() not in text)


def _json_fits(wanted: Mapping[str, str | int | bool | None], body: bytes | None) -> bool:
    try:
        document: Any = json.loads(body or b"")
    except ValueError:
        return False
    return all(_field_fits(document, path.split("."), value) for path, value in wanted.items())


def _field_fits(document: Any, path: list[str], value: str | int | bool | None) -> bool:
    for name in path:
        if not isinstance(document, dict) or name not in document:
            return False
        document = document[name]
    return bool(value == PRESENT or (document == value and isinstance(document, bool) == isinstance(value, bool)))


@dataclass(frozen=True, slots=True)
class HttpStatusProbe:
    """One GET with the visitor's own cookies of that source, by exact name, to that one address."""

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
    proxy: str | None = None
    ca_file: str | None = None
    #: `host:port` to connect to instead of the address's own.
    connect: str | None = None
    _client: Client = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what could never work, and open the client."""
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.fragment:
            raise ValueError(f"url: '{self.url}' is not an http(s) address without user name and fragment")
        for name in self.cookies:
            if not _TOKEN.fullmatch(name):
                raise ValueError(f"cookies: '{name}' is not a cookie's name; names are exact, without pattern")
        if self.connect and not re.fullmatch(r".+:[0-9]{1,5}", self.connect):
            raise ValueError(f"connect: '{self.connect}' is not host:port")
        object.__setattr__(self, "_client", Client(proxy=self.proxy, ca_file=self.ca_file, connect=self.connect))

    @property
    def ref(self) -> ProbeRef:
        """What the decision knows of this probe."""
        return ProbeRef(self.id, self.source, Channel.BACK)

    def ask(self, cookies: Mapping[str, str], forwarded: Forwarded, within: float) -> Finding:
        """The source's answer for this visitor, or a finding that says why there is none."""
        if self.cookies and not any(name in cookies for name in self.cookies):
            return self._found(self.without_cookies, Reason.NO_COOKIE)
        try:
            answer = self._client.get(self.url, self._headers(cookies, forwarded), within)
        except ProbeError as failure:
            return self._found(SessionState.UNKNOWN, failure.reason)
        return self._found(*self._read(answer), ms=answer.ms)

    def _headers(self, cookies: Mapping[str, str], forwarded: Forwarded) -> dict[str, str]:
        named = {
            "Cookie": cookie_header(self.cookies, cookies) or None,
            "User-Agent": header_value(forwarded.user_agent) if "user-agent" in self.forward else "aiguilleur",
        }
        if "client-address" in self.forward:
            named[self.client_address_header] = header_value(forwarded.client_address)
        return {name: value for name, value in named.items() if value}

    def _read(self, answer: Answer) -> tuple[SessionState, Reason]:
        if answer.body is None and (self.active.needs_body or self.inactive.needs_body):
            return SessionState.UNKNOWN, Reason.OVERSIZE
        active, inactive = self.active.fits(answer), self.inactive.fits(answer)
        if active != inactive:
            return (SessionState.ACTIVE if active else SessionState.INACTIVE), Reason.ANSWER
        return SessionState.UNKNOWN, _unread(answer)

    def _found(self, state: SessionState, reason: Reason, ms: int = 0) -> Finding:
        return Finding(self.source, state, Channel.BACK, self.id, reason, ms)


def _unread(answer: Answer) -> Reason:
    """Why an answer that fits no pattern, or both, says nothing."""
    if answer.status == _TOO_MANY_REQUESTS:
        return Reason.THROTTLED
    if answer.status == _UNAVAILABLE and answer.retry_after:
        return Reason.MAINTENANCE
    return Reason.STATUS if answer.status >= _SERVER_ERROR else Reason.PARSE
