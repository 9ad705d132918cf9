"""The ways in which a server can fail those who ask it, from the connection to the content."""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """What a server does instead of answering well."""

    WELL = "well"
    #: Nobody listens.
    REFUSED = "refused"
    #: The queue of connections is full: what knocks is dropped without a word, as by a firewall.
    SWALLOWED = "swallowed"
    #: It accepts the connection and never says a word.
    SILENT = "silent"
    SLOW_HEADERS = "slow-headers"
    SLOW_BODY = "slow-body"
    ENDLESS_CONTINUE = "endless-continue"
    RESET_IN_HEADERS = "reset-in-headers"
    RESET_IN_BODY = "reset-in-body"
    ERROR_500 = "error-500"
    ERROR_502 = "error-502"
    THROTTLED = "throttled"
    #: With a Retry-After of two minutes.
    THROTTLED_120 = "throttled-120"
    #: A 503 with a Retry-After: two minutes, the same as a date, no such thing, and thirty years.
    RESTING_120 = "resting-120"
    RESTING_DATE = "resting-date"
    RESTING_GARBAGE = "resting-garbage"
    RESTING_FOREVER = "resting-forever"
    #: A 200 that says nothing: noise, a picture, a login page.
    NOISE = "noise"
    WRONG_TYPE = "wrong-type"
    LOGIN_PAGE = "login-page"
    #: A body without length or end.
    HUGE = "huge"
    #: 200 MB that travel as 200 kB.
    GZIP_BOMB = "gzip-bomb"
    REDIRECT_LOOP = "redirect-loop"
    REDIRECT_ELSEWHERE = "redirect-elsewhere"
    TLS_STALL = "tls-stall"
    TLS_DRIP = "tls-drip"
    TLS_EXPIRED = "tls-expired"
    TLS_WRONG_HOST = "tls-wrong-host"
    TLS_SELF_SIGNED = "tls-self-signed"
    #: TLS 1.0, which nobody should speak any more.
    TLS_OLD = "tls-old"


_WITHOUT_REQUEST = frozenset({Fault.WELL, Fault.REFUSED, Fault.SWALLOWED})
#: What needs a server that speaks TLS.
WITH_TLS = frozenset(fault for fault in Fault if fault.startswith("tls-"))
#: What a server does to a request that it has read, in the order above.
AFTER_A_REQUEST = tuple(fault for fault in Fault if fault not in _WITHOUT_REQUEST | WITH_TLS)
