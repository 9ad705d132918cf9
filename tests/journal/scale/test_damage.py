"""Compacted days that a disk or a hand has damaged: whoever reads them is told which, and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from aiguilleur.errors import JournalError
from aiguilleur.journal.scale import compact, database, files_in, find_code, reading, report
from tests.journal.scale.test_compact import NOW, SENT, old, put_away

DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut short": lambda day: day[: len(day) // 2],
    "something else": lambda _: b"See the other folder.\n" * 9,
    "a hole at its end": lambda day: day[:-300] + bytes(292) + day[-8:],
    "a hole in its rows": lambda day: day[:60] + bytes(200) + day[260:],
}


@pytest.fixture
def days(tmp_path: Path) -> list[Path]:
    """Three days that were put away."""
    for ago in range(3):
        entry = replace(SENT, time=SENT.time - timedelta(days=ago))
        old(tmp_path / f"journal.jsonl-{ago}", *(replace(entry, code=f"BA{n:04}").line() for n in range(400)))
    put_away(tmp_path)
    days = sorted((tmp_path / "parquet").glob("*.parquet"))
    assert len(days) == 3
    return days


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_day_is_named_with_the_way_out_and_without_it_the_others_are_read(
    tmp_path: Path, days: list[Path], how: str
) -> None:
    damaged = days[1]
    damaged.write_bytes(DAMAGES[how](damaged.read_bytes()))
    told = f"^{re.escape(str(damaged))}: cannot be read \\(.+\\); put a copy in its place, or move it out of the"

    with pytest.raises(JournalError, match=told):
        report(files_in([tmp_path]))
    with pytest.raises(JournalError, match=told):
        list(find_code("BA0007", files_in([tmp_path]), 9))

    damaged.rename(tmp_path / "damaged")
    assert report(files_in([tmp_path])).total.visits == 800


def test_a_late_line_of_a_damaged_day_is_left_where_it_is(tmp_path: Path, days: list[Path]) -> None:
    days[-1].write_bytes(b"")
    late = old(tmp_path / "journal.jsonl-late", SENT.line())

    with pytest.raises(JournalError, match=f"^{re.escape(str(days[-1]))}: cannot be read"):
        compact(files_in([late]), tmp_path / "parquet", now=NOW)
    assert late.read_text() == f"{SENT.line()}\n"


def test_what_ends_a_question_is_told_also_beside_a_damaged_day(tmp_path: Path, days: list[Path]) -> None:
    days[1].write_bytes(DAMAGES["a hole in its rows"](days[1].read_bytes()))

    with pytest.raises(JournalError, match=r"^Parser Error"), reading(files_in([tmp_path])) as read:
        read.run("SELECT 1 FORM visits WHERE")
    with pytest.raises(JournalError, match=r"before that: .*no damage"), reading(files_in([tmp_path])) as read:
        read.run("SELECT error('no damage')")


def test_want_of_memory_is_no_damage(tmp_path: Path, days: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    days[1].write_bytes(DAMAGES["a hole in its rows"](days[1].read_bytes()))
    monkeypatch.setattr(database, "_CLOSED", {**database._CLOSED, "memory_limit": "50MB"})

    with pytest.raises(JournalError, match=r"^Out of Memory"), reading(files_in([tmp_path])) as read:
        read.run("SELECT list(range) FROM range(90_000_000)")
