"""How rules, groups and addresses are compiled."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from aiguilleur.core.model import Discover, School
from aiguilleur.settings.load import load
from aiguilleur.settings.model import Maintenance
from tests.conftest import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "config", tmp_path / "config"))


def edit(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_each_and_groups_are_written_out_and_every_rule_knows_its_place(folder: Path) -> None:
    policy = load(folder)[0].policies["ent"]

    assert [(rule.id, rule.place.removeprefix(f"{folder}/")) for rule in policy.rules[:10]] == [
        ("chosen[aten-besancon]", "rules.yaml:3"),
        ("chosen[aten-dijon]", "rules.yaml:3"),
        ("chosen[educonnect]", "rules.yaml:3"),
        ("chosen[eclat-staff]", "rules.yaml:3"),
        ("chosen[eclat-agricultural]", "rules.yaml:3"),
        ("chosen[eclat-guest]", "rules.yaml:3"),
        ("only[aten-besancon]", "rules.yaml:7"),
        ("only[aten-dijon]", "rules.yaml:7"),
        ("only[educonnect]", "rules.yaml:7"),
        ("came-from-educonnect", "rules.yaml:11"),
    ]
    assert policy.default == Discover(
        ("educonnect", "aten-besancon", "aten-dijon", "eclat-staff", "eclat-agricultural", "eclat-guest")
    )


@pytest.mark.parametrize(
    ("condition", "where"),
    [
        ("target: ent", ["ent"]),
        ("not: {target: ent}", ["teleservices"]),
        ("any: [{target: ent}, {target: teleservices}]", ["teleservices", "ent"]),
        ("all: [{target: ent}, {entry: eclat}]", ["ent"]),
        ("all: [{target: ent}, {target: teleservices}]", []),
    ],
)
def test_a_rule_that_cannot_answer_for_a_target_is_left_out(folder: Path, condition: str, where: list[str]) -> None:
    edit(folder, "rules.yaml", "{remembered: educonnect}", f"{{{condition}}}")
    policies = load(folder)[0].policies

    assert [name for name in policies if any(r.id == "educonnect-remembered" for r in policies[name].rules)] == where


def test_an_address_of_a_group_is_that_of_its_members_unless_they_have_their_own(folder: Path) -> None:
    edit(
        folder,
        "targets.yaml",
        "      aten-besancon: https://teleservices.ac-besancon.fr/ts",
        "      aten: https://a.fr/",
    )
    urls = load(folder)[0].targets["teleservices"].urls

    assert {source: url.text for source, url in urls.items()} == {
        "aten-besancon": "https://a.fr/",
        "aten-dijon": "https://teleservices.ac-dijon.fr/ts",
        "educonnect": "https://teleservices.education.gouv.fr/",
    }


def test_a_maintenance_window_is_in_local_time(folder: Path) -> None:
    edit(
        folder,
        "sources.yaml",
        "from: 2021-01-04",
        "maintenance: [{from: 2021-03-01T22:00, until: 2021-07-02 06:00:00}]",
    )
    window = load(folder)[0].sources["educonnect"].maintenance

    assert window == (Maintenance(datetime(2021, 3, 1, 21, 0, tzinfo=UTC), datetime(2021, 7, 2, 4, 0, tzinfo=UTC)),)


def test_cookies_and_hosts_that_are_named_are_looked_for_and_the_node_has_a_name(folder: Path) -> None:
    site = load(folder)[0].site

    assert (site.cookies, site.referers) == (
        frozenset({"CTSESSION", "ACTSESSION"}),
        frozenset({"teleservices.education.gouv.fr"}),
    )
    assert site.node


def test_a_source_that_is_folded_or_not_for_families_is_set_apart(folder: Path) -> None:
    edit(folder, "sources.yaml", "  - id: aten-dijon\n", "  - id: aten-dijon\n    folded: true\n")

    assert load(folder)[0].policies["ent"].folded == {
        "aten-dijon",
        "eclat-staff",
        "eclat-agricultural",
        "eclat-guest",
    }


def test_no_rule_waits_for_what_only_does_not_count() -> None:
    rules = [rule.id for rule in load(ROOT / "config")[0].policies["ent"].rules]

    assert [rule for rule in rules if rule.startswith("only")] == [
        "only[aten-besancon]",
        "only[aten-dijon]",
        "only[educonnect]",
    ]


def test_a_school_may_stop_using_a_source_before_all_others_do() -> None:
    aten = load(ROOT / "config")[0].sources["aten-besancon"]
    early = School("x", academy="besancon", closes={"aten": date(2021, 3, 1)})

    assert (aten.last_day(None), aten.last_day(early)) == (date(2021, 7, 5), date(2021, 3, 1))
    assert (aten.is_open(early, date(2021, 3, 1)), aten.is_open(early, date(2021, 3, 2))) == (True, False)
    assert (aten.is_retired(early, date(2021, 3, 1)), aten.is_retired(early, date(2021, 3, 2))) == (False, True)
