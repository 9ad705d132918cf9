"""Every part of the benchmark works; its figures are for a quiet machine, and are told in docs/performance.md."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.bench.__main__ import Effort, measured
from tests.bench.contenders import _STARTS, BASE, SIGNAL
from tests.bench.decisions import RULES, SCHOOLS, decision_costs, rule_us
from tests.bench.measure import SERVER, cpu_s, pin
from tests.bench.page import PAGE, PICTURE, Measured, picture, table

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


def test_schools_cost_a_decision_nothing_and_a_rule_next_to_nothing() -> None:
    costs = decision_costs()
    by_schools = [min(each.decide_us for each in costs if each.schools == number) for number in SCHOOLS]

    assert max(by_schools) < 2 * min(by_schools)
    assert rule_us(costs) < 2


def test_processor_time_is_that_of_the_session() -> None:
    before = cpu_s((os.getsid(0),))
    until = time.process_time() + 0.1
    while time.process_time() < until:
        pass

    assert cpu_s((os.getsid(0),)) - before >= 0.05
    assert cpu_s(()) == 0


def test_a_server_keeps_to_its_core_with_the_threads_it_starts(tmp_path: Path) -> None:
    script = "import threading, os, time; time.sleep(1); threading.Thread(target=lambda: print(os.sched_getaffinity(0))).start()"
    with subprocess.Popen(
        (sys.executable, "-c", script), stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as it:
        pin((it.pid,), SERVER)
        told, _ = it.communicate(timeout=20)

    assert told.strip() == str(set(SERVER))


def test_what_was_measured_last_is_told_for_every_contender() -> None:
    page, drawn = PAGE.read_text(encoding="utf-8"), PICTURE.read_text(encoding="utf-8")

    assert re.findall(r"^\| ([^|]+) \| \d+ \[", page, re.M) == list(_STARTS)
    assert all(name in drawn for name in _STARTS)
    assert picture({"a & b": 1}).count("a &amp; b") == 1
