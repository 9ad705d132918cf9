"""Workers and masters that die while visits arrive, behind nginx as it is shipped."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.load import arriving, by_status
from tests.nodes import click
from tests.operations.machine import Machine, assert_written, machine
from tests.waiting import await_that

pytestmark = pytest.mark.nginx

#: Three kinds of visitors: with a session at a source that is asked, with a choice, and with nothing.
VISITS = [click("aten"), click(path="/vers/teleservices/clg-rochat-rousses?source=educonnect"), click()]


def killed_under_load(whole: Machine, seconds: float, rate: float, every: float, most: int | None = None) -> None:
    lots, killed = random.Random(5), 0
    with arriving(whole.port, VISITS, (seconds, rate)) as load:
        await_that(lambda: bool(load.so_far()))
        while not load.is_over() and killed != most:
            time.sleep(every)
            # One that is killed leaves another, however long those that follow take to start.
            await_that(lambda: len({whole.node.ready()["worker"] for _ in range(6)}) > 1)
            # One that has been killed is a child still until its master has looked after it.
            with suppress(ProcessLookupError):
                os.kill(lots.choice(whole.node.workers()), signal.SIGKILL)
                killed += 1
        rows = load.rows()

    assert killed >= (most or seconds / every / 2)
    assert [row for row in rows if row.error] == []
    # On a machine that does other things some get the mire, because visits have waited long.
    assert set(by_status(rows)) == {200, 303}
    assert {line["status"] for line in whole.access()} == {200, 303}
    assert_written(rows, [whole.node.journal], whole.asked_again())


def test_workers_that_are_killed_lose_no_visit_and_tear_no_line(tmp_path: Path) -> None:
    with machine(tmp_path) as whole:
        killed_under_load(whole, 12, 30, 0.6, most=6)


@pytest.mark.prove
def test_workers_that_are_killed_for_a_minute_lose_no_visit(tmp_path: Path) -> None:
    with machine(tmp_path, workers=4) as whole:
        killed_under_load(whole, 60, 120, 0.7)
        assert whole.asked_again() > 0
