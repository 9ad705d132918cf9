from __future__ import annotations

import fcntl
import gzip
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from aiguilleur.core.model import Signals
from aiguilleur.errors import JournalError
from aiguilleur.journal import Again, Event, FileSink, JournalEntry
from aiguilleur.journal.scale import (
    Compacted,
    Files,
    compact,
    compacting,
    files_in,
    reading,
    replacing,
    report,
)
from aiguilleur.journal.scale.database import opened
from aiguilleur.journal.scale.lookup import code_in, entry_in, near_in
from tests.journal.year import lines_of

NOW = datetime(2021, 3, 20, 12, tzinfo=UTC)
MONDAY = datetime(2021, 3, 15, 9, 42, 7, 318000, UTC)
SENT = JournalEntry(
    MONDAY, "KOVATI", Event.DECIDED, "ent", etab="clg-a", outcome="redirect", source="educonnect", rule="came-from",
    open=("aten", "educonnect"), signals=Signals(cookies=frozenset({"CTSESSION"})), again=Again("x", 7), node="ts1",
)  # fmt: skip


def old(path: Path, *lines: str, end: str = "\n") -> Path:
    """A file of these lines that was last written to two hours ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = ("\n".join(lines) + end).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    os.utime(path, times=(NOW.timestamp() - 7200,) * 2)
    return path


def put_away(folder: Path, **more: Any) -> Compacted:
    return compact(files_in([folder]), folder / "parquet", now=NOW, **more)


def rows(folder: Path) -> list[dict[str, Any]]:
    with reading(files_in([folder])) as database:
        return list(database.dicts("SELECT * FROM written ORDER BY time, code"))


def entries(folder: Path) -> list[str]:
    return [entry_in(row).line() for row in rows(folder) if row["event"]]


def at(**more: float) -> JournalEntry:
    return replace(SENT, time=MONDAY + timedelta(**more))


def test_a_day_that_is_over_becomes_one_file_of_all_nodes_and_says_what_the_lines_said(tmp_path: Path) -> None:
    day = lines_of(MONDAY.date(), 2000, 1)
    for node, drawn in day.items():
        old(tmp_path / node / "journal.jsonl", *(line.strip() for _, line in drawn))
    lines = sorted(line.strip() for drawn in day.values() for _, line in drawn)

    done = put_away(tmp_path)
    assert (done.lines, done.torn, done.left) == (len(lines), 0, ())
    assert sorted(each.name for each in tmp_path.rglob("*") if each.is_file()) == [
        ".lock",
        "journal-2021-03-15.parquet",
    ]
    assert sorted(entries(tmp_path)) == lines
    assert done.after * 5 < done.before


def test_what_the_report_says_stays_the_same(tmp_path: Path) -> None:
    for node, lines in lines_of(MONDAY.date(), 500, 1).items():
        old(tmp_path / node / "journal.jsonl", *(line.strip() for _, line in lines))

    before = report(files_in([tmp_path]))
    put_away(tmp_path)
    assert report(files_in([tmp_path])) == before


def test_nothing_is_left_to_do_the_second_time(tmp_path: Path) -> None:
    old(tmp_path / "journal.jsonl", SENT.line())
    put_away(tmp_path)

    assert put_away(tmp_path) == Compacted()
    assert entries(tmp_path) == [SENT.line()]


def test_lines_that_cannot_be_read_and_fields_of_a_later_version_are_kept_as_they_are(tmp_path: Path) -> None:
    later = SENT.line()[:-1] + ',"later":"field"}'
    behind = SENT.line()[:30] + at(seconds=1).line()
    foreign = '{"time":"2021-03-1', '{"x":1}', "caf\xe9\x00"
    old(tmp_path / "journal.jsonl", later, "", *foreign, behind, end="")

    done = put_away(tmp_path)
    kept = {row["raw"] for row in rows(tmp_path)}
    assert (done.lines, done.torn) == (5, 3)
    assert {each.encode("latin-1") for each in kept} == {each.encode() for each in (later, behind, *foreign)}
    assert entries(tmp_path) == [SENT.line(), at(seconds=1).line()]


def test_each_line_goes_to_its_own_day_and_late_ones_join_it(tmp_path: Path) -> None:
    night, morning = at(hours=14), at(hours=15)
    old(tmp_path / "journal.jsonl.1.gz", night.line(), morning.line())
    put_away(tmp_path)
    old(tmp_path / "ts2" / "journal.jsonl", replace(night, node="ts2").line())
    done = put_away(tmp_path)

    assert [each.name for each in done.days] == ["journal-2021-03-15.parquet"]
    assert [each.name for each in files_in([tmp_path]).days] == [
        "journal-2021-03-15.parquet",
        "journal-2021-03-16.parquet",
    ]
    assert sorted(entries(tmp_path)) == sorted([night.line(), replace(night, node="ts2").line(), morning.line()])


@pytest.mark.parametrize(
    ("name", "lines", "why"),
    [
        ("today.jsonl", (SENT.line(), replace(SENT, time=NOW).line()), "holds lines of today"),
        ("access.log", ("GET / 200", "GET / 404"), "holds no line of a journal"),
        ("lone.jsonl", (SENT.line() + "\r" + SENT.line(),), "has 1 lines, of which 2 could be read"),
    ],
)
def test_what_is_not_over_or_not_a_journal_is_left_alone(
    name: str, lines: tuple[str, ...], why: str, tmp_path: Path
) -> None:
    path = old(tmp_path / name, *lines)
    content = path.read_bytes()

    assert put_away(tmp_path) == Compacted(left=((path, why),))
    assert path.read_bytes() == content


def test_a_file_that_is_written_to_is_left_alone(tmp_path: Path) -> None:
    path = old(tmp_path / "journal.jsonl", SENT.line())
    os.utime(path, times=(NOW.timestamp() - 3599,) * 2)

    assert put_away(tmp_path).left == ((path, "written to within the last hour"),)


def test_a_packed_file_that_is_cut_short_is_left_alone(tmp_path: Path) -> None:
    path = old(tmp_path / "journal.jsonl.gz", *(at(seconds=n).line() for n in range(2000)))
    path.write_bytes(path.read_bytes()[:-40])
    os.utime(path, times=(NOW.timestamp() - 7200,) * 2)

    assert put_away(tmp_path).left == ((path, "is cut short"),)
    assert path.exists()
    # What can be unpacked is read all the same.
    assert 1000 < report(files_in([tmp_path])).lines < 2000


def test_a_packed_file_without_a_byte_holds_nothing_and_stops_nobody(tmp_path: Path) -> None:
    empty = tmp_path / "journal.jsonl.1.gz"
    empty.touch()
    os.utime(empty, times=(NOW.timestamp() - 7200,) * 2)
    old(tmp_path / "journal.jsonl", SENT.line())

    assert report(files_in([tmp_path])).lines == 1
    done = put_away(tmp_path)
    assert (done.lines, done.left) == (1, ((empty, "holds no line of a journal"),))


def test_zeros_behind_a_packed_file_lose_no_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl.1.gz"
    path.write_bytes(gzip.compress(f"{SENT.line()}\n".encode()) + bytes(4096))
    os.utime(path, times=(NOW.timestamp() - 7200,) * 2)

    assert report(files_in([tmp_path])).lines == 1
    assert put_away(tmp_path).left == ((path, "has zeros behind its end; pack it anew"),)
    assert path.exists()


def test_a_file_that_is_packed_by_its_name_alone_is_named_and_left_alone(tmp_path: Path) -> None:
    path, why = tmp_path / "journal.jsonl.1.gz", "is no gzip file, though its name says so"
    path.write_text("torn\n")
    os.utime(path, times=(NOW.timestamp() - 7200,) * 2)
    old(tmp_path / "journal.jsonl", SENT.line())

    with pytest.raises(JournalError, match=f"^{path}: {why}"):
        report(files_in([tmp_path]))
    done = put_away(tmp_path)
    assert (done.lines, [(left, said.partition(";")[0]) for left, said in done.left]) == (1, [(path, why)])


def test_what_is_replaced_can_be_kept_and_is_then_not_read_twice(tmp_path: Path) -> None:
    path = old(tmp_path / "journal.jsonl", SENT.line())
    put_away(tmp_path, keep=True)

    assert (tmp_path / "replaced" / path.name).read_text() == SENT.line() + "\n"
    assert entries(tmp_path) == [SENT.line()]


def test_of_files_that_rotation_calls_by_one_name_all_are_kept(tmp_path: Path) -> None:
    packed = "journal.jsonl.1.gz"
    for number in range(3):
        old(tmp_path / packed, at(days=-number).line())
        old(tmp_path / "journal.jsonl.1", replace(at(days=-number), node="ts2").line())
        assert put_away(tmp_path, keep=True).left == ()

    assert {path.name for path in (tmp_path / "replaced").iterdir()} == {
        *(packed, "journal.jsonl.1-2.gz", "journal.jsonl.1-3.gz"),
        *("journal.jsonl.1", "journal.jsonl.1-2", "journal.jsonl.1-3"),
    }
    assert report(files_in([tmp_path / "replaced"])).lines == 6


def stopped(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def before_the_end(archive: Path) -> None:
    """What `finish` does when there is nothing, and what a power cut leaves when there is."""
    if (archive / ".replacing.json").exists():
        stopped()


STOPS: dict[str, tuple[object, str, Callable[..., None]]] = {
    "before it counts": (replacing.Replacement, "commit", stopped),
    "when it counts": (compacting, "finish", before_the_end),
    "before the old files go": (replacing, "_take_away", stopped),
}


@pytest.mark.parametrize("stop", STOPS)
def test_wherever_the_machine_stops_every_line_is_there_once(
    stop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for node in ("ts1", "ts2"):
        old(tmp_path / node / "journal.jsonl", replace(SENT, node=node).line(), replace(at(days=1), node=node).line())
    with monkeypatch.context() as patch:
        patch.setattr(*STOPS[stop])
        with pytest.raises(KeyboardInterrupt):
            put_away(tmp_path)

    put_away(tmp_path)
    expected = [replace(each, node=node).line() for each in (SENT, at(days=1)) for node in ("ts1", "ts2")]
    assert sorted(entries(tmp_path)) == sorted(expected)
    assert not [each for each in tmp_path.rglob("*") if each.name.startswith(".") and each.name != ".lock"]


def test_a_line_that_comes_while_its_file_is_put_away_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = old(tmp_path / "journal.jsonl", SENT.line())
    commit = replacing.Replacement.commit

    def late(self: replacing.Replacement, archive: Path, *, keep: bool) -> None:
        FileSink(str(path)).write(at(seconds=1))
        commit(self, archive, keep=keep)

    monkeypatch.setattr(replacing.Replacement, "commit", late)
    put_away(tmp_path)
    monkeypatch.undo()
    FileSink(str(path)).write(at(seconds=2))

    assert entries(tmp_path) == [at(seconds=n).line() for n in range(3)]
    assert (tmp_path / "journal.jsonl.late").read_text() == at(seconds=1).line() + "\n"


def test_a_file_that_moves_up_by_one_while_it_is_put_away_is_not_taken_for_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a file sink of a bounded size does when it is full."""
    first = old(tmp_path / "journal.jsonl.1", SENT.line())
    newer = tmp_path / "journal.jsonl"
    newer.write_text(replace(SENT, time=NOW).line() + "\n")
    commit = replacing.Replacement.commit

    def rotate(self: replacing.Replacement, archive: Path, *, keep: bool) -> None:
        commit(self, archive, keep=keep)
        first.rename(tmp_path / "journal.jsonl.2")
        newer.rename(first)

    monkeypatch.setattr(replacing.Replacement, "commit", rotate)
    put_away(tmp_path)

    assert entries(tmp_path) == [SENT.line(), replace(SENT, time=NOW).line()]
    assert [each.name for each in files_in([tmp_path]).lines] == ["journal.jsonl.1"]


