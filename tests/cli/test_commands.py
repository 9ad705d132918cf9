from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aiguilleur.cli import main
from aiguilleur.core.model import Reason
from aiguilleur.journal import Event, FileSink, entry_of, keep
from aiguilleur.settings.load import load
from tests.builders import facts, found
from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AIGUILLEUR_CONFIG", raising=False)
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_a_good_configuration_is_counted() -> None:
    assert run("check").output == "config: 6 sources, 2 targets, 17 rules, 9 schools; no problem\n"


def test_a_bad_one_ends_with_one(here: Path) -> None:
    (here / "config" / "rules.yaml").write_text("rules: 1\n", encoding="utf-8")
    told, machine = run("check"), run("check", "--json")

    assert told.exit_code == machine.exit_code == 1
    assert told.output.splitlines()[-1] == (
        "2 errors, 0 warnings. Nothing was loaded; the running configuration is unchanged."
    )
    assert json.loads(machine.output)["loaded"] is False
    assert run("explain", "ent").exit_code == 1


def test_a_rule_that_never_answers_is_told(here: Path) -> None:
    rules = here / "config" / "rules.yaml"
    late = "  - id: late\n    when: [{source: aten-besancon, is: active}, {entry: eclat}]\n    then: {redirect: educonnect}\n"
    text = rules.read_text(encoding="utf-8")
    rules.write_text(text.replace("default:", f"{late}default:"), encoding="utf-8")
    told = run("check", "--at", "2021-03-15").output

    assert "rule 'late' is dead: 'aten-active[aten-besancon]' settles every case before it" in told


