"""The documentation is run: its configuration is loaded, its commands are given."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from aiguilleur.cli import main
from aiguilleur.core.matchers import MATCHER_KINDS
from aiguilleur.errors import Problem
from aiguilleur.journal import SINK_KINDS, Event, FileSink, entry_of
from aiguilleur.probes import PROBE_KINDS
from aiguilleur.sandbox import IdentityProvider
from aiguilleur.settings.checks import dead_rules
from aiguilleur.settings.load import load
from aiguilleur.settings.model import Settings
from aiguilleur.settings.provider import ServiceProvider
from aiguilleur.web import create_app
from tests.builders import facts
from tests.conftest import ROOT, running_sandbox

PASSIVE = ROOT / "docs" / "passive-probes.md"
IDP = "https://idp.ac-exemple.fr/idp/shibboleth"
DISCO = ROOT / "docs" / "disco.md"
SP = "https://sp.ac-exemple.fr/shibboleth"
LOGIN = "https://sp.ac-exemple.fr/Shibboleth.sso/Login"
#: What `schools import` is shown with.
REGISTER = (
    "Identifiant_de_l_etablissement;Nom_etablissement;Type_etablissement;Nom_commune;Libelle_academie;etat\n"
    "0250010A;Collège Exemple;Collège;Exempleville;Besançon;OUVERT\n"
)
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)


def commands() -> list[list[str]]:
    text = "".join(block.replace("\\\n", " ") for page in PAGES for block in blocks(page, "sh"))
    return [shlex.split(line, comments=True) for line in text.splitlines() if line.startswith("aiguilleur ")]


def write_documented(folder: Path) -> None:
    """The configuration that docs/configuration.md shows."""
    page = ROOT / "docs" / "configuration.md"
    for block in blocks(page, "yaml"):
        first, _, _ = block.partition("\n")
        (folder / first.removeprefix("# file: ")).write_text(block, encoding="utf-8")
    [schools] = blocks(page, "csv")
    (folder / "schools.csv").write_text(schools, encoding="utf-8")


def test_the_documented_configuration_is_whole_and_good(tmp_path: Path) -> None:
    write_documented(tmp_path)

    settings, warnings = load(tmp_path)
    dead = tuple(dead_rules(settings, "rules.yaml"))
    assert (sorted(settings.sources), warnings, dead) == (["aten", "educonnect"], (), ())


def passive_sections() -> dict[str, str]:
    """What docs/passive-probes.md says of each kind, and under an empty name what it says of all."""
    first, *others = re.split(r"^## ", PASSIVE.read_text(encoding="utf-8"), flags=re.M)
    return {"": first} | {re.findall(r"`(\w+)`", text.partition("\n")[0])[0]: text for text in others}


def put(file: Path, section: str, heading: str) -> None:
    """Put the list items that a section shows for `file` into its list, in place of those of the same id."""
    yaml = YAML()
    content = yaml.load(file.read_text(encoding="utf-8"))
    for text in re.findall(rf"^```yaml\n# in {file.name}\n(.*?)^```", section, re.M | re.S):
        shown = yaml.load(text)
        replaced = {each["id"] for each in shown}
        content[heading] = [*(each for each in content[heading] if each["id"] not in replaced), *shown]
    with file.open("w", encoding="utf-8") as out:
        yaml.dump(content, out)


def test_only_kinds_that_ask_through_the_browser_have_a_section() -> None:
    front = {name for name, kind in PROBE_KINDS.items() if hasattr(kind, "departure")}

    assert passive_sections().keys() - {""} <= front


def write_passive(kind: str, config: Path) -> None:
    """The configuration that docs/passive-probes.md shows for a kind, with the keys that its commands make."""
    for folder in (config, config.parent / "var"):
        folder.mkdir()
    write_documented(config)
    sections = passive_sections()
    put(config / "sources.yaml", sections[kind], "sources")
    put(config / "rules.yaml", sections[""], "rules")
    (config / "educonnect-idp.xml").write_bytes(IdentityProvider(IDP, f"{IDP}/sso", {}).metadata())
    for command in re.findall(r"^openssl .*", sections[kind], re.M):
        subprocess.run(shlex.split(command), cwd=config.parent, check=True, capture_output=True)


@pytest.mark.parametrize("kind", sorted(passive_sections().keys() - {""}))
def test_the_documented_configuration_of_a_passive_probe_is_good(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_passive(kind, tmp_path / "config")

    settings, warnings = load(Path("config"))
    [probe] = settings.sources["educonnect"].probes
    assert (type(probe), warnings, tuple(dead_rules(settings, "rules.yaml"))) == (PROBE_KINDS[kind], (), ())
    assert probe.ref in settings.policies["ent"].probes["educonnect"]


def test_the_documented_question_of_saml_can_be_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_passive("saml_passive", tmp_path / "config")
    [script] = blocks(PASSIVE, "python")

    exec(script, {})
    assert re.match(rf"{IDP}/sso\?SAMLRequest=.*&RelayState=0{{32}}&SigAlg=.*&Signature=", capsys.readouterr().out)


def discovery(folder: Path) -> tuple[Settings, tuple[Problem, ...]]:
    """The configuration that docs/disco.md shows, loaded."""
    write_documented(folder)
    put(folder / "sources.yaml", DISCO.read_text(encoding="utf-8"), "sources")
    site = folder / "aiguilleur.yaml"
    [shown] = [block for block in blocks(DISCO, "yaml") if block.startswith(f"# in {site.name}")]
    site.write_text(site.read_text(encoding="utf-8") + shown, encoding="utf-8")
    [metadata] = [block for block in blocks(DISCO, "xml") if block.startswith("<md:EntityDescriptor")]
    (folder / "ent-sp.xml").write_text(metadata, encoding="utf-8")
    return load(folder)


def test_the_documented_discovery_service_is_good_and_its_metadata_is_enough(tmp_path: Path) -> None:
    settings, warnings = discovery(tmp_path)

    assert settings.service_providers == {SP: ServiceProvider(SP, "ent", (LOGIN,))}
    assert (settings.sources["educonnect"].idp, warnings) == (IDP, ())


def test_the_documented_questions_of_a_service_provider_are_answered_as_it_says(tmp_path: Path) -> None:
    client = create_app(discovery(tmp_path)[0], ("k" * 32,)).test_client()
    told = []
    for command in "".join(blocks(DISCO, "sh")).replace("\\\n", " ").splitlines():
        words = shlex.split(command)
        query = "&".join(words[at + 1] for at, word in enumerate(words) if word in ("-d", "--data-urlencode"))
        answer = client.get("/disco", query_string=query)
        told.append((answer.status_code, answer.location))

    assert told == [(200, None), (303, LOGIN)]


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_a_documented_command_works(command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    FileSink("var/journal/{day}.jsonl").write(entry_of(facts(), event=Event.DECIDED, code="KOVATI", outcome="discover"))
    with ExitStack() as stack:
        if "--live" in command:
            # Sources that answer: those of the sandbox.
            stack.enter_context(running_sandbox(tmp_path))
        else:
            # A copy: some commands write to it.
            shutil.copytree(ROOT / "config", tmp_path / "config")
            Path("annuaire.csv").write_text(REGISTER, encoding="utf-8")
        monkeypatch.setenv("AIGUILLEUR_CONFIG", str(tmp_path / "config"))
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


def tables(text: str) -> list[list[list[str]]]:
    """The cells of each table, row by row, without its head."""
    found = re.findall(r"^\|.*\n\|(?:---\|)+\n((?:\|.*\n)+)", text, re.M)
    return [[[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()] for table in found]


def test_what_operators_read_in_french_has_the_tables_and_the_figures_of_the_english() -> None:
    english, french = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8").split("\n---\n")
    counted = r"\d[\d.,]* (?:s|ms|GB|Go|bytes|octets|million|days|jours)\b"
    units = {"Go": "GB", "octets": "bytes", "millions": "million", "jours": "days"}
    told = {
        f"{each.split()[0].replace(',', '.')} {units.get(each.split()[1], each.split()[1])}"
        for each in re.findall(counted, french)
    }

    for here, there in zip(tables(french), tables(english), strict=True):
        names = [[re.findall(r"`[^`]+`|\b\d+\b", cell) for cell in row] for row in (*here, *there)]
        assert names[: len(here)] == names[len(here) :]
    assert len(told) > 5
    assert told <= {each.replace(",", "") for each in re.findall(counted, english)}


def test_every_kind_has_its_row() -> None:
    text = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")

    assert [kind for kind in (*PROBE_KINDS, *MATCHER_KINDS, *SINK_KINDS) if f"`{kind}`" not in text] == []
