"""What `check --live` tells of each probe, and what to do about it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aiguilleur.cli.check import check
from aiguilleur.sandbox import Mode
from tests.conftest import Sandbox


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(check, [str(folder), "--live", *arguments])


def rows(folder: Path) -> dict[str, tuple[bool, str, str]]:
    told = json.loads(run(folder, "--json").output)["live"]
    return {row["source"]: (row["good"], row["happened"].partition(":")[0], row["advice"]) for row in told}


def test_probes_that_work_are_a_table_without_advice(sandbox: Sandbox, tmp_path: Path) -> None:
    told = run(tmp_path / "config")

    assert told.exit_code == 0
    title, aten, educonnect = told.output.splitlines()[1:]
    assert title.split() == ["source", "probe", "asked", "by", "what", "happened", "without", "a", "session"]
    assert aten.split()[:6] == ["ok", "aten-besancon", "aten-besancon-status", "server", "answer:", "inactive,"]
    assert educonnect.startswith(
        "ok  educonnect     educonnect            browser   answer: back, inactive, after 2 requests,"
    )


@pytest.mark.parametrize(
    ("mode", "reason", "advice"),
    [
        (Mode.LOGIN_FORM, "unproven", "It keeps its visitor"),
        (Mode.GARBAGE, "parse", "It came back with no answer"),
        (Mode.WRONG_SIGNATURE, "signature", "not signed by a certificate of the metadata"),
        (Mode.SOMEONE_ELSE, "parse", "no answer to this question"),
        (Mode.DOWN, "status", "5xx"),
        (Mode.ODD, "unproven", "is aiguilleur registered"),
    ],
)
def test_each_misbehaviour_has_its_advice(
    sandbox: Sandbox, tmp_path: Path, mode: Mode, reason: str, advice: str
) -> None:
    sandbox.world.switches.set("educonnect", mode)
    told = rows(tmp_path / "config")

    assert told["aten-besancon"][0]
    good, why, said = told["educonnect"]
    assert (good, why, advice in said) == (False, reason, True)
    assert run(tmp_path / "config").exit_code == 1


def test_a_pattern_that_takes_everyone_for_logged_in_is_found(sandbox: Sandbox, tmp_path: Path) -> None:
    sources = tmp_path / "config" / "sources.yaml"
    text = sources.read_text(encoding="utf-8")
    text = text.replace("active: {status: 200, absent: aten-auth}", "active: {status: [200, 302]}")
    text = text.replace("inactive: {status: [302, 303]", "inactive: {status: [307]")
    sources.write_text(text, encoding="utf-8")

    good, _, said = rows(tmp_path / "config")["aten-besancon"]
    assert (good, "nobody's for a session" in said) == (False, True)


def test_a_page_that_fits_no_pattern_is_told(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.world.switches.set("aten-besancon", Mode.ODD)

    good, _, said = rows(tmp_path / "config")["aten-besancon"]
    assert (good, "fits neither pattern" in said) == (False, True)


def test_a_source_that_is_used_without_its_canary_is_said_so(sandbox: Sandbox, tmp_path: Path) -> None:
    sources = tmp_path / "config" / "sources.yaml"
    text = sources.read_text(encoding="utf-8")
    sources.write_text(
        text.replace("        no_passive", "        canary: {off: we try.}\n        no_passive"), encoding="utf-8"
    )
    sandbox.world.switches.set("educonnect", Mode.LOGIN_FORM)

    assert "It is used all the same: we try." in rows(tmp_path / "config")["educonnect"][2]


def test_a_configuration_without_probes_has_nothing_to_try(tmp_path: Path) -> None:
    files = {
        "aiguilleur.yaml": "public_url: https://aiguilleur.example\n",
        "sources.yaml": "sources:\n  - {id: a, name: A}\n",
        "targets.yaml": "targets:\n  - {id: ent, name: ENT, urls: {a: 'https://a.example/'}}\n",
        "rules.yaml": "rules: []\ndefault: {discover: [a]}\n",
        "schools.csv": "etab;uai;name;kind;town;academy\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    told = run(tmp_path)

    assert (told.exit_code, len(told.output.splitlines())) == (0, 1), told.output


def test_nothing_is_tried_of_a_configuration_that_cannot_be_loaded(tmp_path: Path) -> None:
    told = run(tmp_path, "--json")

    assert (told.exit_code, json.loads(told.output)["live"]) == (1, [])
