"""Edits of the configuration that several workers serve, while visits arrive."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.load import Arrivals, arriving, by_status
from tests.nodes import LINK, SERVICES, Node, click, node
from tests.operations.test_disk import whole
from tests.waiting import LATE, await_that

CLICK = click(path=f"{LINK}?source=educonnect")
OLD, NEW = SERVICES["educonnect"], "https://teleservices2.education.example/"
PROMISED_S = 5


def edited(running: Node, file: str, old: str, new: str) -> None:
    path = running.folder / "config" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def told(running: Node, what: str) -> set[object]:
    """What the workers say, each asked as often as chance has it."""
    return {running.ready()[what] for _ in range(12)}


def events(running: Node) -> list[object]:
    lines, torn = whole(running.journal)
    assert torn == 0
    return [line["outcome"] for line in lines if line["event"] == "config"]


def served_within_the_promise(load: Arrivals, edit: Callable[[], None], address: str, late: float = 2 * LATE) -> None:
    edit()
    done = max(row.at for row in load.so_far())
    await_that(lambda: {row.location for row in load.so_far()[-20:]} - {""} == {address})
    last_old = max((row.at for row in load.so_far() if row.location not in (address, "")), default=0)
    # The promise, and something for a machine that does other things.
    assert last_old - done < PROMISED_S + late


def test_each_worker_serves_a_good_edit_in_time_refuses_a_bad_one_and_is_healed_by_the_next(tmp_path: Path) -> None:
    with (
        node(tmp_path, {"aten": 1, "educonnect": 2}, workers=3) as running,
        arriving(running.port, [CLICK], (180, 30)) as load,
    ):
        await_that(lambda: bool(load.so_far()))
        served_within_the_promise(load, lambda: edited(running, "targets.yaml", OLD, NEW), NEW)
        await_that(lambda: events(running) == ["loaded"] * 3)
        assert len(told(running, "digest")) == 1

        edited(running, "rules.yaml", "is: active", "is: asleep")
        await_that(lambda: events(running) == ["loaded"] * 3 + ["refused"] * 3)
        [degraded] = told(running, "degraded")
        assert f"{running.folder}/config/rules.yaml:5:" in str(degraded)
        assert str(degraded) in running.log.read_text()

        edited(running, "rules.yaml", "is: asleep", "is: active")
        served_within_the_promise(load, lambda: edited(running, "targets.yaml", NEW, OLD), OLD)
        await_that(lambda: told(running, "degraded") == {""})
        rows = load.so_far()

    assert set(by_status(rows)) <= {200, 303}
    assert {row.location for row in rows} - {""} == {OLD, NEW}


@pytest.mark.prove
def test_edits_for_a_minute_are_each_served_in_time(tmp_path: Path) -> None:
    with (
        node(tmp_path, {"aten": 1, "educonnect": 2}, workers=3) as running,
        arriving(running.port, [CLICK], (90, 60)) as load,
    ):
        await_that(lambda: bool(load.so_far()))
        for turn in range(10):
            old, new = (OLD, NEW) if turn % 2 == 0 else (NEW, OLD)
            served_within_the_promise(load, lambda old=old, new=new: edited(running, "targets.yaml", old, new), new, 1)  # type: ignore[misc]
            time.sleep(1)
        rows = load.so_far()

    assert set(by_status(rows)) <= {200, 303}
