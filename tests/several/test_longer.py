"""Longer proofs: all that can happen to nodes and their store in a minute, a node that is frozen, and a rush."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from aiguilleur.sandbox.faults import Fault
from tests.load import Row, arriving, by_status, percentile
from tests.servers.redis import patient
from tests.several.fleet import BUDGET, NAMES, Fleet, assert_whole, assert_written_once, fleet, visits
from tests.several.test_store import frozen, full, slow, stopped
from tests.waiting import await_that

pytestmark = [pytest.mark.redis, pytest.mark.haproxy, pytest.mark.prove]

_SECONDS, _RATE = 60.0, 100.0


@contextmanager
def killed(whole: Fleet) -> Iterator[None]:
    name = random.Random(time.time_ns()).choice(NAMES)
    whole.kill(name)
    yield
    whole.revive(name)
    # Its neighbours are not to die before HAProxy has seen it.
    time.sleep(3)


@contextmanager
def dead(whole: Fleet) -> Iterator[None]:
    whole.aten.set(Fault.ERROR_500)
    yield
    whole.aten.set(Fault.WELL)


@contextmanager
def silent(whole: Fleet) -> Iterator[None]:
    whole.aten.set(Fault.SILENT)
    yield
    whole.aten.set(Fault.WELL)


HAPPENINGS: list[Callable[[Fleet], AbstractContextManager[None]]] = [stopped, frozen, slow, full, killed, dead, silent]


def test_a_minute_of_everything_is_seen_by_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    patient(monkeypatch)
    lots, happened = random.Random(11), list[Callable[[Fleet], AbstractContextManager[None]]]()
    eras = list[tuple[str, float, float]]()
    with fleet(tmp_path, through=True, workers=2) as whole:
        began = time.monotonic()
        with arriving(whole.port, visits(), (_SECONDS, _RATE), seed=11) as load:
            while time.monotonic() - began < _SECONDS - 8:
                happens = HAPPENINGS[len(happened) % len(HAPPENINGS)]
                since = time.monotonic() - began
                with happens(whole):
                    time.sleep(lots.uniform(1.5, 4))
                happened.append(happens)
                eras.append((happens.__name__, since, time.monotonic() - began))
                time.sleep(1)
            rows = load.rows()
        told = [f"{name} {since:.0f}-{until:.0f} s: {felt(rows, since, until)}" for name, since, until in eras]
        with capsys.disabled():
            sys.stdout.write("\n" + "\n".join([*told, f"all: {felt(rows, 0, _SECONDS)}"]) + "\n")
        assert set(happened) == set(HAPPENINGS)
        assert_whole(rows, 0.8)
        assert_written_once(whole, rows)
        await_that(lambda: set(whole.shared()) == {("ok", None)}, 40)


def test_a_node_that_is_frozen_keeps_few_visits_for_seconds_and_loses_none(tmp_path: Path) -> None:
    with fleet(tmp_path) as whole, arriving(whole.port, visits(), (15, 60), seed=3) as load:
        await_that(lambda: len(load.so_far()) > 60)
        whole.nodes["ts2"].process.suspend()
        time.sleep(11)
        whole.nodes["ts2"].process.resume()
        rows = load.rows()

    late = [row for row in rows if row.seconds > BUDGET]
    assert [row for row in rows if row.error] == []
    assert set(by_status(rows)) == {200, 303}
    assert len(late) < 0.01 * len(rows)
    assert percentile(rows, 1) < 9
    # Answered by another node, not by HAProxy's own page.
    assert all(row.code for row in late)


def test_in_a_rush_no_node_is_taken_away_from_the_others(tmp_path: Path) -> None:
    with (
        fleet(tmp_path, workers=2) as whole,
        arriving(whole.port, visits(), (2, 60), (10, 700), (3, 60), seed=3) as load,
    ):
        rows = load.rows()

    assert [row for row in rows if row.error] == []
    assert all(row.code for row in rows)
    assert set(by_status(rows)) == {200, 303}
    assert "is DOWN" not in (tmp_path / "haproxy.log").read_text(encoding="utf-8")


def felt(rows: list[Row], since: float, until: float) -> str:
    """What visitors who came in that time saw of it."""
    came = [row for row in rows if since <= row.at < until]
    times = ", ".join(f"{share * 100:g} % {percentile(came, share) * 1000:.0f} ms" for share in (0.5, 0.99, 1))
    return f"{len(came)} visits {dict(by_status(came))}, {times}"
