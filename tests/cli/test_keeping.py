"""What the configuration's own journal becomes: parted, put away, purged."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import time
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from aiguilleur.cli import keeping, purging
from aiguilleur.cli.journal import journal
from aiguilleur.core.model import Arrival
from aiguilleur.journal import Event, FileSink, JournalEntry, keep, remember_last_good
from aiguilleur.journal.entry import from_line
from aiguilleur.journal.scale import archive_of, compact, files_in, rotated
from aiguilleur.settings.load import load
from tests.conftest import ROOT

NOW = datetime(2021, 3, 15, 12, tzinfo=UTC)
TODAY = JournalEntry(NOW, "KOVATI", Event.DECIDED, "ent", arrival=Arrival.NONE, outcome="discover", policy="aaaaaa")
PAST = JournalEntry(NOW - timedelta(days=3), "BALADO", Event.DECIDED, "ent", outcome="discover", policy="bbbbbb")
OLD = NOW.timestamp() - 400 * 24 * 3600


class Noon(datetime):
    """The time at which these tests are: midnight does not come between a line and the command that reads it."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return NOW.astimezone(tz)


@pytest.fixture(autouse=True)
def _at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (keeping, purging):
        monkeypatch.setattr(module, "datetime", Noon)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The shipped configuration, which writes below the test's folder."""
    folder = shutil.copytree(ROOT / "config", tmp_path / "config")
    site = folder / "aiguilleur.yaml"
    text = site.read_text(encoding="utf-8")
    sink = load(folder)[0].site.journal[0]
    assert isinstance(sink, FileSink)
    text = text.replace(sink.path, str(tmp_path / "journal.jsonl"))
    lines = [line for line in text.splitlines() if not line.startswith("state_dir:")]
    site.write_text("\n".join([*lines, f"state_dir: {tmp_path / 'state'}", ""]), encoding="utf-8")
    return folder


