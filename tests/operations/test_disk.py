"""A disk that fills up under the journal while visits arrive, and has room again."""

from __future__ import annotations

import json
import resource
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.load import Arrivals, arriving, by_status
from tests.nodes import LINK, Node, click, node
from tests.operations.machine import decided
from tests.waiting import LATE, await_that, waited

VISITS = [click(path=f"{LINK}?source=educonnect"), click()]


def give(running: Node, most: int) -> None:
    """Let the workers write files of this many bytes at most, as a full disk would."""
    for worker in running.workers():
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


def dropped(running: Node) -> dict[int, int]:
    """By worker, how many lines it has lost."""
    workers, counts = set(running.workers()), dict[int, int]()

    def all_have_told() -> bool:
        told: dict[str, Any] = running.ready()
        counts[told["worker"]] = sum(told["journal_dropped"].values())
        return counts.keys() >= workers

    await_that(all_have_told)
    return counts


def drops_nothing(running: Node, load: Arrivals) -> bool:
    """Whether no line is lost while so many visits come that each worker has had some."""
    before, visits = dropped(running), len(load.so_far())
    await_that(lambda: len(load.so_far()) >= visits + 40)
    return dropped(running) == before


def whole(journal: Path) -> tuple[list[dict[str, object]], int]:
    """The lines that are whole, as the journal's reader sees them, and how many are not.

    Another process may have written a whole one behind what was torn.
    """
    lines, torn = [], 0
    for text in journal.read_text(encoding="ascii").splitlines():
        try:
            lines.append(json.loads(text))
        except ValueError:
            torn += 1
            with suppress(ValueError):
                lines.append(json.loads(text[text.rfind('{"time":') :]))
    return lines, torn


def test_nobody_notices_a_full_disk_the_lost_lines_are_counted_and_the_next_ones_whole(tmp_path: Path) -> None:
    with node(tmp_path, {"aten": 1, "educonnect": 2}, workers=2) as running:
        with arriving(running.port, VISITS, (120, 40)) as load:
            await_that(lambda: running.journal.exists() and running.journal.stat().st_size > 20_000)
            # In the middle of a line: the first one that does not fit is torn.
            give(running, running.journal.stat().st_size + 100)
            await_that(lambda: min(dropped(running).values()) > 3)
            assert "the journal cannot be written" in running.log.read_text()
            size = running.journal.stat().st_size
            give(running, resource.RLIM_INFINITY)
            began = time.monotonic()
            await_that(lambda: running.journal.stat().st_size > size + 1000)
            took = waited(began)
            await_that(lambda: drops_nothing(running, load))
            rows = load.so_far()
        lines, torn = whole(running.journal)
        lost = dropped(running)

    # Five seconds are promised.
    assert took < 7 + LATE
    assert set(by_status(rows)) == {200, 303}
    assert torn <= 2
    # Those that were shown and are not written are those that were counted.
    assert (Counter(row.code for row in rows) - decided(lines)).total() <= sum(lost.values())
