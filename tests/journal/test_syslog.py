"""Messages of syslog on the wire, and what becomes of them while nobody takes them."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aiguilleur.core.model import Channel, Finding, Reason, SessionState
from aiguilleur.journal import Event, Journal, JournalEntry, SyslogSink
from aiguilleur.journal.entry import from_line
from aiguilleur.journal.sinks.syslog.way import Stream
from aiguilleur.sandbox import free_port
from tests.certificate import write_certificate
from tests.journal.collectors import datagrams, streams
from tests.waiting import AMPLE, LATE, LONG, await_that, waited

AT = datetime(2021, 3, 15, 9, 42, 7, 318000, UTC)
FINDING = Finding("aten", SessionState.ACTIVE, Channel.BACK, "aten-status", Reason.ANSWER, 38)
#: RFC 5424, 6: the header, then the structured data, then the message.
MESSAGE = re.compile(
    r"<(?P<pri>\d{1,3})>1 (?P<time>\S+) (?P<host>[!-~]{1,255}) (?P<app>[!-~]{1,48}) (?P<pid>[!-~]{1,128}) "
    r"(?P<id>[!-~]{1,32}) (?P<data>-|(?:\[[^ =\]\"]{1,32}(?: [^ =\]\"]{1,32}=\"(?:[^\"\\\]]|\\[\"\\\]])*\")*\])+)"
    r"(?: (?P<text>.*))?"
)


def entry(number: int = 0, rule: str = "only", node: str = "ts1") -> JournalEntry:
    return JournalEntry(AT, "KOVATI", Event.DECIDED, rule=rule, ms=number, node=node, findings=(FINDING,))


def parsed(message: bytes) -> dict[str, str]:
    found = MESSAGE.fullmatch(message.decode())
    assert found
    return found.groupdict("")


def test_a_message_has_the_header_of_rfc_5424_and_the_entry_in_json(tmp_path: Path) -> None:
    with datagrams(tmp_path / "log") as collector:
        SyslogSink(collector.address, facility="local3").write(entry())
        [message] = collector.messages(1)
    told = parsed(message)

    assert (told["pri"], told["time"]) == (str(19 * 8 + 5), "2021-03-15T09:42:07.318Z")
    assert (told["host"], told["app"], told["pid"], told["id"]) == ("ts1", "aiguilleur", str(os.getpid()), "decided")
    assert (told["data"], from_line(told["text"])) == ("-", entry())


def test_structured_data_tells_the_entry_with_what_must_be_escaped(tmp_path: Path) -> None:
    with datagrams(tmp_path / "log") as collector:
        SyslogSink(collector.address, format="structured").write(entry(7, rule='a"b]c\\d\ne'))
        [message] = collector.messages(1)
    told = parsed(message)

    assert told["data"].startswith('[aiguilleur@32473 code="KOVATI" ')
    assert r' rule="a\"b\]c\\d?e" ' in told["data"]
    assert ' finding="aten active back aten-status answer 38"]' in told["data"]
    assert told["text"].startswith("\ufeff09:42:07 KOVATI")


def test_a_machine_without_a_usable_name_is_a_dash(tmp_path: Path) -> None:
    with datagrams(tmp_path / "log") as collector:
        SyslogSink(collector.address).write(entry(node="é à"))
        [message] = collector.messages(1)

    assert parsed(message)["host"] == "-"


def test_messages_go_over_udp_in_order() -> None:
    with datagrams() as collector:
        sink = SyslogSink(collector.address)
        for number in range(50):
            sink.write(entry(number))
        messages = collector.messages(50)

    assert [from_line(parsed(each)["text"]).ms for each in messages] == list(range(50))


@pytest.mark.parametrize("secure", [False, True], ids=["tcp", "tls"])
def test_frames_of_a_stream_are_counted_and_a_connection_that_is_cut_is_made_again(
    tmp_path: Path, secure: bool
) -> None:
    certificate = write_certificate(tmp_path / "pem", "127.0.0.1") if secure else None
    with streams(certificate) as collecting:
        sink = SyslogSink(collecting.collector.address, ca_file=str(certificate or ""))
        for number in range(20):
            sink.write(entry(number, rule="é" * 40))
        first = collecting.collector.messages(20)
        collecting.cut()
        for number in range(20, 40):
            sink.write(entry(number))
        second = collecting.collector.messages(20)

        assert collecting.connections == 2
    assert [from_line(parsed(each)["text"]).ms for each in first + second] == list(range(40))


def test_a_collector_with_another_certificate_is_told_nothing(tmp_path: Path) -> None:
    theirs, ours = write_certificate(tmp_path / "a", "127.0.0.1"), write_certificate(tmp_path / "b", "127.0.0.1")
    with streams(theirs) as collecting:
        sink = SyslogSink(collecting.collector.address, ca_file=str(ours))
        sink.write(entry())
        # It tries again once it has refused the first one.
        await_that(lambda: collecting.connections > 1)

        assert collecting.collector.came.empty()


def test_what_was_written_before_the_collector_was_there_comes_once_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    port, opens, refused = free_port(), Stream.open, threading.Event()

    def told(way: Stream) -> socket.socket:
        try:
            return opens(way)
        except OSError:
            refused.set()
            raise

    monkeypatch.setattr(Stream, "open", told)
    sink = SyslogSink(f"tcp://127.0.0.1:{port}")
    for number in range(10):
        sink.write(entry(number))
    assert refused.wait(AMPLE)
    with streams(port=port) as collecting:
        messages = collecting.collector.messages(10)

    assert [from_line(parsed(each)["text"]).ms for each in messages] == list(range(10))


def took(act: Callable[[], None]) -> float:
    began = time.monotonic()
    act()
    return waited(began)


@pytest.mark.parametrize("address", ["/nowhere/log", "udp://127.0.0.1:9", "tcp://127.0.0.1:{silent}"])
def test_a_dead_collector_delays_no_visit_and_what_it_loses_is_counted(address: str) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1) as silent:
        journal = Journal([SyslogSink(address.format(silent=silent.getsockname()[1]))])
        before: list[float] = []
        while not journal.dropped and len(before) < 60_000:
            before.append(took(lambda: journal.write(entry(len(before)))))
        dropped = dict(journal.dropped)
        after = [took(lambda: journal.write(entry())) for _ in range(9)]

    assert dropped == {"SyslogSink": 1}
    # Of the longest the machine may have its part, of the usual one not.
    for times in (before, after):
        assert (sorted(times)[len(times) // 2] < 0.05, max(times) < LATE) == (True, True)


def test_an_entry_that_a_datagram_cannot_hold_does_not_hold_up_the_next(tmp_path: Path) -> None:
    with datagrams(tmp_path / "log") as collector:
        sink = SyslogSink(collector.address)
        sink.write(entry(rule="x" * 1_000_000))
        sink.write(entry(2))
        [message] = collector.messages(1)

    assert from_line(parsed(message)["text"]).ms == 2


def test_a_process_that_ends_sends_what_it_has(tmp_path: Path) -> None:
    script = (
        "import sys; from tests.journal.test_syslog import entry; from aiguilleur.journal import SyslogSink\n"
        # It gives two seconds to what waits, which a machine that stands still may take.
        "from aiguilleur.journal.sinks.syslog import sender; sender._FAREWELL_S = float(sys.argv[2])\n"
        "sink = SyslogSink(sys.argv[1])\n"
        "for number in range(200): sink.write(entry(number))\n"
    )
    with datagrams(tmp_path / "log") as collector:
        command = [sys.executable, "-c", script, collector.address, str(AMPLE)]
        subprocess.run(command, check=True, timeout=LONG)

        assert len(collector.messages(200)) == 200


def test_a_sink_that_no_configuration_names_any_longer_leaves_no_thread(tmp_path: Path) -> None:
    others = set(threading.enumerate())
    with datagrams(tmp_path / "log") as collector:
        sink = SyslogSink(collector.address)
        sink.write(entry())
        collector.messages(1)
        ours = [each for each in set(threading.enumerate()) - others if each.name == "syslog"]
        del sink
        for each in ours:
            each.join(AMPLE)

    assert ours
    assert not any(each.is_alive() for each in ours)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"address": "log"}, "address is not a path"),
        ({"address": "tcp://collector"}, "address is not a path"),
        ({"address": "http://collector:80"}, "address is not a path"),
        ({"address": "tls://collector:6514", "ca_file": "/nowhere"}, "ca_file: "),
        ({"app_name": "two words"}, "app_name is not a name"),
        ({"sd_id": 'a"b'}, "sd_id is not a name"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        SyslogSink(**settings)  # type: ignore[arg-type]