def run(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(journal, [*arguments, "--config", str(config)])


def test_a_file_that_is_written_to_is_parted_and_put_away_when_its_days_are_over(config: Path, tmp_path: Path) -> None:
    sink = FileSink(str(tmp_path / "journal.jsonl"))
    sink.write(PAST)
    sink.write(TODAY)
    first = run(config, "compact")
    # For a moment a worker still writes to the file that was renamed.
    time.sleep(0.06)
    sink.write(TODAY)
    [parted] = tmp_path.glob("journal.jsonl-*")
    parted.write_text(PAST.line() + "\n")
    os.utime(parted, times=(OLD,) * 2)
    second = run(config, "compact")

    assert (first.exit_code, first.stdout) == (0, "Nothing to compact.\n")
    assert second.stdout.startswith("Put away 1 line of 1 file, ")
    assert (tmp_path / "journal.jsonl").read_text() == TODAY.line() + "\n"
    assert from_line(run(config, "show", "balado", "--json").stdout).line() == PAST.line()
    assert run(config, "report", "--by", "day").exit_code == 0


def test_a_file_of_today_or_of_one_day_each_is_not_parted(tmp_path: Path) -> None:
    sink, daily = FileSink(str(tmp_path / "journal.jsonl")), FileSink(str(tmp_path / "{day}" / "journal.jsonl"))

    assert rotated(sink, NOW) is None
    for each in (sink, daily):
        each.write(TODAY)
    daily.write(PAST)
    assert rotated(sink, NOW) is rotated(daily, NOW) is None
    assert archive_of([daily]) == archive_of([sink]) == tmp_path / "parquet"


def test_the_folder_of_a_day_goes_with_it_and_the_journal_s_own_stays(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    sink = FileSink(str(folder / "{day}" / "journal.jsonl"))
    sink.write(PAST)
    sink.write(replace(PAST, time=PAST.time - timedelta(days=1)))
    for path in folder.rglob("*.jsonl"):
        os.utime(path, times=(OLD,) * 2)
    beside = next(folder.iterdir()) / "notes.txt"
    beside.write_text("not ours")
    done = compact(files_in([folder]), folder / "parquet", now=NOW)

    assert len(done.days) == 2
    assert sorted(folder.iterdir()) == [beside.parent, folder / "parquet"]


@pytest.mark.parametrize("by_name", [False, True])
def test_what_was_kept_of_replaced_files_is_no_older_than_the_rest(config: Path, tmp_path: Path, by_name: bool) -> None:
    half = replace(PAST, time=NOW - timedelta(days=184))
    for day in (half, replace(PAST, node="ts2")):
        (tmp_path / "journal.jsonl-20210315").write_text(f"{day.line()}\n{PAST.line()}\n")
        os.utime(tmp_path / "journal.jsonl-20210315", times=(OLD,) * 2)
        run(config, "compact", "--keep")
    beside = tmp_path / "replaced" / "notes.txt"
    beside.write_text("not ours")
    purged = json.loads(run(config, "purge", "--json", *([str(tmp_path)] if by_name else [])).stdout)

    assert len(purged["files"]) == 2
    assert sorted((tmp_path / "replaced").iterdir()) == [tmp_path / "replaced" / "journal.jsonl-20210315-2", beside]
    assert not (tmp_path / "parquet" / f"journal-{half.time:%Y-%m-%d}.parquet").exists()


def test_a_second_file_of_the_same_lines_is_no_older_than_the_rest(config: Path, tmp_path: Path) -> None:
    site, old = config / "aiguilleur.yaml", replace(PAST, time=NOW - timedelta(days=184))
    second = tmp_path / "second" / "{day}.jsonl"
    text = re.sub(
        r"(?m)^journal:\n.*\n", rf"\g<0>  - {{kind: file, path: '{second}'}}\n", site.read_text(encoding="utf-8")
    )
    site.write_text(text, encoding="utf-8")
    for path in (str(tmp_path / "journal.jsonl"), str(second)):
        FileSink(path).write(TODAY)
    FileSink(str(second)).write(old)
    purged = run(config, "purge")

    assert purged.exit_code == 0, purged.output
    assert [path.name for path in second.parent.iterdir()] == [f"{TODAY.time:%Y-%m-%d}.jsonl"]


def test_an_old_file_without_a_line_is_told_and_left(config: Path, tmp_path: Path) -> None:
    torn = tmp_path / "journal.jsonl-20200101"
    torn.write_text('{"time":"2020-01-\n')
    os.utime(torn, times=(OLD,) * 2)
    FileSink(str(tmp_path / "journal.jsonl")).write(TODAY)
    purged = run(config, "purge")

    assert purged.exit_code == 1
    assert f"{torn}: stays: holds no line of the journal, and is that old; look at it, and remove it." in purged.output
    assert torn.exists()


def test_a_folder_that_is_called_replaced_is_somebody_s_own_where_no_days_stand_beside(tmp_path: Path) -> None:
    path = tmp_path / "replaced" / "journal.jsonl"
    path.parent.mkdir()
    path.write_text(f"{replace(PAST, time=NOW - timedelta(days=300)).line()}\n{TODAY.line()}\n")
    CliRunner().invoke(journal, ["purge", str(path.parent)])

    assert path.exists()


def test_configurations_that_no_line_names_any_longer_go_with_the_lines(config: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    FileSink(str(tmp_path / "journal.jsonl")).write(TODAY)
    for digest in ("aaaaaa", "bbbbbb", "cccccc", "dddddd"):
        keep(state, digest, {"rules.yaml": b""})
        os.utime(state / "configurations" / digest, times=(OLD,) * 2)
    keep(state, "eeeeee", {"rules.yaml": b""})
    remember_last_good(state, "cccccc")
    dry = json.loads(run(config, "purge", "--dry-run", "--json").stdout)
    done = json.loads(run(config, "purge", "--json").stdout)

    gone = [str(state / "configurations" / digest) for digest in ("bbbbbb", "dddddd")]
    assert dry["configurations"] == done["configurations"] == gone
    assert sorted(path.name for path in (state / "configurations").iterdir()) == ["aaaaaa", "cccccc", "eeeeee"]


def test_without_the_extra_the_configurations_are_left_as_they_are(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FileSink(str(tmp_path / "journal.jsonl")).write(TODAY)
    keep(tmp_path / "state", "bbbbbb", {"rules.yaml": b""})
    os.utime(tmp_path / "state" / "configurations" / "bbbbbb", times=(OLD,) * 2)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    purged = run(config, "purge")

    assert (purged.exit_code, "0 configurations" in purged.stdout) == (0, True)
    assert "pip install 'aiguilleur[ops]'" in purged.stderr
