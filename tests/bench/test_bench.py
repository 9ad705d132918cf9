"""Every part of the benchmark works; its figures are for a quiet machine, and are told in docs/performance.md."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.bench.__main__ import Effort, measured
from tests.bench.contenders import _STARTS, BASE, COUNTED, SIGNAL, UNWRITTEN
from tests.bench.decisions import RULES, SCHOOLS, DecisionCost, best_us, decision_costs, rule_us
from tests.bench.happenings import happenings, observed
from tests.bench.measure import SERVER, Cost, cpu_s, mean_of, pin
from tests.bench.page import PAGE, PICTURE, Measured, picture, table
from tests.bench.promises import broken
from tests.waiting import AMPLE

NGINX = "nginx, map and return"


def short_round(folder: Path, *names: str) -> Measured:
    return measured(folder, names, Effort(1, 1, 1, 2))


@pytest.mark.wrk
@pytest.mark.nginx
def test_a_short_round_measures_each(tmp_path: Path) -> None:
    found = short_round(tmp_path, BASE, SIGNAL, NGINX)

    # Whatever the machine does besides.
    assert found.cpu_us(NGINX) < min(found.cpu_us(BASE), found.cpu_us(SIGNAL))
    assert 0.5 < found.ratio(SIGNAL) < 3
    assert table(found).count("\n| ") >= 3 + len(SCHOOLS) * len(RULES)
    assert all(us > 1 for us in found.rooms.values())
    assert sum(found.rooms.values()) < found.cpu_us(SIGNAL)


@pytest.mark.prove
@pytest.mark.wrk
@pytest.mark.nginx
@pytest.mark.shibboleth
@pytest.mark.simplesamlphp
def test_a_short_round_of_all_measures_each(tmp_path: Path) -> None:
    found = short_round(tmp_path)

    assert list(found.costs) == list(_STARTS)
    assert all(found.cpu_us(name) > 1 for name in found.costs)
    assert [each.name for each in found.happened] == [
        f"{happening.name}, {phase}" for happening in happenings(1) for phase, _ in happening.phases
    ]


def test_a_source_that_goes_silent_costs_some_visits_their_budget_and_then_none(tmp_path: Path) -> None:
    # So long that half of the visits after it are more than a machine that stands still can hold up.
    until, after = observed(tmp_path, happenings(6)[0])

    assert until.late.p99 > 1 > after.late.p50
    assert (until.rates, after.rates) == ((100,), (100,))
    assert min(until.cpu_us, after.cpu_us) > 1


def figures(*, base: float = 76, unwritten: float = 96, metrics: float = 109, rule: float = 0.4) -> Measured:
    """Of a visit that asks nobody, which costs 100."""
    cpu = {BASE: base, SIGNAL: 100, UNWRITTEN: unwritten, COUNTED: metrics}
    costs = {name: [Cost(us, 1)] for name, us in cpu.items()}
    decisions = [DecisionCost(schools, rules, 0.1, rules * rule) for schools in SCHOOLS for rules in RULES]
    return Measured(costs, {}, {}, [], decisions, {}, 1, 1)


def test_a_share_is_that_of_the_same_round() -> None:
    slow_and_fast = [Cost(100, 1), Cost(200, 1), Cost(100, 1)]
    beside = [Cost(90, 1), Cost(180, 1), Cost(180, 1)]
    found = replace(figures(), costs={SIGNAL: slow_and_fast, UNWRITTEN: beside})

    assert found.ratio(UNWRITTEN, SIGNAL) == 0.9
    assert mean_of([Cost(1, 10), Cost(3, 20)]) == Cost(2, 15)


@pytest.mark.parametrize(
    ("figure", "told"),
    [
        ({"base": 74}, "an empty Flask redirect is 0.74"),
        ({"unwritten": 94}, "the journal is 6.0%"),
        ({"metrics": 111}, "metrics add 11.0%"),
        ({"rule": 0.6}, "a rule more costs 0.60 µs"),
    ],
    ids=str,
)
def test_a_promise_that_is_broken_is_told(figure: dict[str, float], told: str) -> None:
    [sentence] = broken(figures(**figure))

    assert sentence.startswith(told)


def test_promises_that_are_kept_are_not() -> None:
    found = figures()
    dear = [replace(each, find_us=3) if each.schools == max(SCHOOLS) else each for each in found.decisions]

    assert list(broken(found)) == []
    assert [each.partition(" with")[0] for each in broken(replace(found, decisions=dear))] == [
        "a decision costs 1.7 times as much"
    ]


def test_schools_cost_a_decision_nothing_and_a_rule_next_to_nothing() -> None:
    costs = decision_costs()
    by_schools = [min(each.decide_us for each in costs if each.schools == number) for number in SCHOOLS]

    assert max(by_schools) < 2 * min(by_schools)
    # In calls of nothing, because microseconds are the machine's: about eight when it was measured.
    assert rule_us(costs) < 50 * best_us([lambda: None])[0]


def test_processor_time_is_that_of_the_session() -> None:
    before = cpu_s((os.getsid(0),))
    until = time.process_time() + 0.1
    while time.process_time() < until:
        pass

    assert cpu_s((os.getsid(0),)) - before >= 0.05
    assert cpu_s(()) == 0


def test_a_server_keeps_to_its_core_with_the_threads_it_starts(tmp_path: Path) -> None:
    script = "import threading, os; input(); threading.Thread(target=lambda: print(os.sched_getaffinity(0))).start()"
    with subprocess.Popen(
        (sys.executable, "-c", script),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as it:
        pin((it.pid,), SERVER)
        told, _ = it.communicate("go on\n", timeout=AMPLE)

    assert told.strip() == str(set(SERVER))


def test_what_was_measured_last_is_told_for_every_contender() -> None:
    page, drawn = PAGE.read_text(encoding="utf-8"), PICTURE.read_text(encoding="utf-8")

    assert re.findall(r"^\| ([^|]+) \| \d+ \[", page, re.M) == list(_STARTS)
    assert all(name in drawn for name in _STARTS)
    assert picture({"a & b": 1}).count("a &amp; b") == 1
