"""The catalogue of those who help says all that can happen, and what is made of it says what it says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import html5lib
import pytest
from click.testing import CliRunner, Result

from aiguilleur.cli.support import support
from aiguilleur.cli.titles import pages_of
from aiguilleur.core.model import Reason
from aiguilleur.probes import State
from aiguilleur.probes.canary import Standing
from aiguilleur.support import Account, as_markdown, as_sheet, catalogue
from aiguilleur.web.languages import LOCALE
from tests.conftest import ROOT

TEMPLATES = LOCALE.parent / "templates"
#: Read by schools, not by families at a loss.
FOR_SCHOOLS = "kit/"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(support, arguments)


def test_every_reason_account_and_state_is_told_and_nothing_else() -> None:
    assert catalogue().reasons.keys() == set(Reason)
    assert catalogue().accounts.keys() == set(Account)
    assert catalogue().states.keys() == {*State, *Standing}


def test_every_page_of_a_family_is_told_by_what_stands_on_it() -> None:
    pages = [str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html") if not path.name.startswith("_")]
    told = catalogue().pages.values()
    for page in told:
        beside = (TEMPLATES / page.template).parent.glob("_*.html")
        text = "".join(path.read_text(encoding="utf-8") for path in (TEMPLATES / page.template, *beside))
        assert page.title in text

    families = {page for page in pages if not page.startswith(FOR_SCHOOLS)} - {"base.html"}
    assert {page.template for page in told} == families


def test_every_heading_of_a_family_s_page_is_the_title_of_one() -> None:
    headings = {
        re.sub(r"\{\{.*?\}\}", "…", text)
        for path in TEMPLATES.rglob("*.html")
        if FOR_SCHOOLS not in str(path)
        for part in re.findall(r"<h1>.*?</h1>|macro heading.*?endmacro", path.read_text(encoding="utf-8"), re.S)
        for text in re.findall(r"{% trans[^%]*%}(.*?){% endtrans %}", part)
    }

    assert len(headings) > 15
    assert [heading for heading in headings if not pages_of(heading)] == []


def test_every_notice_of_the_mire_and_every_kind_of_error_is_told() -> None:
    mire = (TEMPLATES / "mire.html").read_text(encoding="utf-8")
    errors = (TEMPLATES / "erreur.html").read_text(encoding="utf-8")
    told = catalogue().pages.values()

    assert set(re.findall(r'notice == "(\w+)"', mire)) == {page.notice for page in told if page.notice}
    headings = re.findall(r"<h1>.*</h1>", errors)
    assert len(headings) == sum(page.template == "erreur.html" for page in told) == 5
    assert all(any(page.title in heading for page in told) for heading in headings)


def test_what_a_family_is_told_is_in_french_and_short() -> None:
    said = [*catalogue().accounts.values(), *(page.family for page in catalogue().pages.values())]

    assert all(len(text) <= 160 for text in said)
    assert all(text.endswith((".", "?")) for text in said)


def test_the_documentation_is_what_the_command_prints() -> None:
    assert (ROOT / "docs" / "support.md").read_text(encoding="utf-8") == as_markdown(catalogue())
    assert run("--markdown").output == as_markdown(catalogue())


def test_the_helpdesk_s_own_words_are_everywhere() -> None:
    for text in (as_markdown(catalogue()), as_sheet(catalogue()).replace("&#39;", "'")):
        assert "Téléservices ou EclatBFC – Problème d'accès" in text
        assert "educonnect" in text
        assert "Il arrive parfois avec Chrome" in text


def test_a_name_is_told_with_what_to_say_and_what_to_check() -> None:
    told = run("deadline")

    assert told.exit_code == 0
    assert told.output == (
        "reason deadline: The source did not answer in time.\n"
        "  tell the family: « Ce compte répond mal en ce moment. Cela ne vient pas de vous. »\n"
        "  check: `aiguilleur check --live`; the source's load; a firewall that drops packets.\n"
    )
    assert run("unproven").output.count("check:") == 2
    assert "tell the family" not in run("few-back").output


@pytest.mark.parametrize(
    ("said", "pages"),
    [
        ("Ce compte n'existe plus", ["retired", "retired-host"]),
        ("this account NO LONGER exists", ["retired", "retired-host"]),
        ("Ce compte s’arrête le 5 juillet 2021", ["announce"]),
        ("bu hesap 5 Temmuz 2021 tarihinde sona eriyor", ["announce"]),
        ("Accéder à : Espace numérique de travail (Éclat-BFC)", ["mire", "framed"]),
        ("Cet ordinateur est partage", ["mire-shared"]),
        ("Já está de volta?", ["mire-again"]),
        ("هذه الصفحة غير موجودة", ["not-found"]),
        ("Nous ne connaissons pas ce service", ["not-found"]),
        ("Qual é a sua escola", ["school"]),
    ],
)
def test_a_page_is_told_by_the_title_that_a_family_reads_aloud(said: str, pages: list[str]) -> None:
    told = run(*said.split())

    assert told.exit_code == 0
    assert re.findall(r"^page ([a-z-]+):", told.output, re.M) == pages


def test_no_word_at_all_is_no_title() -> None:
    assert run("!?").exit_code == 2


def test_an_unknown_name_is_refused_with_one_that_is_near() -> None:
    told = run("dedline")

    assert told.exit_code == 2
    assert "'dedline' is no reason, page or state, and no page's title (did you mean deadline?)" in told.output
    assert "(did you mean Aide au dépannage?)" in run("aide au depanage").output


def test_names_are_listed_and_a_machine_gets_everything() -> None:
    assert "mire-again" in run().output
    read = json.loads(run("--json").output)
    assert read["reasons"]["tls"]["account"] == "ill"
    assert read["helpdesk"]["keyword"] == "educonnect"


def test_the_sheet_is_valid_and_cannot_be_written_just_anywhere(tmp_path: Path) -> None:
    assert run("--html", str(tmp_path / "sheet.html")).exit_code == 0
    html5lib.HTMLParser(strict=True).parse((tmp_path / "sheet.html").read_text(encoding="utf-8"))

    refused = run("--html", str(tmp_path / "none" / "sheet.html"))
    assert refused.exit_code == 1
    assert "cannot be written: No such file or directory" in refused.output
