from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguilleur.core.model import School
from aiguilleur.schools import RESERVED, Directory, directory_of, is_label, read_schools, spelled, uai_letter

UAI = "0391234" + uai_letter("0391234")
ROCHAT = School("clg-rochat-rousses", UAI, "Collège Rochat")
LAMARTINE = School("lyc-lamartine-macon")
DIRECTORY = directory_of((ROCHAT, LAMARTINE))


def read(folder: Path, text: str) -> tuple[Directory, list[str]]:
    path = folder / "schools.csv"
    path.write_text(text, encoding="utf-8")
    directory, problems = read_schools(path, "schools.csv")
    return directory, [str(problem) for problem in problems]


@pytest.mark.parametrize(
    "text",
    [
        "clg-rochat-rousses",
        "CLG-Rochat-Rousses",
        "  clg-rochat-rousses\n",
        "\u00a0clg-rochat-rousses\u00a0",
        "clg-rochat-rousses.",
        "clg-rochat-rousses. ;",
        "clg-rochat-rousses/",
        "clg-rochat-rousses.eclat-bfc.fr",
        "clg-rochat-rousses.eclat-bfc.fr.",
        "clg-rochat-rousses.eclat-bfc.fr:443",
        "clg-rochat-rousses.eclat-bfc.fr/sg.do?PROC=PAGE_ACCUEIL",
        "clg-rochat-rousses.eclat-bfc.fr/login?service=https://elsewhere.example/",
        "https://clg-rochat-rousses.eclat-bfc.fr",
        "HTTPS://CLG-ROCHAT-ROUSSES.ECLAT-BFC.FR/sg.do",
        "http://clg-rochat-rousses.eclat-bfc.fr:8000/a//b?u=https://elsewhere.example/",
        "//clg-rochat-rousses.eclat-bfc.fr/",
        UAI,
        UAI.lower(),
        f" {UAI}. ",
    ],
)
def test_a_school_is_found_under_any_spelling_that_people_paste(text: str) -> None:
    assert DIRECTORY.find(text) is ROCHAT


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        " ",
        ".",
        "//",
        "https://",
        "http://[",
        "https://elsewhere.example/clg-rochat-rousses",
        "https://clg-rochat-rousses.eclat-bfc.fr@elsewhere.example/",
        "elsewhere.example",
        "clg-rochat",
        "clg-rochat-rousses-2",
        "x" * 400 + "clg-rochat-rousses",
        UAI[:7],
    ],
)
def test_what_names_no_school_is_none(text: str | None) -> None:
    assert DIRECTORY.find(text) is None


def test_a_school_without_uai_is_not_found_by_an_empty_one() -> None:
    assert dict(DIRECTORY.by_uai) == {UAI: ROCHAT}
    assert DIRECTORY.find("lyc-lamartine-macon") is LAMARTINE


@given(st.text(st.characters(exclude_categories=())))
def test_no_text_breaks_the_search(text: str) -> None:
    assert DIRECTORY.find(text) in (None, ROCHAT, LAMARTINE)
    assert len(spelled(text * 1000)) <= 300 * 3  # a capital may be three letters in small


@pytest.mark.parametrize("label", ["a", "clg-a", "0a", "a" * 63])
def test_a_school_bears_a_dns_label(label: str) -> None:
    assert is_label(label)


@pytest.mark.parametrize("label", ["", "-a", "a-", "A", "é", "a.b", "a_b", "a" * 64, "a\n", "{etab}", *RESERVED])
def test_what_could_be_no_portal_of_a_school_is_no_label(label: str) -> None:
    assert not is_label(label)


@pytest.mark.parametrize(("digits", "letter"), [("0000000", "A"), ("0000022", "Z"), ("0000023", "A"), ("0391234", "E")])
def test_the_letter_of_a_uai_is_its_remainder_by_23(digits: str, letter: str) -> None:
    assert uai_letter(digits) == letter


def test_a_file_is_read_with_the_days_of_each_school(tmp_path: Path) -> None:
    directory, problems = read(
        tmp_path,
        "\ufeffetab; uai ;name;aten_until;educonnect_from\n"
        "# a comment\n"
        "\n"
        f"clg-rochat-rousses;{UAI}; Collège Rochat ;2021-07-05;\n"
        'lyc-lamartine-macon;;"L ; M";;2021-01-04\n',
    )

    assert problems == []
    assert directory.find(UAI) == School("clg-rochat-rousses", UAI, "Collège Rochat", closes={"aten": date(2021, 7, 5)})
    assert directory.schools["lyc-lamartine-macon"] == School(
        "lyc-lamartine-macon", name="L ; M", opens={"educonnect": date(2021, 1, 4)}
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "schools.csv:1:1: the first line must name the columns: etab;"),
        ("name;town\n", "schools.csv:1:1: the first line must name the columns: etab;"),
        ("etab;nmae\n", "schools.csv:1:6: unknown column 'nmae'; known: etab, uai, "),
        ("etab;name;name\n", "schools.csv:1:11: column 'name' is there twice"),
        ("etab;name\na\n", "schools.csv:2:1: 1 cells, but the header has 2 columns"),
        ("etab\nClg-A\n", "schools.csv:2:1: etab: 'Clg-A' is not a school's name in a portal address"),
        ("etab\nwww\n", "schools.csv:2:1: etab: 'www' is not a school's name in a portal address"),
        ("etab\na\nb\na\n", "schools.csv:4:1: etab: 'a' stands already in line 2"),
        ("etab;uai\na;0391234I\n", "schools.csv:2:3: uai: '0391234I' is not a UAI"),
        (f"etab;uai\na;{UAI.lower()}\n", f"schools.csv:2:3: uai: '{UAI.lower()}' is not a UAI"),
        (f"etab;uai\na;{UAI}\nb;{UAI}\n", f"schools.csv:3:3: uai: '{UAI}' stands already in line 2"),
        ("etab;aten_until\na;5/7/2021\n", "schools.csv:2:3: aten_until: '5/7/2021' is not a day"),
        ('etab;name\na;"A\nb;B\n', "schools.csv:2:1: a quotation mark is opened"),
        ('etab;name\na;"A' + "\nb;B" * 50_000, "schools.csv:2:1: a quotation mark is opened"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_by_line(tmp_path: Path, text: str, problem: str) -> None:
    _, problems = read(tmp_path, text)

    assert [told[: len(problem)] for told in problems] == [problem]


def test_all_that_is_wrong_is_told_at_once_and_the_rest_is_read(tmp_path: Path) -> None:
    directory, problems = read(tmp_path, "etab;aten_until\nA;\nb;soon\nc;\nc;\n")

    assert [problem.split(": ")[1] for problem in problems] == ["etab", "aten_until", "etab"]
    assert set(directory.schools) == {"b", "c"}


def test_a_file_that_is_not_utf8_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "schools.csv"
    path.write_bytes("etab;name\na;Lycée\n".encode("cp1252"))
    directory, problems = read_schools(path, "schools.csv")

    assert (directory, [problem.line for problem in problems]) == (Directory(), [2])


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    _, [problem] = read_schools(tmp_path / "none.csv", "none.csv")

    assert "cannot be read: No such file" in str(problem)
