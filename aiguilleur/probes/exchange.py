"""What is sent to a source and what comes back: whichever client carries it, nothing else passes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from aiguilleur.core.model import Reason

#: RFC 6265 4.1.1: cookie-octets, between two quotes or none; anything else would be ours to smuggle.
_OCTETS = r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{0,4094}"
_COOKIE_VALUE = re.compile(rf'{_OCTETS}|"{_OCTETS}"')
#: What may stand in a header that is forwarded.
_HEADER_VALUE = re.compile(r"[\x20-\x7e]{1,1024}")

_TOO_MANY_REQUESTS, _SERVER_ERROR, _UNAVAILABLE = 429, 500, 503


class ProbeError(Exception):
    """A source gave no answer: the reason and the milliseconds, nothing of what was sent. It never leaves a probe."""

    def __init__(self, reason: Reason, ms: int = 0) -> None:
        """Remember them."""
        self.reason = reason
        self.ms = ms
        super().__init__(str(reason))


@dataclass(frozen=True, slots=True)
class Request:
    """What a source is sent besides headers: a GET, or a form that is posted when there are fields, even none."""

    url: str
    fields: tuple[tuple[str, str], ...] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source answered: the status, an absolute `Location`, and at most 64 kB of body."""

    status: int
    location: str | None = None
    body: bytes = field(default=b"", repr=False)
    #: Why nothing can be read in the body: too long, or in a content coding that was not asked for.
    unreadable: Reason | None = None
    #: For how many seconds it asks to be left alone (RFC 9110 10.2.3); None when it does not.
    retry_after_s: int | None = None
    ms: int = 0
    #: The cookies that it sets, as it writes them. They are some visitor's, or the canary's, and no probe keeps any.
    sets: tuple[str, ...] = field(default=(), repr=False)


def why_unread(answer: Answer) -> Reason:
    """Why an answer that is not one of those expected says nothing."""
    if answer.status == _TOO_MANY_REQUESTS:
        return Reason.THROTTLED
    if answer.status == _UNAVAILABLE and answer.retry_after_s is not None:
        return Reason.MAINTENANCE
    return Reason.STATUS if answer.status >= _SERVER_ERROR else Reason.PARSE


def seconds_of(retry_after: str | None, now: datetime) -> int | None:
    """A `Retry-After`, which is a number of seconds or a date; None when there is none, 0 when it cannot be read."""
    if retry_after is None:
        return None
    if re.fullmatch(r"[0-9]{1,18}", retry_after.strip()):
        return int(retry_after)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0
    # RFC 5322 3.3: without a zone that is known, it is UTC.
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0, round((until - now).total_seconds()))


def cookie_header(names: tuple[str, ...], cookies: Mapping[str, str]) -> str:
    """The `Cookie` header with these names only, in this order; a value that is no cookie value is left out."""
    pairs = ((name, cookies[name]) for name in names if name in cookies)
    return "; ".join(f"{name}={value}" for name, value in pairs if _COOKIE_VALUE.fullmatch(value))


def header_value(text: str) -> str | None:
    """A text that may be forwarded in a header, or None."""
    return text if _HEADER_VALUE.fullmatch(text) else None
