from __future__ import annotations

import gzip
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguilleur.errors import JournalError
from aiguilleur.journal import (
    Event,
    FileSink,
    JournalEntry,
    StdoutSink,
    Torn,
    find_code,
    find_near,
    newest,
    oldest,
    paths_in,
)
from aiguilleur.journal import reading as module

AT = datetime(2021, 3, 15, 9, 42, tzinfo=UTC)


def entry(number: int = 0, code: str = "KOVATI", etab: str = "", minutes: float = 0) -> JournalEntry:
    return JournalEntry(AT + timedelta(minutes=minutes), code, Event.DECIDED, ms=number, etab=etab)


def written(path: Path, *entries: JournalEntry, end: bytes = b"", aged: int = 0) -> Path:
    path.write_bytes(b"".join(each.line().encode() + b"\n" for each in entries) + end)
    os.utime(path, (1_600_000_000 - aged,) * 2)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("journal")


@given(
    block=st.integers(1, 700),
    nodes=st.lists(st.text(max_size=200), max_size=12),
    end=st.sampled_from([b"", b'{"time":"2021-03-1', b"\n\n"]),
)
def test_lines_that_cross_a_block_are_read_whole(folder: Path, block: int, nodes: list[str], end: bytes) -> None:
    entries = [JournalEntry(AT, "KOVATI", Event.DECIDED, node=node, ms=at) for at, node in enumerate(nodes)]
    path, torn = written(folder / "journal.jsonl", *entries, end=end), Torn()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK", block)
        backwards = list(newest([path], torn=torn))

    assert backwards == entries[::-1]
    assert torn.count == (end == b'{"time":"2021-03-1')
    assert list(oldest([path])) == entries


def test_a_code_is_found_across_blocks_as_well(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(folder / "codes.jsonl", *(entry(at, "KOVATI" if at % 7 == 0 else "BALADO") for at in range(50)))
    for block in range(90, 300, 7):
        monkeypatch.setattr(module, "_BLOCK", block)

        assert [each.ms for each in find_code("KOVATI", [path])] == [49, 42, 35, 28, 21, 14, 7, 0]


def test_a_code_in_another_field_is_not_the_code_of_the_visit(tmp_path: Path) -> None:
    other = JournalEntry(AT, "BALADO", Event.DECIDED, node="KOVATI")
    path = written(tmp_path / "j", other, entry(1))

    assert [each.ms for each in find_code("KOVATI", [path])] == [1]


def test_no_more_than_asked_for_is_read(tmp_path: Path) -> None:
    path = written(tmp_path / "j", *(entry(at) for at in range(50)))

    assert [each.ms for each in find_code("KOVATI", [path, tmp_path / "never opened"], most=3)] == [49, 48, 47]


def test_torn_lines_are_counted_and_the_first_is_named(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_bytes(b"\xff\xfe\n" + entry(1).line().encode() + b"\n\n[]\n" + entry(2).line().encode() + b'\n{"ti')
    forward, backward = Torn(), Torn()

    assert [each.ms for each in oldest([path], torn=forward)] == [1, 2]
    assert [each.ms for each in newest([path], torn=backward)] == [2, 1]
    assert forward == Torn(3, f"{path}:1: not a line of the journal (UnicodeDecodeError)")
    assert backward == Torn(3, f"{path}: not a line of the journal (JSONDecodeError)")


def test_a_whole_line_behind_a_torn_one_is_saved(tmp_path: Path) -> None:
    path, torn = tmp_path / "j", Torn()
    path.write_text(entry(1).line()[:60] + entry(2).line() + "\n")

    assert [each.ms for each in newest([path], torn=torn)] == [2]
    assert torn.count == 1


def test_what_was_written_after_a_size_is_left_for_later(tmp_path: Path) -> None:
    path = written(tmp_path / "j", entry(1), entry(2))
    size = path.stat().st_size
    written(path, entry(1), entry(2), entry(3))

    assert [each.ms for each in newest([path], ends={path: size})] == [2, 1]


def test_packed_files_are_read_from_both_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_UNPACKED", 100)
    path = tmp_path / "j.gz"
    path.write_bytes(gzip.compress("".join(entry(at).line() + "\n" for at in range(5)).encode()))

    assert [each.ms for each in newest([path])] == [4, 3, 2, 1, 0]
    assert [each.ms for each in oldest([path])] == [0, 1, 2, 3, 4]


def test_of_a_packed_file_cut_short_the_rest_is_read(tmp_path: Path) -> None:
    path, torn = tmp_path / "j.gz", Torn()
    lines = "".join(entry(at, node).line() + "\n" for at, node in enumerate(["KOVATI"] * 4000)).encode()
    packed = gzip.compress(lines, 0)
    path.write_bytes(packed[: len(packed) // 2])
    found = [each.ms for each in oldest([path], torn=torn)]

    assert len(found) > 100
    assert found == list(range(len(found)))
    assert torn.count <= 1


def test_of_a_packed_file_with_something_behind_it_the_packed_part_is_read(tmp_path: Path) -> None:
    path = tmp_path / "j.gz"
    path.write_bytes(gzip.compress((entry(1).line() + "\n").encode()) + b"not packed at all")

    assert [each.ms for each in newest([path])] == [1]


def test_what_is_packed_by_its_name_alone_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "j.gz"
    path.write_text("not packed at all")

    with pytest.raises(JournalError) as refused:
        list(newest([path]))
    assert str(refused.value) == (
        f"{path}: is no gzip file, though its name says so; give it another name, or move it away"
    )


@pytest.mark.parametrize("name", ["none.jsonl", "none.gz", "text.gz", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "text.gz").write_text("not packed at all")

    with pytest.raises(JournalError, match=name):
        list(newest([tmp_path / name]))


def test_a_sinks_files_are_found_with_what_rotation_made_of_them(tmp_path: Path) -> None:
    names = ["j.jsonl-20210313.gz", "j.jsonl.2.gz", "j.jsonl.1", "j.jsonl"]
    for age, name in enumerate(reversed(names)):
        written(tmp_path / name, aged=age)
    written(tmp_path / "other.jsonl")

    assert [path.name for path in paths_in([StdoutSink(), FileSink(str(tmp_path / "j.jsonl"))])] == names[::-1]


def test_daily_files_are_found_in_daily_folders_too(tmp_path: Path) -> None:
    sink = FileSink(str(tmp_path / "[x]" / "{day}" / "j.jsonl"))
    for day in (15, 16):
        sink.write(JournalEntry(datetime(2021, 3, day, tzinfo=UTC), "KOVATI", Event.DECIDED, ms=day))

    assert [each.ms for each in newest(paths_in([sink]))] == [16, 15]


def test_two_sinks_do_not_tell_each_visit_twice(tmp_path: Path) -> None:
    empty, first, second = (FileSink(str(tmp_path / name)) for name in "abc")
    first.write(entry(1))
    second.write(entry(1))

    assert paths_in([empty, first, second]) == (tmp_path / "b",)
    assert paths_in([empty]) == ()
    assert paths_in([], tmp_path / "given") == (tmp_path / "given",)


def test_a_school_is_found_near_a_time_in_the_files_of_every_node(tmp_path: Path) -> None:
    etab = "clg-rochat-rousses"
    one = written(tmp_path / "1", *(entry(at, etab=etab, minutes=at) for at in (-200, -9, 4, 11, 500)))
    other = written(tmp_path / "2", entry(7, etab="lyc-x", minutes=0), entry(2, etab=etab, minutes=2))
    near = find_near(etab, AT, timedelta(minutes=10), [one, other])

    assert [each.ms for each in near] == [-9, 2, 4]
