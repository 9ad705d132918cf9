"""The samples that ship the journal elsewhere know each of its fields, and no other."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

import pytest
from ruamel.yaml import YAML

from aiguilleur.core.model import Finding
from aiguilleur.journal import Again, JournalEntry
from aiguilleur.journal.scale.sql import COLUMNS
from tests.conftest import ROOT
from tests.journal.test_entry import FULL

FOLDER = ROOT / "docs" / "examples"
FIELDS = list(JournalEntry.__struct_fields__)


def sample(name: str) -> Any:
    return YAML(typ="safe").load((FOLDER / name).read_text(encoding="utf-8"))


def table() -> dict[str, str]:
    text = (FOLDER / "clickhouse.sql").read_text(encoding="utf-8")
    body = text[text.index("(\n") : text.index("ENGINE")]
    return dict(re.findall(r"^    (\w+) +(\S.*),$", body, re.M))


def test_the_table_has_a_column_for_each_field_of_a_line() -> None:
    columns = table()

    assert list(columns) == FIELDS == list(COLUMNS)
    assert re.findall(r"(\w+) \w+(?:,|\)\))", columns["findings"]) == [*FULL.as_json()["findings"][0]]
    assert re.findall(r"(\w+) \w+[,)]", columns["again"]) == [each.name for each in fields(Again)]
    assert {each.name for each in fields(Finding)} - {"rest_s"} == set(FULL.as_json()["findings"][0])


def test_lines_are_shipped_whole_to_that_table_and_nothing_beside_them() -> None:
    vector = sample("vector.yaml")
    assert set(re.findall(r"exists\(\.(\w+)\)", vector["transforms"]["lines"]["source"])) == {"time", "code", "event"}
    assert vector["sinks"]["clickhouse"]["skip_unknown_fields"] is True
    assert vector["sinks"]["clickhouse"]["inputs"] == ["lines"]
    assert vector["transforms"]["lines"]["inputs"] == list(vector["sources"])
    assert f"TABLE IF NOT EXISTS {vector['sinks']['clickhouse']['table']}\n" in (FOLDER / "clickhouse.sql").read_text()


def test_labels_are_few_and_of_closed_sets() -> None:
    [scraped] = sample("promtail.yaml")["scrape_configs"]
    stages = {name: stage for each in scraped["pipeline_stages"] for name, stage in each.items()}

    assert set(stages["labels"]) == {"event", "target", "node"} < set(stages["json"]["expressions"])
    assert set(stages["json"]["expressions"].values()) <= set(FIELDS)


@pytest.mark.parametrize("name", ["clickhouse.sql", "vector.yaml", "promtail.yaml"])
def test_no_account_address_or_cookie_is_named(name: str) -> None:
    text = re.sub(r"cookies Array\(String\)", "", (FOLDER / name).read_text(encoding="utf-8"))

    assert not re.search(r"cookie|login|user.?agent|client_?ip|address|remote|referer(?!_host)", text, re.I)
