"""A school year of visits, read in the time that an operator waits."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

import pytest

from aiguilleur.journal import newest
from aiguilleur.journal.scale import Compacted, Report, compact, files_in, find_code, report
from tests.conftest import ROOT
from tests.journal.year import ATEN_ENDS, GENERAL, PILOTS, write_day, write_year

T = TypeVar("T")
NOW = datetime(2021, 8, 1, 12, tzinfo=UTC)


def timed(work: Callable[[], T], clock: Callable[[], float] = time.perf_counter) -> tuple[T, float]:
    began = clock()
    return work(), clock() - began


def costed(work: Callable[[], T]) -> tuple[T, float]:
    """The same in processor time: on a busy machine it is what it costs, not how long it waits."""
    return timed(work, time.process_time)


def of_last_year(folder: Path) -> Path:
    """The files as they stand long after they were written."""
    for path in folder.rglob("*.jsonl"):
        os.utime(path, times=(NOW.timestamp() - 86_400,) * 2)
    return folder


def put_away(folder: Path) -> Compacted:
    return compact(files_in([folder]), folder / "parquet", now=NOW)


def share_of_aten(told: Report, since: date, until: date) -> float:
    weeks = [each for each in told.academies if since <= each.week < until]
    return sum(each.visits for each in weeks if each.source.startswith("aten")) / sum(each.visits for each in weeks)


def test_a_hundred_thousand_visits_are_the_same_before_and_after_and_found_at_once(tmp_path: Path) -> None:
    lines = sum(write_day(tmp_path, date(2021, 6, day), 5000, 1) for day in range(1, 21))
    of_last_year(tmp_path)
    last = next(newest(sorted(tmp_path.rglob("*.jsonl"))[-1:]))
    before, slow = costed(lambda: report(files_in([tmp_path])))
    found_before = list(find_code(last.code, files_in([tmp_path]), 20))
    done = put_away(tmp_path)
    after, quick = costed(lambda: report(files_in([tmp_path])))
    found, at_once = costed(lambda: list(find_code(last.code, files_in([tmp_path]), 20)))

    assert (done.lines, done.torn, done.left) == (lines, 0, ())
    assert after == before
    assert after.lines == lines
    # A visit that comes back from another counts as well.
    assert 100_000 < after.total.visits < 102_000
    assert found[0] == last
    assert sorted(each.line() for each in found) == sorted(each.line() for each in found_before)
    assert done.before > 15 * done.after
    assert quick * 2 < slow
    assert at_once < quick + 1


def test_the_migration_of_the_year_is_seen(tmp_path: Path) -> None:
    write_year(tmp_path, 20_000)
    told = report(files_in([tmp_path]), by=())

    assert share_of_aten(told, date(2020, 9, 1), PILOTS) == 1
    assert 0.9 < share_of_aten(told, PILOTS, GENERAL) < 1
    assert 0.1 < share_of_aten(told, date(2021, 5, 31), date(2021, 6, 28)) < 0.6
    assert share_of_aten(told, ATEN_ENDS.replace(day=12), date(2021, 8, 2)) == 0


@pytest.mark.prove
def test_ten_million_visits_are_reported_in_ten_seconds_and_a_code_is_found_in_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    visits = 10_000_000
    lines, drawing = timed(lambda: write_year(tmp_path, visits))
    of_last_year(tmp_path)
    packed = [(path.stat().st_size, len(gzip.compress(path.read_bytes()))) for path in tmp_path.rglob("*-15.jsonl")]
    done, compacting = timed(lambda: put_away(tmp_path))
    command = [str(Path(sys.executable).with_name("aiguilleur")), "journal"]

    def run(*arguments: object) -> str:
        called = [*command, *map(str, arguments), "--config", str(ROOT / "config")]
        return subprocess.run(called, check=True, capture_output=True, text=True).stdout

    told, reporting = timed(lambda: run("report", tmp_path))
    shown, showing = timed(lambda: run("show", "KOVATI", "--journal", tmp_path))
    plain, smaller = map(sum, zip(*packed, strict=True))
    with capsys.disabled():
        sys.stdout.write(
            f"\n{visits} visits, {lines} lines: drawn in {drawing:.0f} s, compacted in {compacting:.0f} s,"
            f" report {reporting:.1f} s, show {showing:.2f} s; bytes a visit: plain {done.before / visits:.0f},"
            f" gzip {done.before / visits * smaller / plain:.0f}, Parquet {done.after / visits:.1f}\n"
        )
    assert (done.lines, done.left) == (lines, ())
    assert "educonnect" in told
    assert "KOVATI" in shown
    assert reporting < 10
    assert showing < 1
