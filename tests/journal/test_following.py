from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from aiguilleur.journal import Event, JournalEntry, follow


def line(number: int) -> str:
    return JournalEntry(datetime(2021, 3, 15, tzinfo=UTC), "KOVATI", Event.DECIDED, ms=number).line() + "\n"


class Over(Exception):  # noqa: N818 (it ends the test's watch, nothing failed)
    pass


def seen(path: Path, *happenings: Callable[[], object], since: int = 0) -> list[int]:
    """What is followed while these things happen, one at each pause; each has three pauses to be noticed."""
    steps: Iterator[Callable[[], object]] = iter([each for one in happenings for each in (one, idle, idle)])

    def pause(_seconds: float) -> None:
        step = next(steps, None)
        if step is None:
            raise Over
        step()

    found: list[int] = []
    with contextlib.suppress(Over):
        found.extend(each.ms for each in follow(lambda: path, since=since, pause=pause))
    return found


def idle() -> None:
    pass


def append(path: Path, text: str) -> Callable[[], object]:
    def happen() -> None:
        with path.open("a") as file:
            file.write(text)

    return happen


def test_new_entries_are_told_from_where_the_last_were(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_text(line(1))

    assert seen(path, append(path, line(2)), append(path, line(3)), since=len(line(1))) == [2, 3]


def test_a_file_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "j"

    assert seen(path, append(path, line(1))) == [1]


def test_half_a_line_is_waited_for_and_a_torn_one_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "j"
    happenings = append(path, line(1)[:30]), append(path, line(1)[30:] + "{torn\n"), append(path, line(2))

    assert seen(path, *happenings) == [1, 2]


def test_a_renamed_file_is_read_to_its_end_before_the_new_one(tmp_path: Path) -> None:
    path, old = tmp_path / "j", tmp_path / "j.1"
    path.write_text(line(1))

    def rotate() -> None:
        path.rename(old)
        append(path, line(3))()
        append(old, line(2))()

    assert seen(path, rotate) == [1, 2, 3]


def test_a_file_that_was_cut_back_is_read_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_text(line(1) + line(2))

    assert seen(path, lambda: path.write_text(line(3))) == [1, 2, 3]


def test_a_file_that_was_removed_is_kept_until_there_is_another(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_text(line(1))

    assert seen(path, path.unlink, append(path, line(2))) == [1, 2]
