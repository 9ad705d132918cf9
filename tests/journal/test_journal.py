from __future__ import annotations

import json
import multiprocessing
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguilleur.core.model import Reason
from aiguilleur.errors import JournalError
from aiguilleur.journal import (
    Again,
    Event,
    FileSink,
    Journal,
    JournalEntry,
    StdoutSink,
    config_path,
    entry_of,
    facts_of,
    find_code,
    find_near,
    keep,
    last_good,
    new_code,
    newest,
    normal_code,
    paths_in,
    remember_last_good,
)
from aiguilleur.journal.entry import from_line
from tests.builders import ATEN, EDU, ROCHAT, facts, found

SEEN = facts(
    found(ATEN, "unknown", reason=Reason.DEADLINE), entry="eclat", cookies=frozenset({"CT", "ACT=blank"}), ill=(ATEN,)
)
DECIDED: dict[str, Any] = {
    "outcome": "redirect",
    "source": EDU,
    "rule": "inside-eclat",
    "status": 303,
    "host": "x.fr",
    "legs": 0,
    "ms": 41,
    "page": "",
    "policy": "abc123",
    "node": "ts1",
    "again": Again("chosen", 12),
}
ENTRY = entry_of(SEEN, event=Event.DECIDED, code="KOVATI", **DECIDED)
FIELDS = [
    "time",
    "code",
    "event",
    "target",
    "page",
    "etab",
    "academy",
    "school_kind",
    "entry",
    "arrival",
    "outcome",
    "source",
    "rule",
    "status",
    "host",
    "legs",
    "ms",
    "open",
    "ill",
    "findings",
    "signals",
    "again",
    "shadow",
    "problems",
    "policy",
    "node",
    "version",
]


def test_an_entry_survives_its_line() -> None:
    assert from_line(ENTRY.line()) == ENTRY


def test_what_is_empty_is_left_out_however_it_came_to_be_empty() -> None:
    nothing = "".join([])
    entry = JournalEntry(SEEN.at, "KOVATI", Event.DECIDED, target=nothing, open=tuple(nothing), node=nothing)

    assert list(entry.as_json()) == ["time", "code", "event", "arrival", "legs", "ms", "version"]


@pytest.mark.parametrize("at", ["1969-12-31T23:59:59.999900+00:00", "2021-03-15T10:42:07.318999+01:00"])
def test_an_instant_is_written_in_utc_and_cut_to_the_millisecond(at: str) -> None:
    told = JournalEntry(datetime.fromisoformat(at), "KOVATI", Event.DECIDED).as_json()["time"]

    assert told in ("1969-12-31T23:59:59.999Z", "2021-03-15T09:42:07.318Z")
    assert datetime.fromisoformat(at) - datetime.fromisoformat(told) < timedelta(milliseconds=1)


def test_the_fields_are_a_closed_list() -> None:
    assert set(ENTRY.as_json()) <= set(FIELDS)
    assert list(JournalEntry.__struct_fields__) == FIELDS
    assert set(ENTRY.as_json()["findings"][0]) == {"source", "state", "channel", "by", "reason", "ms"}
    assert set(ENTRY.as_json()["signals"]) <= {"choice", "remembered", "referer_host", "cookies"}


def test_the_facts_can_be_judged_again() -> None:
    assert facts_of(from_line(ENTRY.line()), ROCHAT, ZoneInfo("Europe/Paris")) == SEEN


@given(st.text(), st.text())
def test_whatever_a_field_holds_stays_on_one_line_of_ascii(node: str, rule: str) -> None:
    line = JournalEntry(SEEN.at, "KOVATI", Event.DECIDED, node=node, rule=rule).line()

    assert line.isascii()
    assert "\n" not in line
    assert (from_line(line).node, from_line(line).rule) == (node, rule)


@pytest.mark.parametrize("line", ["", "{", "[]", "{}", '{"time": 1}', "null"])
def test_a_broken_line_is_named(line: str) -> None:
    with pytest.raises(JournalError, match="f:3: not a line"):
        from_line(line, "f:3")