def test_two_at_once_do_not_get_in_each_others_way(tmp_path: Path) -> None:
    old(tmp_path / "journal.jsonl", SENT.line())
    (tmp_path / "parquet").mkdir()
    with (tmp_path / "parquet" / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(JournalError, match="someone else is compacting it; try again later"):
            put_away(tmp_path)


def test_a_disk_that_refuses_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    path = old(tmp_path / "journal.jsonl", SENT.line())
    (tmp_path / "parquet").write_text("in the way")

    with pytest.raises(JournalError, match="nothing was lost"):
        compact(Files((path,)), tmp_path / "parquet", now=NOW)
    assert path.exists()


def test_a_code_is_found_the_newest_first_and_a_school_near_a_time(tmp_path: Path) -> None:
    lines = at(days=1), at(minutes=1), replace(SENT, code="BALADO"), SENT, replace(at(seconds=9), etab="clg-b")
    old(tmp_path / "journal.jsonl", *(each.line() for each in lines))
    put_away(tmp_path)
    days = files_in([tmp_path]).days

    assert list(code_in("KOVATI", days, 2)) == [at(days=1), at(minutes=1)]
    near = list(near_in("clg-a", MONDAY, timedelta(seconds=30), days))
    assert sorted(each.code for each in near) == ["BALADO", "KOVATI"]
    assert list(near_in("clg-a", MONDAY - timedelta(days=3), timedelta(hours=1), days)) == []


def test_a_day_that_was_compacted_before_there_was_a_column_is_read_as_the_others(tmp_path: Path) -> None:
    old(tmp_path / "journal.jsonl", SENT.line(), at(days=1).line())
    [earlier, _] = put_away(tmp_path).days
    with opened([earlier], writing=[tmp_path]) as database:
        before = f"SELECT * EXCLUDE (problems, shadow) FROM read_parquet('{earlier}')"
        database.run(f"COPY ({before}) TO '{tmp_path / 'earlier.parquet'}' (FORMAT parquet)")
    (tmp_path / "earlier.parquet").replace(earlier)

    assert list(code_in("KOVATI", [earlier], 2)) == [SENT]
    assert entries(tmp_path) == [SENT.line(), at(days=1).line()]
    assert report(files_in([tmp_path])).total.visits == 2


def test_what_was_to_be_replaced_is_told_in_plain_json(tmp_path: Path) -> None:
    path = old(tmp_path / "journal.jsonl", SENT.line())
    (tmp_path / ".fresh").mkdir()
    (tmp_path / ".fresh" / "journal-2021-03-15.parquet").touch()
    held = replacing.Held.at(path)
    replacing.Replacement(("journal-2021-03-15.parquet",), (held,)).commit(tmp_path, keep=False)

    told = json.loads((tmp_path / ".replacing.json").read_text())
    assert told == {
        "days": ["journal-2021-03-15.parquet"],
        "replaced": [[str(path), held.inode, held.size]],
        "keep": False,
    }
