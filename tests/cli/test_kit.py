from __future__ import annotations

import json
import shutil
from pathlib import Path

import html5lib
import pytest
from click.testing import CliRunner, Result

from aiguilleur.cli import main
from tests.conftest import ROOT

ROCHAT = ("clg-rochat-rousses", "--at", "2021-03-15")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AIGUILLEUR_CONFIG", raising=False)
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["kit", *arguments])


def test_the_links_and_where_they_lead_are_printed() -> None:
    told = run(*ROCHAT).output.splitlines()

    assert told[0].startswith("Collège Rochat · Les Rousses · clg-rochat-rousses · rules ")
    assert told[2:14] == [
        "Téléservices",
        "  portal        https://aiguilleur.ac-besancon.fr/vers/teleservices/clg-rochat-rousses?de=eclat",
        "  other account https://aiguilleur.ac-besancon.fr/mire/clg-rochat-rousses?vers=teleservices&de=eclat",
        "  elsewhere     https://aiguilleur.ac-besancon.fr/vers/teleservices/clg-rochat-rousses",
        "  poster        https://aiguilleur.ac-besancon.fr/vers/teleservices/clg-rochat-rousses?de=affiche",
        "  from the portal",
        "    with aten-besancon    teleservices.ac-besancon.fr by aten-besancon (aten-active[aten-besancon])",
        "    with educonnect       teleservices.education.gouv.fr by educonnect (inside-eclat)",
        "    with nothing          teleservices.education.gouv.fr by educonnect (inside-eclat)",
        "  from elsewhere",
        "    with aten-besancon    teleservices.ac-besancon.fr by aten-besancon (aten-active[aten-besancon])",
        "    with educonnect       the mire: educonnect, aten-besancon (default)",
    ]
    assert told[-2:] == [
        "  workstations  https://aiguilleur.ac-besancon.fr/mire/clg-rochat-rousses?vers=ent&de=poste-partage",
        "  short         https://mire-eclat-bfc.ac-besancon.fr/clg-rochat-rousses",
    ]


def test_a_trip_is_told() -> None:
    told = run(*ROCHAT, "--config", str(ROOT / "config" / "sandbox")).output

    line = "    with educonnect       teleservices.education.localhost by educonnect (educonnect-active, 1 trip)"
    assert line in told.splitlines()


def test_the_same_for_a_machine() -> None:
    told = json.loads(run(*ROCHAT, "--json").output)

    assert (told["etab"], [each["target"] for each in told["targets"]]) == (
        "clg-rochat-rousses",
        ["teleservices", "ent"],
    )
    assert told["targets"][0]["from_elsewhere"][1:] == [
        {
            "session": "educonnect",
            "redirect": None,
            "host": None,
            "offered": ["educonnect", "aten-besancon"],
            "rule": "default",
            "trips": 0,
        },
        {
            "session": None,
            "redirect": None,
            "host": None,
            "offered": ["educonnect", "aten-besancon"],
            "rule": "default",
            "trips": 0,
        },
    ]


def test_the_files_are_written_and_nothing_else(here: Path) -> None:
    told = run(*ROCHAT, "--out", "new/kit")

    assert told.exit_code == 0
    assert sorted(path.name for path in (here / "new" / "kit").iterdir()) == [
        "clg-rochat-rousses-affiche-ent.html",
        "clg-rochat-rousses-affiche-teleservices.html",
        "clg-rochat-rousses-bouton-ent.svg",
        "clg-rochat-rousses-bouton-teleservices.svg",
        "clg-rochat-rousses-lettre.txt",
        "clg-rochat-rousses-qr-ent.svg",
        "clg-rochat-rousses-qr-teleservices.svg",
        "clg-rochat-rousses.desktop",
        "clg-rochat-rousses.url",
        "clg-rochat-rousses.webloc",
    ]
    assert sorted(path.name for path in here.iterdir()) == ["config", "new"]


def test_a_written_poster_needs_no_other_file(here: Path) -> None:
    run(*ROCHAT, "--out", "kit")
    page = (here / "kit" / "clg-rochat-rousses-affiche-ent.html").read_text(encoding="utf-8")

    html5lib.HTMLParser(strict=True).parse(page)
    assert ('input[type="checkbox"]' in page, '<link rel="stylesheet"' in page, "/kit/" in page) == (True, False, False)


def test_a_file_that_differs_is_not_overwritten(here: Path) -> None:
    kept = here / "kit" / "clg-rochat-rousses.url"
    kept.parent.mkdir()
    kept.write_text("mine", encoding="utf-8")
    told = run(*ROCHAT, "--out", "kit")

    assert told.exit_code == 1
    assert "kit has other files of these names; nothing was written: clg-rochat-rousses.url\n" in told.output
    assert [(path.name, path.read_text(encoding="utf-8")) for path in kept.parent.iterdir()] == [(kept.name, "mine")]


def test_the_same_files_may_be_written_again() -> None:
    assert [run(*ROCHAT, "--out", "kit").exit_code for _ in range(2)] == [0, 0]


def test_a_folder_that_cannot_be_made_is_said(here: Path) -> None:
    (here / "file").touch()
    told = run(*ROCHAT, "--out", "file/kit")

    assert (told.exit_code, "file/kit cannot be written: Not a directory\n" in told.output) == (1, True)


def test_an_unknown_school_is_misuse() -> None:
    told = run("nope")

    assert (told.exit_code, "unknown school 'nope'" in told.output) == (2, True)