def test_codes_can_be_said_and_typed() -> None:
    codes = {new_code() for _ in range(2000)}

    assert all(normal_code(code) == code for code in codes)
    assert normal_code(" ko-va ti") == "KOVATI"
    assert normal_code("QWERTY") is None
    assert normal_code("KOVA") is None
    assert not any("KAKA" in code or "PIPI" in code for code in codes)


def test_a_rude_draw_is_drawn_again() -> None:
    # KA KA BA, then BA BA BA
    draws = iter([20 * 3600 + 20 * 60, 0])

    assert new_code(lambda _: next(draws)) == "BABABA"


def writes(path: str, count: int, number: int) -> None:
    journal = Journal([FileSink(path)])
    for index in range(count):
        journal.write(JournalEntry(SEEN.at, "KOVATI", Event.DECIDED, node=f"n{number}", ms=index))
    os._exit(0 if not journal.dropped else 1)


def test_workers_share_a_file_through_rotation_without_losing_a_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=writes, args=(str(path), 500, number)) for number in range(4)]
    for worker in workers:
        worker.start()
    rotated = 0
    while any(worker.is_alive() for worker in workers):
        if path.exists():
            path.rename(tmp_path / f"journal.jsonl.{rotated}")
            rotated += 1
        workers[0].join(0.02)
    for worker in workers:
        worker.join(20)
    lines = [line for file in tmp_path.iterdir() for line in file.read_text(encoding="ascii").splitlines()]

    assert [worker.exitcode for worker in workers] == [0] * 4
    assert sorted((from_line(line).node, from_line(line).ms) for line in lines) == [
        (f"n{number}", index) for number in range(4) for index in range(500)
    ]


def test_a_full_disk_breaks_nothing_and_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    journal = Journal([FileSink("/dev/full"), StdoutSink("json")])
    journal.write(ENTRY)
    journal.write(ENTRY)
    out, err = capsys.readouterr()

    assert journal.dropped == {"FileSink": 2}
    assert [json.loads(line)["code"] for line in out.splitlines()] == ["KOVATI", "KOVATI"]
    assert err.count("cannot be written") == 1


def test_the_readable_line(capsys: pytest.CaptureFixture[str]) -> None:
    StdoutSink().write(ENTRY)

    assert (
        capsys.readouterr()
        .out.rstrip()
        .endswith(
            "KOVATI teleservices clg-rochat-rousses → edu (inside-eclat) x.fr 41 ms  aten: unknown (deadline, 0 ms)"
        )
    )


def test_reading_goes_backwards_through_files_and_torn_lines(tmp_path: Path) -> None:
    path = tmp_path / "2021-03-15.jsonl"
    sink = FileSink(str(tmp_path / "{day}.jsonl"))
    for index in range(2000):
        sink.write(JournalEntry(SEEN.at, "KOVATI" if index % 1000 == 0 else "BABABA", Event.DECIDED, ms=index))
    with path.open("ab") as file:
        file.write(b'{"time": "2021-')

    assert [entry.ms for entry in find_code("KOVATI", paths_in([sink]))] == [1000, 0]
    assert [entry.ms for entry in newest([path])] == list(range(1999, -1, -1))
    with pytest.raises(JournalError):
        list(newest([tmp_path / "none"]))


def test_a_family_without_a_code_is_found_by_school_and_time(tmp_path: Path) -> None:
    sink = FileSink(str(tmp_path / "j.jsonl"))
    for minutes in (0, 5, 60):
        sink.write(JournalEntry(SEEN.at + timedelta(minutes=minutes), "KOVATI", Event.DECIDED, etab="x", ms=minutes))
    near = find_near("x", datetime(2021, 3, 15, 9, 42, tzinfo=UTC), timedelta(minutes=10), paths_in([sink]))

    assert [entry.ms for entry in near] == [0, 5]


def test_configurations_are_kept_by_their_digest(tmp_path: Path) -> None:
    keep(tmp_path, "abc123", {"rules.yaml": b"a"})
    keep(tmp_path, "abc123", {"rules.yaml": b"other"})
    remember_last_good(tmp_path, "abc123")

    assert last_good(tmp_path) == config_path(tmp_path, "abc123")
    assert (tmp_path / "configurations" / "abc123" / "rules.yaml").read_bytes() == b"a"
    assert config_path(tmp_path, "../../etc") is None
    assert last_good(tmp_path / "none") is None
