"""The documentation is run: its configuration is loaded, its commands are given."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from aiguilleur.cli import main
from aiguilleur.core.matchers import MATCHER_KINDS
from aiguilleur.journal import SINK_KINDS, Event, FileSink, entry_of
from aiguilleur.probes import PROBE_KINDS
from aiguilleur.settings.checks import dead_rules
from aiguilleur.settings.load import load
from tests.builders import facts
from tests.conftest import ROOT

PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)


def commands() -> list[list[str]]:
    text = "".join(block.replace("\\\n", " ") for page in PAGES for block in blocks(page, "sh"))
    return [shlex.split(line, comments=True) for line in text.splitlines() if line.startswith("aiguilleur ")]


def test_the_documented_configuration_is_whole_and_good(tmp_path: Path) -> None:
    page = ROOT / "docs" / "configuration.md"
    for block in blocks(page, "yaml"):
        first, _, _ = block.partition("\n")
        (tmp_path / first.removeprefix("# file: ")).write_text(block, encoding="utf-8")
    [schools] = blocks(page, "csv")
    (tmp_path / "schools.csv").write_text(schools, encoding="utf-8")

    settings, warnings = load(tmp_path)
    dead = tuple(dead_rules(settings, "rules.yaml"))
    assert (sorted(settings.sources), warnings, dead) == (["aten", "educonnect"], (), ())


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_a_documented_command_works(command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIGUILLEUR_CONFIG", str(ROOT / "config"))
    (tmp_path / "config").symlink_to(ROOT / "config")
    FileSink("var/journal/{day}.jsonl").write(entry_of(facts(), event=Event.DECIDED, code="KOVATI", outcome="discover"))
    result = CliRunner().invoke(main, command[1:])

    assert result.exit_code == 0, result.output


def test_make_commands_of_the_documentation_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = {name for page in PAGES for block in blocks(page, "sh") for name in re.findall(r"^make (\w+)", block, re.M)}

    assert {"run", "test", "serve"} <= named
    assert all(re.search(rf"^{name}:", makefile, re.M) for name in named)


def test_every_link_between_pages_leads_somewhere() -> None:
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_every_kind_has_its_row() -> None:
    text = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")

    assert [kind for kind in (*PROBE_KINDS, *MATCHER_KINDS, *SINK_KINDS) if f"`{kind}`" not in text] == []
