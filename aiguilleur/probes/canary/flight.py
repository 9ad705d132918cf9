"""One flight of the canary: our server goes the way of a browser without a session, hop by hop, until it is back."""

from __future__ import annotations

import hmac
import secrets
import time
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

from aiguilleur.core.model import Reason, SessionState
from aiguilleur.probes.canary.jar import Jar
from aiguilleur.probes.canary.page import onward
from aiguilleur.probes.client import Client
from aiguilleur.probes.contract import FrontChannelProbe, Trip
from aiguilleur.probes.exchange import Answer, ProbeError, Request, why_unread

#: A visitor would have given up: a source that needs longer is not asked through the browser, in seconds.
WITHIN_S = 5.0
#: Redirects and forms on the way; more is a loop.
MOST_HOPS = 15
_AGENT = "Mozilla/5.0 (compatible; aiguilleur canary)"
_HEADERS = {"User-Agent": _AGENT, "Accept": "text/html,*/*;q=0.8", "Accept-Language": "fr", "Connection": "close"}
_REDIRECTS = (301, 302, 303, 307, 308)
_SAME_METHOD = (307, 308)


@dataclass(frozen=True, slots=True)
class Flight:
    """How a flight ended: `answer` when the browser would have come back with a valid answer of the protocol."""

    reason: Reason
    #: What the answer said of a browser without any session.
    state: SessionState = SessionState.UNKNOWN
    #: How many requests it took, and in how many milliseconds.
    hops: int = 0
    ms: int = 0
    #: The host where it ended: ours when it came back.
    host: str = ""


def fly(probe: FrontChannelProbe, return_url: str, now: datetime, within: float = WITHIN_S) -> Flight:
    """Make one trip and tell how it ended; the return address is recognised and never called. Never raises.

    Back with an answer that is not valid: its own reason. A page that waits for a person, or anything else that is no
    way back: `unproven`. Nobody there: what failed.
    """
    began = time.monotonic()
    try:
        client = Client(proxy=probe.proxy, ca_file=probe.ca_file, connect=probe.connect)
    except OSError:
        # Its `ca_file` was there when the configuration was read.
        return Flight(Reason.TLS)
    try:
        return _Way(probe, Trip(secrets.token_hex(16), return_url), now, client, began + within).go()
    finally:
        client.close()


class _Way:
    """The state of one flight."""

    def __init__(self, probe: FrontChannelProbe, trip: Trip, now: datetime, client: Client, until: float) -> None:
        self._probe = probe
        self._trip = trip
        self._now = now
        self._client = client
        self._until = until
        self._began = time.monotonic()
        self._jar = Jar()
        self._hops = 0

    def go(self) -> Flight:
        request = Request(self._probe.departure(self._trip, self._now))
        while self._hops < MOST_HOPS:
            if _place(request.url) == _place(self._trip.return_url):
                return self._back(request)
            self._hops += 1
            try:
                answer = self._asked(request)
            except ProbeError as failure:
                return self._ended(_unless(Reason.PROTOCOL, failure.reason), request.url)
            following = _next(request, answer)
            if following is None:
                return self._ended(_unless(Reason.PARSE, why_unread(answer)), request.url)
            request = following
        return self._ended(Reason.UNPROVEN, request.url)

    def _asked(self, request: Request) -> Answer:
        headers = {**_HEADERS, **self._jar.header(request.url)}
        answer = self._client.send(request, headers, self._until - time.monotonic())
        self._jar.learn(request.url, answer.sets)
        return answer

    def _back(self, request: Request) -> Flight:
        pairs = request.fields
        if pairs is None:
            pairs = tuple(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
        params = dict(pairs)
        echoed = params.get(self._probe.echo, "").encode("utf-8", "replace")
        if request.fields is not None and not self._probe.by_post:
            # A browser would come without the cookie of its trip, and its visit be lost.
            return self._ended(Reason.PARSE, request.url)
        if len(params) != len(pairs) or not hmac.compare_digest(echoed, self._trip.id.encode()):
            return self._ended(Reason.PARSE, request.url)
        finding = self._probe.arrival(self._trip, params, self._now)
        return self._ended(finding.reason, request.url, finding.state)

    def _ended(self, reason: Reason, url: str, state: SessionState = SessionState.UNKNOWN) -> Flight:
        ms = round((time.monotonic() - self._began) * 1000)
        return Flight(reason, state, self._hops, ms, urlsplit(url).hostname or "")


def _unless(unremarkable: Reason, reason: Reason) -> Reason:
    """The reason, if it says more than that the canary did not come back."""
    return Reason.UNPROVEN if reason is unremarkable else reason


def _next(request: Request, answer: Answer) -> Request | None:
    """What a browser would ask next by itself; None when it would stay where it is."""
    if answer.status in _REDIRECTS:
        following = Request(answer.location) if answer.location else None
        if following and answer.status in _SAME_METHOD:
            following = Request(following.url, request.fields)
    elif answer.status < _REDIRECTS[0] and not answer.unreadable:
        following = onward(answer.body, request.url)
    else:
        return None
    return following if following and _may_follow(request.url, following.url) else None


def _may_follow(here: str, there: str) -> bool:
    """Whether a browser would go on there without a word: from https to http, it warns of a form or of the page."""
    schemes = (urlsplit(here).scheme, urlsplit(there).scheme)
    return schemes[1] in ("http", "https") and schemes != ("https", "http")


def _place(url: str) -> tuple[object, ...]:
    """What tells one address of a server from another, however it is written."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return (url,)
    return parts.scheme, parts.username, parts.hostname, port, parts.path
