"""The directory of schools, and every spelling in which people paste a school."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from aiguilleur.schools import is_label, read_schools, uai_letter

GOOD = """\ufeffetab;uai;name;kind;town;academy;edu_from
clg-rochat-rousses;0390029X;Collège Rochat;collège;Les Rousses;besancon;2021-02-01
# a remark
lyc-x;;Lycée X;lycée;Ville;dijon;
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "schools.csv"
    path.write_text(text, encoding="utf-8")
    return path


UAI = f"0390029{uai_letter('0390029')}"


@pytest.mark.parametrize(
    "spelling",
    [
        "clg-rochat-rousses",
        "CLG-Rochat-Rousses",
        "  clg-rochat-rousses. ",
        "clg-rochat-rousses\u00a0",
        "clg-rochat-rousses.eclat-bfc.fr",
        "https://clg-rochat-rousses.eclat-bfc.fr/sg.do?PROC=PAGE_ACCUEIL",
        "clg-rochat-rousses.eclat-bfc.fr/sg.do",
        UAI,
        UAI.lower(),
    ],
)
def test_a_school_is_found_in_every_spelling(tmp_path: Path, spelling: str) -> None:
    directory, problems = read_schools(write(tmp_path, GOOD.replace("0390029X", UAI)), "schools.csv")
    school = directory.find(spelling)

    assert problems == ()
    assert school is not None
    assert (school.etab, school.opens) == ("clg-rochat-rousses", {"edu": date(2021, 2, 1)})


@pytest.mark.parametrize("text", ["", None, "nobody", "https://[", "//", "..", "é", "a" * 5000, "\x00", "0390029A"])
def test_what_names_no_school_finds_none(tmp_path: Path, text: str | None) -> None:
    directory, _ = read_schools(write(tmp_path, GOOD.replace("0390029X", "")), "schools.csv")

    assert directory.find(text) is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("www;;;;;;", "schools.csv:2:1: etab: 'www' is not a school's name"),
        ("Clg X;;;;;;", "schools.csv:2:1: etab: 'Clg X' is not a school's name"),
        ("a;b", "schools.csv:2:1: 2 cells, but the header has 7 columns"),
        ("a;1234567A;;;;;", "schools.csv:2:1: uai: '1234567A' is not a UAI"),
        ("a;;;;;;soon", "schools.csv:2:1: edu_from: 'soon' is not a day (write 2021-07-05)"),
        ("a;;;;;;\na;;;;;;", "schools.csv:3:1: etab: 'a' stands already in line 2"),
    ],
)
def test_a_slip_is_told_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    header = GOOD.splitlines()[0]
    _, problems = read_schools(write(tmp_path, f"{header}\n{line}\n"), "schools.csv")

    assert [str(problem)[: len(said)] for problem in problems] == [said]


def test_a_name_in_an_address_is_one_dns_label() -> None:
    assert [is_label(text) for text in ("clg-1", "a", "-a", "a-", "a.b", "A", "a" * 64, "cas")] == [
        *(True, True),
        *(False,) * 6,
    ]
