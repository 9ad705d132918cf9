"""What `check` prints, and how it ends."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aiguilleur.cli.check import check
from aiguilleur.cli.schools import schools
from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AIGUILLEUR_CONFIG", raising=False)
    return Path(shutil.copytree(ROOT / "config", "config"))


def edit(file: str, old: str, new: str) -> None:
    path = Path("config") / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(check, arguments)


def test_errors_and_warnings_are_printed_together_and_counted() -> None:
    edit("rules.yaml", "{entry: eclat}", "{entry: eclatt}")
    edit(
        "rules.yaml",
        "default: {discover: [educonnect, aten, eclat-profiles]}",
        "default: {discover: [aten, eclat-profiles]}",
    )
    edit("sources.yaml", "kind: http_status", "kind: http_statsu")
    told = run()

    assert told.exit_code == 1
    assert told.output.splitlines() == [
        "config/rules.yaml:19:20: rules[4].when[0].entry: unknown entry 'eclatt' (did you mean 'eclat'?)",
        "config/rules.yaml:35:21: warning: default.discover: the default mire leaves out educonnect",
        "config/sources.yaml:20:15: sources[0].probes[0].kind: unknown probe kind 'http_statsu' "
        "(did you mean 'http_status'?)",
        "2 errors, 1 warning. Nothing was loaded; the running configuration is unchanged.",
    ]


def test_a_machine_reads_where_each_problem_stands() -> None:
    edit("aiguilleur.yaml", "mire_target: ent", "mire_target: entt")
    told = run("--json")

    assert json.loads(told.output) == {
        "loaded": False,
        "problems": [
            {
                "file": "config/aiguilleur.yaml",
                "line": 5,
                "column": 14,
                "path": "mire_target",
                "message": "unknown target 'entt' (did you mean 'ent'?)",
                "warning": False,
            }
        ],
    }


def test_the_folder_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("config").rename("elsewhere")
    monkeypatch.setenv("AIGUILLEUR_CONFIG", "elsewhere")

    assert run().output == "elsewhere: 6 sources, 2 targets, 17 rules, 9 schools; no problem\n"


def test_a_folder_that_is_none_is_misuse() -> None:
    assert run("confg").exit_code == 2


def test_schools_that_wait_for_a_name_are_counted_and_not_served() -> None:
    edit("schools.csv", "clg-pasteur-arbois;;", ";0250010A;")
    told = CliRunner().invoke(schools, ["check", "config"])
    machine = CliRunner().invoke(schools, ["check", "config", "--json"])

    assert told.output == "config/schools.csv: 8 schools, 1 without a name in the portal's address, no problem\n"
    assert json.loads(machine.output) == {"schools": 8, "waiting": 1, "problems": []}


def test_schools_are_checked_by_file_or_folder() -> None:
    good = CliRunner().invoke(schools, ["check", "config"])
    edit("schools.csv", "clg-pasteur-arbois;;", "clg-pasteur-arbois;0250010B;")
    bad = CliRunner().invoke(schools, ["check", "config/schools.csv"])

    assert (good.exit_code, good.output) == (0, "config/schools.csv: 9 schools, no problem\n")
    assert (bad.exit_code, bad.output.splitlines()) == (
        1,
        [
            "config/schools.csv:3:20: uai: '0250010B' is not a UAI (seven digits and their check letter)",
            "config/schools.csv: 8 schools, 1 problem",
        ],
    )
