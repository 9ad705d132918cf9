"""What every plug-in of a kind must keep to; a kind's test class inherits the suite and says how to build one."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations, product
from typing import ClassVar

import pytest
from msgspec.structs import replace as changed

from aiguilleur.core.matchers import Matcher
from aiguilleur.core.model import Channel, Facts, Reason, SessionState
from aiguilleur.core.verdict import MAY
from aiguilleur.journal import JournalEntry, Sink
from aiguilleur.journal.entry import from_line
from aiguilleur.probes import BackChannelProbe, Forwarded, FrontChannelProbe, Trip
from tests.builders import ATEN, EDU, back, facts, found, policy
from tests.waiting import AMPLE, LATE, waited
from tests.wire import Answer, closed_port, cut, drips, resets, resets_after, says, serving, silent

#: Of a question to a source that stalls, in seconds.
BUDGET = 0.5
NOW = datetime(2021, 3, 15, 9, 42, tzinfo=UTC)

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

    def told(self, url: str, within: float = AMPLE) -> tuple[SessionState, Reason]:
        probe = self.make(url)
        finding = probe.ask({self.cookie: "canary"}, Forwarded(), within)
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
            told = self.told(wire.url, BUDGET)

        assert told == (SessionState.UNKNOWN, Reason.DEADLINE)
        assert BUDGET * 0.9 <= waited(began) < BUDGET + LATE

    def test_a_dead_source_is_unknown_at_once(self) -> None:
        began = time.monotonic()

        assert self.told(f"http://127.0.0.1:{closed_port()}/") == (SessionState.UNKNOWN, Reason.CONNECT)
        assert waited(began) < LATE

    def test_a_stalled_tls_handshake_is_cut(self) -> None:
        with serving(silent) as wire:
            began = time.monotonic()
            told = self.told(f"https://127.0.0.1:{wire.port}/", BUDGET)

        assert told == (SessionState.UNKNOWN, Reason.DEADLINE)
        assert waited(began) < BUDGET + LATE

    def test_a_visit_without_time_left_sends_nothing(self) -> None:
        with serving(says("200 OK", b"bonjour")) as wire:
            finding = self.make(wire.url).ask({self.cookie: "canary"}, Forwarded(), 0.0)

        assert (finding.state, finding.reason) == (SessionState.UNKNOWN, Reason.DEADLINE)
        assert wire.heard == []

    def test_other_cookies_stay_here(self) -> None:
        with serving(says("200 OK")) as wire:
            self.make(wire.url).ask({self.cookie: "canary", "other": "never-sent"}, Forwarded(), AMPLE)

        assert "canary" in wire.heard[0]
        assert "never-sent" not in wire.heard[0]

    def test_it_says_before_what_it_would_send_of_a_visitor(self) -> None:
        agent, address = "agent-of-this-visitor", "192.0.2.7"
        with serving(says("200 OK")) as wire:
            probe = self.make(wire.url)
            visitor = {self.cookie: "canary", "other": "never-sent"}, Forwarded(agent, address)
            probe.ask(*visitor, AMPLE)
            sends = probe.sends(*visitor)

        for value in ("canary", agent, address, "never-sent"):
            assert (value in "".join(sends)) is (value in wire.heard[0])
        assert sends == probe.sends(*visitor)
        assert sends != probe.sends({self.cookie: "another"}, visitor[1])

    def test_it_answers_by_itself_when_it_would_send_nothing(self) -> None:
        with serving(says("200 OK")) as wire:
            probe = self.make(wire.url)
            finding = probe.ask({"other": "canary"}, Forwarded("agent", "address"), 0.0)

        assert probe.sends({"other": "canary"}, Forwarded("agent", "address")) == ()
        assert finding.reason is Reason.NO_COOKIE
        assert wire.heard == []

    def test_no_cookie_value_is_told_to_anyone(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        answer = cut(b"HTTP/1.1 200 OK\r\nno header at all\r\nSet-Cookie: sid=canary\r\nContent-Length: 0\r\n\r\n")
        with serving(answer) as wire:
            probe = self.make(wire.url)
            finding = probe.ask({self.cookie: "canary"}, Forwarded("canary", "canary"), AMPLE)

        assert "canary" not in "".join((repr(probe), repr(finding), caplog.text, repr(Forwarded("canary", "canary"))))

    def test_what_a_source_sets_for_one_visitor_is_never_sent_for_the_next(self) -> None:
        sets = says("200 OK", b"ok", Set_Cookie="sid=USER-A; Path=/")
        with serving(sets, sets, sets) as wire:
            probe = self.make(wire.url)
            for value in ("visitor-a", "visitor-b", "visitor-c"):
                probe.ask({self.cookie: value}, Forwarded(), AMPLE)

        assert wire.sent("Cookie") == [f"{self.cookie}=visitor-{letter}" for letter in "abc"]
        assert "USER-A" not in "".join(wire.heard)

    def test_many_visitors_at_once_each_send_their_own(self) -> None:
        with serving(*[says("200 OK", b"ok", Set_Cookie="sid=USER-A")] * 50) as wire:
            probe = self.make(wire.url)
            with ThreadPoolExecutor(8) as visitors:
                values = [f"visitor-{number:02}" for number in range(40)]
                list(visitors.map(lambda value: probe.ask({self.cookie: value}, Forwarded(), AMPLE), values))

        assert sorted(wire.sent("Cookie")) == [f"{self.cookie}={value}" for value in values]


class FrontChannelContract:
    """Sends the browser to one configured address, takes any answer without raising, and keeps nothing of it."""

    trip = Trip("abcdefghijklmnopqrstuvwxyz012345", "https://aiguilleur.example/retour/passive")
    #: The configured address that every departure begins with.
    leaves_for: ClassVar[str]
    #: The parameters of an answer that says yes, and a secret that one of them holds (a ticket, a code, a name).
    secret: ClassVar[str]

    def make(self) -> FrontChannelProbe:
        """The probe."""
        raise NotImplementedError

    def yes(self, probe: FrontChannelProbe) -> Mapping[str, str]:
        """The answer of the source to `trip` when there is a session."""
        raise NotImplementedError

    def told(self, params: Mapping[str, str], trip: Trip | None = None) -> tuple[SessionState, Reason]:
        probe = self.make()
        finding = probe.arrival(trip or self.trip, params, NOW)
        assert (finding.source, finding.by) == (probe.ref.source, probe.ref.id)
        assert (probe.ref.channel, finding.channel) == (Channel.FRONT, Channel.FRONT)
        return finding.state, finding.reason

    def test_it_leaves_for_the_configured_address_and_names_the_way_back(self) -> None:
        departure = self.make().departure(self.trip, NOW)

        assert departure.startswith(self.leaves_for)
        assert departure.isascii()
        assert departure.isprintable()

    def test_every_trip_leaves_differently(self) -> None:
        probe = self.make()
        other = replace(self.trip, id="z" * 32)

        assert probe.departure(self.trip, NOW) != probe.departure(other, NOW)

    def test_a_session_is_active(self) -> None:
        probe = self.make()

        assert self.told(self.yes(probe)) == (SessionState.ACTIVE, Reason.ANSWER)

    def test_an_answer_that_is_none_is_unknown(self) -> None:
        for params in (
            {},
            {"": ""},
            {"x": "y"},
            {"état": "\x00\ud800"},
            dict.fromkeys(("SAMLResponse", "error"), "é" * 9000),
        ):
            state, _ = self.told({**params, self.make().echo: self.trip.id})
            assert state is not SessionState.ACTIVE

    def test_nothing_of_the_answer_is_told_to_anyone(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        probe = self.make()
        finding = probe.arrival(self.trip, self.yes(probe), NOW)

        assert self.secret in "".join(self.yes(probe).values())
        assert self.secret not in "".join((repr(probe), repr(finding), caplog.text))


class MatcherContract:
    """Settles once and for all, looks at no source that it does not name, and says what it saw."""

    #: Two probes for each source, so that one answer does not settle it.
    probes = tuple(back(source, f"{source}-{number}") for source in (ATEN, EDU) for number in (1, 2))
    visits = (
        facts(),
        facts(school=None),
        facts(open=()),
        facts(open=(EDU,), entry="eclat", choice=ATEN, remembered=EDU),
        facts(entry="eclat", choice=ATEN, cookies=frozenset({"CT"})),
    )

    def make(self) -> Matcher:
        """The condition; on sources it knows `ATEN` alone, or none."""
        raise NotImplementedError

    def judged(self, seen: Facts) -> int:
        return self.make().judge(policy(probes=self.probes).view(seen))

    def test_what_is_settled_stays_settled_whatever_is_learnt_in_whatever_order(self) -> None:
        for visit, states in product(self.visits, product(("active", "inactive"), repeat=4)):
            answers = [found(p.source, state, by=p.id) for p, state in zip(self.probes, states, strict=True)]
            ends = set()
            for order in permutations(answers):
                seen, verdict = visit, self.judged(visit)
                for answer in order:
                    seen = seen.learn(answer)
                    before, verdict = verdict, self.judged(seen)
                    assert before in (MAY, verdict)
                ends.add(verdict)
            assert len(ends) == 1
            assert MAY not in ends

    def test_a_source_that_it_does_not_name_changes_nothing(self) -> None:
        assert self.make().sources() <= {ATEN}
        for visit in self.visits:
            others = [found(EDU, "active", by=f"{EDU}-{number}") for number in (1, 2)]
            assert self.judged(visit.learn(*others)) == self.judged(visit)

    def test_it_says_in_one_line_what_it_saw(self) -> None:
        for visit in self.visits:
            said = self.make().seen(policy(probes=self.probes).view(visit))
            assert said
            assert said.isprintable()


class SinkContract:
    """Takes an entry as it is, shows or keeps one line for each, and says nothing that the entry does not hold."""

    def make(self) -> Sink:
        """The sink."""
        raise NotImplementedError

    def kept(self) -> list[str]:
        """The lines that it has written since `make`."""
        raise NotImplementedError

    def test_each_entry_is_one_line_of_its_own(self, entry: JournalEntry) -> None:
        sink = self.make()
        for _ in range(3):
            sink.write(entry)

        lines = self.kept()
        assert len(lines) == 3
        assert len(set(lines)) == 1
        assert entry.code in lines[0]

    def test_a_line_for_a_machine_reads_back_as_the_entry(self, entry: JournalEntry) -> None:
        self.make().write(entry)
        [line] = self.kept()
        if line.startswith("{"):
            assert from_line(line) == entry
            assert line.isascii()

    def test_what_a_field_holds_never_breaks_the_line(self, entry: JournalEntry) -> None:
        self.make().write(changed(entry, rule="a\nb\u2028c\x1b[2J"))

        [line] = self.kept()
        assert line.isprintable()