def test_strict_counts_warnings() -> None:
    near = ("check", "--at", "2021-07-01")

    assert (run(*near).exit_code, run(*near, "--strict").exit_code) == (0, 1)


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "--at", "soon"),
        ("explain",),
        ("explain", "nope"),
        ("explain", "ent", "--etab", "nope"),
        ("explain", "ent", "--source", "aten=active"),
        ("explain", "ent", "--source", "educonnect=asleep"),
        ("explain", "ent", "--entry", "nope"),
        ("explain", "ent", "--at", "soon"),
        ("explain", "--code", "nope"),
        ("journal", "show", "nope"),
        ("journal", "find", "--etab", "???", "--around", "2021-03-15"),
        ("journal", "find", "--etab", "clg-rochat-rousses", "--around", "soon"),
        ("journal", "find", "--etab", "clg-rochat-rousses", "--around", "2021-03-15", "--within", "soon"),
        ("sandbox", "--at", "soon"),
    ],
)
def test_misuse_ends_with_two(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_explain_tells_where_it_leads() -> None:
    told = run(
        "explain", "ent", "--etab", "clg-rochat-rousses", "--source", "aten-besancon=active", "--at", "2021-03-15"
    )

    assert " * aten-active[aten-besancon]  aten-besancon: active" in told.output
    assert "303 https://cas.eclat-bfc.fr/login?selection=BESANC-ATS_parent_eleve_2D&service=" in told.output


def test_explain_for_a_machine() -> None:
    told = run("explain", "teleservices", "--at", "2021-09-10", "--json")

    assert json.loads(told.output)["step"] == {"redirect": "educonnect"}


def test_a_presumed_session_and_a_blank_companion() -> None:
    base = (
        "explain",
        "teleservices",
        "--etab",
        "clg-rochat-rousses",
        "--at",
        "2021-03-15",
        "--json",
        "--cookie",
        "CTSESSION",
    )
    unknown = ("--source", "aten-besancon=unknown")

    assert json.loads(run(*base, *unknown).output)["rule"] == "aten-active[aten-besancon]"
    assert json.loads(run(*base, *unknown, "--cookie", "ACTSESSION=blank").output)["rule"] == "had-aten"


def test_the_journal_is_read_by_code_by_school_and_from_its_end() -> None:
    settings, _ = load(Path("config"))
    seen = facts(found("aten-besancon", "active", by="aten-besancon-status"), open=("aten-besancon", "educonnect"))
    decided = {"outcome": "redirect", "source": "aten-besancon", "rule": "aten-active[aten-besancon]", "status": 303}
    entry = entry_of(seen, event=Event.DECIDED, code="KOVATI", policy=settings.digest, host="x.fr", **decided)
    FileSink("var/journal/{day}.jsonl").write(entry)
    shown = run("journal", "show", "ko-va-ti")

    assert shown.output.splitlines()[0].startswith(
        "15 March 2021 10:42:00.000 · KOVATI · teleservices · clg-rochat-rousses (besancon)"
    )
    assert " → 303 x.fr" in shown.output
    assert "Today's rules: the same." in shown.output
    assert json.loads(run("journal", "tail", "--json").output)["code"] == "KOVATI"
    near = ("journal", "find", "--etab", "CLG-ROCHAT-ROUSSES", "--around", "2021-03-15 10:40")
    assert "KOVATI teleservices" in run(*near).output
    assert run("explain", "--code", "KOVATI").output == shown.output
    assert run("journal", "show", "BABABA").exit_code == 1
    assert json.loads(run("explain", "--code", "KOVATI", "--json").output)["recorded"]["source"] == "aten-besancon"


def test_changed_rules_and_rules_that_are_not_kept_are_said() -> None:
    seen = facts(found("aten-besancon", "unknown", by="x", reason=Reason.PARSE), open=("educonnect",))
    entry = entry_of(seen, event=Event.DECIDED, code="KOVATI", policy="0123456789ab", outcome="discover")
    FileSink("var/journal/{day}.jsonl").write(entry)

    assert "(The rules of that day are not kept here; today's are shown.)" in run("journal", "show", "KOVATI").output


def test_the_rules_of_a_day_are_read_without_their_theme() -> None:
    Path("config/theme").mkdir()
    with Path("config/aiguilleur.yaml").open("a", encoding="utf-8") as site:
        site.write("theme: theme\n")
    settings, _ = load(Path("config"))
    keep(Path("var"), settings.digest, settings.files)
    entry = entry_of(facts(), event=Event.DECIDED, code="KOVATI", policy=settings.digest, outcome="discover")
    FileSink("var/journal/{day}.jsonl").write(entry)
    with Path("config/rules.yaml").open("a", encoding="utf-8") as rules:
        rules.write("# edited since\n")
    shown = run("journal", "show", "KOVATI").output

    assert "KOVATI" in shown
    assert "not kept" not in shown


def test_without_a_journal_that_is_said() -> None:
    told = run("journal", "tail")

    assert (told.exit_code, told.output) == (1, "There is no journal yet; --journal FILE names another.\n")


def test_the_directory_is_checked_by_itself(here: Path) -> None:
    assert run("schools", "check", "config").output == "config/schools.csv: 9 schools, no problem\n"
    (here / "bad.csv").write_text("name\n", encoding="utf-8")
    (here / "cells.csv").write_text("etab;oops\nclg-x;1;2\nwww;\n", encoding="utf-8")

    assert "bad.csv:1:1: the first line must name the columns" in run("schools", "check", "bad.csv").output
    assert "cells.csv:1:6: unknown column 'oops'" in run("schools", "check", "cells.csv").output
    assert run("schools", "check", "none.csv").exit_code == 1


def test_a_secret_is_long_and_new() -> None:
    first, second = run("secret").output.strip(), run("secret").output.strip()

    assert first != second
    assert len(first.encode()) >= 32


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "config"], "no problem"),
        (["check", "config/sandbox"], "'saml_passive' needs a library that is not installed"),
        (["sandbox"], "The sandbox needs a library of the extra saml, which is not installed"),
        (["--help"], "Commands:"),
    ],
    ids=["without SAML", "with SAML", "sandbox", "help"],
)
def test_a_site_without_the_libraries_of_saml_has_all_commands(arguments: list[str], said: str) -> None:
    assert said in without_saml(f"from aiguilleur.cli import main; main({arguments})")


def without_saml(script: str) -> str:
    """What a script says where the libraries of SAML are not installed."""
    script = f"import sys; sys.modules.update(dict.fromkeys(('cryptography', 'lxml', 'signxml'))); {script}"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    return told.stdout + told.stderr


def test_without_the_libraries_of_saml_there_is_no_discovery_service_and_check_says_why(here: Path) -> None:
    with (here / "config" / "aiguilleur.yaml").open("a", encoding="utf-8") as file:
        file.write("disco: [{metadata: sp.xml, target: ent}]\n")
    sources = here / "config" / "sources.yaml"
    text = sources.read_text(encoding="utf-8").replace("    name: EduConnect\n", "    name: EduConnect\n    idp: x\n")
    sources.write_text(text, encoding="utf-8")
    (here / "config" / "sp.xml").write_text("<x/>", encoding="utf-8")
    asks = "from aiguilleur.web.start import application; print(application().test_client().get('/disco').status_code)"

    told = without_saml("from aiguilleur.cli import main; main(['check', 'config'])")
    assert "warning: disco: needs a library that is not installed: import of " in told
    assert "until then /disco answers 404" in told
    assert without_saml(asks).startswith("404\n")
