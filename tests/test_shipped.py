"""The configuration as shipped, its three levels, and the server's own settings."""

from __future__ import annotations

import re
import runpy
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from gunicorn.config import KNOWN_SETTINGS

from aiguilleur.cli.check import check
from aiguilleur.settings.load import load
from tests.conftest import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "config", tmp_path / "config"))


def rewrite(folder: Path, file: str, pattern: str, new: str) -> None:
    path = folder / file
    text, count = re.subn(pattern, new, path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert count
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", ["config", "config/sandbox"])
def test_what_is_shipped_passes_check(name: str) -> None:
    told = CliRunner().invoke(check, [str(ROOT / name), "--strict", "--at", "2021-03-15"])

    assert (told.exit_code, told.output.endswith("; no problem\n")) == (0, True)


def test_level_0_asks_nobody(folder: Path) -> None:
    rewrite(folder, "sources.yaml", r"^    probes:\n(?:      .*\n)+", "")
    rewrite(folder, "sources.yaml", "#0 ", "")
    settings, warnings = load(folder)

    assert warnings == ()
    assert {source.id: len(source.probes) for source in settings.sources.values()} == {
        "aten-besancon": 0,
        "aten-dijon": 0,
        "educonnect": 0,
    }
    assert [each.no_cookie for each in settings.sources["aten-besancon"].presume] == [None, "CTSESSION"]


def test_level_2_asks_educonnect_too(folder: Path) -> None:
    for file in ("sources.yaml", "rules.yaml"):
        rewrite(folder, file, "#2 ", "")
    settings, warnings = load(folder)

    assert warnings == ()
    assert [probe.ref.id for probe in settings.sources["educonnect"].probes] == ["educonnect-session"]
    assert "educonnect-active" in [rule.id for rule in settings.policies["ent"].rules]


def test_the_sandbox_has_the_rules_of_the_real_configuration() -> None:
    real, sandbox = (load(ROOT / name)[0] for name in ("config", "config/sandbox"))

    assert {name: [rule.id for rule in policy.rules] for name, policy in real.policies.items()} == {
        name: [rule.id for rule in policy.rules] for name, policy in sandbox.policies.items()
    }
    assert {source.closes for source in sandbox.sources.values()} == {None}


def test_the_server_knows_every_setting_it_is_given() -> None:
    given = runpy.run_path(str(ROOT / "config" / "gunicorn.conf.py"))
    names = {name for name in given if name.islower() and not name.startswith("_")} - {"os", "multiprocessing"}

    assert names - {setting.name for setting in KNOWN_SETTINGS} == set()
    assert (given["bind"], given["worker_class"]) == ("127.0.0.1:8000", "gthread")
