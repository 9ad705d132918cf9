"""What every plug-in of a kind must keep to; a kind's test class inherits the suite and says how to build one."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest

from aiguilleur.core.model import Channel, Reason, SessionState
from aiguilleur.probes import BackChannelProbe, Forwarded
from tests.wire import Answer, closed_port, cut, drips, resets, resets_after, says, serving, silent, waited

BUDGET = 0.3
#: How long after its time a probe may still come back, in seconds: this machine is shared.
LATE = 0.25

ODD: Mapping[str, Answer] = {
    "closes at once": cut(b""),
    "resets": resets,
    "resets in the body": resets_after(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\npartly"),
    "no http": cut(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "not a status": says("nonsense"),
    "http of another age": cut(b"HTTP/9.9 200 OK\r\n\r\nbonjour"),
    "status 99": says("099 Less"),
    "status 999": says("999 More"),
    "an interim answer alone": cut(b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "headers cut short": cut(b"HTTP/1.1 200 OK\r\nX: a"),
    "a body cut short": cut(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\npartly"),
    "a line without end": cut(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000),
    "a thousand headers": cut(b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 1000 + b"\r\n"),
    "chunks that are none": cut(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nbonjour\r\n"),
    "two lengths": cut(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
    "a broken address": says("302 Found", Location="http://["),
    "an address in latin-1": cut(b"HTTP/1.1 302 Found\r\nLocation: /\xe9\r\nContent-Length: 0\r\n\r\n"),
    "an error": says("500 Oops", b"bonjour"),
    "compressed": says("200 OK", b"\x1f\x8b\x08", Content_Encoding="gzip"),
}
SLOW: Mapping[str, Answer] = {
    "silent": silent,
    "slow headers": drips(b"HTTP/1.1 200 OK\r\nX: ", b"a", 0.05),
    "slow body": drips(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"a", 0.05),
    "slow body of unknown length": drips(b"HTTP/1.1 200 OK\r\n\r\n", b"a", 0.05),
    "slow chunks": drips(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n", 0.05),
    "endless 100 Continue": drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.02),
    "endless 100 Continue, in a flood": drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100, 0),
}


class BackChannelContract:
    """Never raises, never waits longer than it was told, speaks of its source alone, keeps cookies to itself."""

    #: The cookie that the probe forwards.
    cookie: ClassVar[str]

    def make(self, url: str) -> BackChannelProbe:
        """The probe, asking this address, where an empty page means nothing."""
        raise NotImplementedError

    def told(self, url: str, value: str = "canary") -> tuple[SessionState, Reason]:
        probe = self.make(url)
        finding = probe.ask({self.cookie: value}, Forwarded(), BUDGET)
        assert (finding.source, finding.by) == (probe.ref.source, probe.ref.id)
        assert (probe.ref.channel, finding.channel) == (Channel.BACK, Channel.BACK)
        return finding.state, finding.reason

    @pytest.mark.parametrize("answer", ODD.values(), ids=ODD.keys())
    def test_an_odd_source_is_unknown(self, answer: Answer) -> None:
        with serving(answer) as wire:
            state, reason = self.told(wire.url)

        assert state is SessionState.UNKNOWN
        assert reason in (Reason.PROTOCOL, Reason.PARSE, Reason.STATUS)

    @pytest.mark.parametrize("answer", SLOW.values(), ids=SLOW.keys())
    def test_a_slow_source_is_unknown_when_its_time_is_over(self, answer: Answer) -> None:
        with serving(answer) as wire:
            began = time.monotonic()
            told = self.told(wire.url)

        assert told == (SessionState.UNKNOWN, Reason.DEADLINE)
        assert BUDGET * 0.9 <= waited(began) < BUDGET + LATE

    def test_a_dead_source_is_unknown_at_once(self) -> None:
        began = time.monotonic()

        assert self.told(f"http://127.0.0.1:{closed_port()}/") == (SessionState.UNKNOWN, Reason.CONNECT)
        assert waited(began) < LATE

    def test_a_stalled_tls_handshake_is_cut(self) -> None:
        with serving(silent) as wire:
            began = time.monotonic()
            told = self.told(f"https://127.0.0.1:{wire.port}/")

        assert told == (SessionState.UNKNOWN, Reason.DEADLINE)
        assert waited(began) < BUDGET + LATE

    def test_a_visit_without_time_left_sends_nothing(self) -> None:
        with serving(says("200 OK", b"bonjour")) as wire:
            finding = self.make(wire.url).ask({self.cookie: "canary"}, Forwarded(), 0.0)

        assert (finding.state, finding.reason) == (SessionState.UNKNOWN, Reason.DEADLINE)
        assert wire.heard == []

    def test_other_cookies_stay_here(self) -> None:
        with serving(says("200 OK")) as wire:
            self.make(wire.url).ask({self.cookie: "canary", "other": "never-sent"}, Forwarded(), BUDGET)

        assert "canary" in wire.heard[0]
        assert "never-sent" not in wire.heard[0]

    def test_no_cookie_value_is_told_to_anyone(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        answer = cut(b"HTTP/1.1 200 OK\r\nno header at all\r\nSet-Cookie: sid=canary\r\nContent-Length: 0\r\n\r\n")
        with serving(answer) as wire:
            probe = self.make(wire.url)
            finding = probe.ask({self.cookie: "canary"}, Forwarded("canary", "canary"), BUDGET)

        assert "canary" not in "".join((repr(probe), repr(finding), caplog.text, repr(Forwarded("canary", "canary"))))

    def test_what_a_source_sets_for_one_visitor_is_never_sent_for_the_next(self) -> None:
        sets = says("200 OK", b"ok", Set_Cookie="sid=USER-A; Path=/")
        with serving(sets, sets, sets) as wire:
            probe = self.make(wire.url)
            for value in ("visitor-a", "visitor-b", "visitor-c"):
                probe.ask({self.cookie: value}, Forwarded(), BUDGET)

        assert wire.sent("Cookie") == [f"{self.cookie}=visitor-{letter}" for letter in "abc"]
        assert "USER-A" not in "".join(wire.heard)

    def test_many_visitors_at_once_each_send_their_own(self) -> None:
        with serving(*[says("200 OK", b"ok", Set_Cookie="sid=USER-A")] * 50) as wire:
            probe = self.make(wire.url)
            with ThreadPoolExecutor(8) as visitors:
                values = [f"visitor-{number:02}" for number in range(40)]
                list(visitors.map(lambda value: probe.ask({self.cookie: value}, Forwarded(), 5), values))

        assert sorted(wire.sent("Cookie")) == [f"{self.cookie}={value}" for value in values]
