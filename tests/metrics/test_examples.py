"""The dashboard and the alert rules of the documentation use what there is to be had, and fire when they must."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from ruamel.yaml import YAML

from aiguilleur.metrics.meter import Meter
from tests.conftest import ROOT

EXAMPLES = ROOT / "docs" / "examples"


def families() -> dict[str, str]:
    registry = CollectorRegistry()
    Meter(registry)
    return {family.name: family.type for family in registry.collect()}


def series() -> set[str]:
    """The names that a scrape holds."""
    ends = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
    return {name + end for name, kind in families().items() for end in ends[kind]}


def dashboard() -> Any:
    return json.loads((EXAMPLES / "grafana.json").read_text(encoding="utf-8"))


def rules() -> list[Any]:
    [group] = YAML(typ="safe").load(EXAMPLES / "alerts.yml")["groups"]
    return list(group["rules"])


def expressions() -> Iterator[str]:
    yield from (target["expr"] for panel in dashboard()["panels"] for target in panel["targets"])
    yield from (each["query"] for each in dashboard()["templating"]["list"])
    yield from (rule["expr"] for rule in rules())


def named(expression: str) -> set[str]:
    return set(re.findall(r"\baiguilleur_\w+", expression))


def test_every_expression_asks_for_a_metric_that_exists() -> None:
    assert [text for text in expressions() if not named(text) <= series()] == []


def test_every_metric_is_on_the_dashboard_and_in_the_handbook() -> None:
    shown = {name for text in expressions() for name in named(text)}
    handbook = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")

    assert [name for name in families() if not any(each.startswith(name) for each in shown)] == []
    assert [name for name in families() if name not in handbook] == []


def test_every_panel_says_what_it_is_for_and_lies_on_no_other() -> None:
    panels = dashboard()["panels"]
    cells = [
        (column, row)
        for each in panels
        for at in [each["gridPos"]]
        for column in range(at["x"], at["x"] + at["w"])
        for row in range(at["y"], at["y"] + at["h"])
    ]

    assert all(each["title"] and each["description"] for each in panels)
    assert len({each["id"] for each in panels}) == len(panels)
    assert len(set(cells)) == len(cells)
    assert max(column for column, _ in cells) < 24


def test_every_alert_says_what_families_notice_or_who_is_at_fault() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert re.search("Families|family", rule["annotations"]["runbook"])


@pytest.mark.promtool
@pytest.mark.parametrize("command", ["check rules alerts.yml", "test rules alerts_test.yml"])
def test_the_alert_rules_are_good_and_each_fires_when_it_must(command: str) -> None:
    run = subprocess.run(["promtool", *command.split()], cwd=EXAMPLES, check=False, capture_output=True, text=True)

    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.promtool
def test_prometheus_can_read_every_expression_of_the_dashboard(tmp_path: Any) -> None:
    asked = [
        target["expr"].replace("$__rate_interval", "5m").replace("$node", ".*").replace("$target", ".*")
        for panel in dashboard()["panels"]
        for target in panel["targets"]
    ]
    rules = [{"record": f"dashboard:{number}", "expr": text} for number, text in enumerate(asked)]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    run = subprocess.run(["promtool", "check", "rules", file], check=False, capture_output=True, text=True)

    assert run.returncode == 0, run.stdout + run.stderr
