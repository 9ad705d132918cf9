from __future__ import annotations

import re
import sys
from datetime import timedelta
from pathlib import Path

import html5lib
import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from aiguilleur.cli.journal import journal
from tests.cli.test_figures import CONFIG, OTHER, SENT
from tests.journal.year import write_year

VISITS = [replace(SENT, time=SENT.time + timedelta(hours=number)) for number in range(7)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "journal.jsonl"
    path.write_text("".join(f"{each.line()}\n" for each in (*VISITS, OTHER)))
    return path


def run(*arguments: object, config: object = "none") -> Result:
    return CliRunner().invoke(journal, ["report", *(str(each) for each in arguments), "--config", str(config)])


def test_the_report_is_written_as_a_page(file: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    result = run(file, "--html", page, config=CONFIG)

    assert (result.exit_code, bool(re.fullmatch(rf"Wrote {page}, \d+ kB\.\n", result.stdout))) == (0, True)
    text = page.read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    assert "<dd>8</dd>" in text
    assert "EduConnect" in text
    assert {"clg-a", "clg-b"} <= set(re.findall(r"clg-\w", text))


def test_a_page_of_one_school_hides_small_counts_and_every_other_school(file: Path, tmp_path: Path) -> None:
    page = tmp_path / "school.html"
    run(file, "--etab", "clg-a", "--html", page)
    text = page.read_text(encoding="utf-8")

    assert "<dd>5</dd>" in text
    assert set(re.findall(r"clg-\w", text)) == {"clg-a"}
    run(file, "--etab", "clg-b", "--html", page)
    assert "<dd>&lt; 5</dd>" in page.read_text(encoding="utf-8")


def test_no_visit_is_a_page_that_says_so_and_ends_with_one(file: Path, tmp_path: Path) -> None:
    result = run(file, "--etab", "clg-z", "--html", tmp_path / "none.html")

    assert result.exit_code == 1
    assert "il n’y a aucune visite" in (tmp_path / "none.html").read_text(encoding="utf-8")


def test_a_file_that_cannot_be_written_is_a_sentence(file: Path, tmp_path: Path) -> None:
    page = tmp_path / "nowhere" / "report.html"
    result = run(file, "--html", page)

    assert (result.exit_code, result.stderr) == (1, f"{page} cannot be written: No such file or directory\n")


def test_without_the_libraries_it_says_how_to_have_them(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "aiguilleur.cli.pictures", None)
    result = run(file, "--html", tmp_path / "report.html")

    assert (result.exit_code, "pip install 'aiguilleur[ops]'" in result.stderr) == (1, True)
    assert run(file).exit_code == 0


def test_a_year_of_a_hundred_thousand_visits_is_under_two_megabytes(tmp_path: Path) -> None:
    write_year(tmp_path / "year", 100_000, processes=1)
    result = run(tmp_path / "year", "--html", tmp_path / "year.html")

    assert result.exit_code == 0
    text = (tmp_path / "year.html").read_text(encoding="utf-8")
    assert len(text.encode()) < 2_000_000
    assert len(set(re.findall(r"(?:clg|lyc)-[a-z-]+-\d+", text))) > 250
