"""What a start costs, and what a worker holds; docs/deploy.md has the figures."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.load import arriving
from tests.nodes import LINK, Node, click, node, write_node
from tests.schools.country import write_country

OURS = f"""
import wsgi
from werkzeug.test import Client
assert Client(wsgi.app).get({LINK + "?source=educonnect"!r}).status_code == 303
"""
EMPTY = """
from flask import Flask, redirect
from werkzeug.test import Client
app = Flask("empty")
app.add_url_rule("/", view_func=lambda: redirect("https://x.example/", 303))
assert Client(app).get("/").status_code == 303
"""


def seconds(program: str, folder: Path) -> float:
    """The processor's time that a program takes, with the start of Python."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    settings = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "AIGUILLEUR_CONFIG": str(folder / "config"),
        "AIGUILLEUR_SECRET_KEYS": "k" * 32,
    }
    subprocess.run((sys.executable, "-c", program), check=True, env=settings)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_a_start_until_the_first_visit_costs_a_few_starts_of_an_empty_flask(tmp_path: Path) -> None:
    write_node(tmp_path, {"aten": 1, "educonnect": 2})
    # In turn, because a machine that is slow for a while must not be so for one of them alone.
    rounds = [[seconds(program, tmp_path) for program in (OURS, EMPTY)] for _ in range(4)]
    ours, empty = map(min, zip(*rounds, strict=True))

    # 3.9 when it was measured; a library more would show.
    assert ours / empty < 6


def megabytes(running: Node) -> list[tuple[float, float]]:
    """By worker: its share of the memory, and what is its own alone."""
    told = (Path(f"/proc/{worker}/smaps_rollup").read_text() for worker in running.workers())
    sizes = ({name: int(kb) / 1024 for name, kb in re.findall(r"^(\w+): +(\d+) kB", text, re.M)} for text in told)
    return [(each["Pss"], each["Private_Clean"] + each["Private_Dirty"]) for each in sizes]


def shipped(path: Path) -> None:
    """The nine schools of the shipped configuration."""
    shutil.copy(ROOT / "config" / "schools.csv", path)


@pytest.mark.prove
@pytest.mark.parametrize(("write", "most"), [(shipped, 100), (write_country, 250)])
def test_a_worker_holds_what_is_promised(
    write: Callable[[Path], object], most: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(write_node(tmp_path, {"aten": 1, "educonnect": 2}) / "schools.csv")
    visit = click(path="/vers/teleservices?source=educonnect")
    with node(tmp_path, {}, workers=4) as running:
        with arriving(running.port, [visit, click(path="/vers/teleservices")], (10, 100)) as load:
            load.rows()
        held = megabytes(running)

    with capsys.disabled():
        shares = [f"{share:.0f} MB (its own: {own:.0f})" for share, own in held]
        sys.stdout.write(f"\n{write.__name__}: {', '.join(shares)}\n")
    assert max(share for share, _ in held) < most
