"""Files that no school sent: each is refused in words, with its line, in bounded time, and nothing of it is used."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from aiguilleur.cli import main
from aiguilleur.schools import Directory, read_schools
from aiguilleur.web import reload
from aiguilleur.web.service import running_in
from tests.conftest import ROOT

HEAD = "etab;name;town\n"
SAVE = "save it again as « CSV UTF-8 »"
HOSTILE = {
    "Windows' own letters": (f"{HEAD}a;Lycée;B\n".encode("cp1252"), f"2:6: is not UTF-8; {SAVE}"),
    "half a letter": (HEAD.encode() + b"a;b;\xc3\n", f"2:5: is not UTF-8; {SAVE}"),
    "UTF-16": (HEAD.encode("utf-16"), f"1:1: is UTF-16; {SAVE}"),
    "UTF-16 without its mark": (HEAD.encode("utf-16-le"), f"1:2: holds a NUL or another control character; {SAVE}"),
    "a NUL": (f"{HEAD}a;b;c\nd;e\0;f\n".encode(), f"3:4: holds a NUL or another control character; {SAVE}"),
    "an escape": (f"{HEAD}a;\x1b[2J;c\n".encode(), f"2:3: holds a NUL or another control character; {SAVE}"),
    "lost letters": (f"{HEAD}a;Coll\ufffdge;c\n".encode(), f"2:7: holds letters that were lost; {SAVE}"),
    "lines of an old Macintosh": (
        f"{HEAD}a;b;c\n".replace("\n", "\r").encode(),
        f"1:15: has a line that ends with CR alone; {SAVE}",
    ),
    "one stray CR": (f"{HEAD}a;b\rx;c\n".encode(), f"2:4: has a line that ends with CR alone; {SAVE}"),
    "an open quotation mark": (
        f'{HEAD}a;"b;c\nd;e;f\n'.encode(),
        "2:1: a quotation mark is opened and not closed at the end of its cell",
    ),
    "a quotation mark too many": (
        f'{HEAD}a;"b"x;c\n'.encode(),
        "2:1: a quotation mark is opened and not closed at the end of its cell",
    ),
    "a huge line": (f"{HEAD}a;{'b' * 5_000_000};c\n".encode(), "2:4001: is a line of over 4000 characters"),
    "a huge number of cells": (f"{HEAD}{';' * 5_000_000}\n".encode(), "2:4001: is a line of over 4000 characters"),
    "a huge first line": (b"etab;" * 1_000_000, "1:4001: is a line of over 4000 characters"),
    "a million rows": (
        HEAD.encode() + b"a;b;c\n" * 1_000_000,
        "200001:1: has over 200000 lines: no directory of schools has",
    ),
    "a million empty rows": (b"\n" * 1_000_000, "200001:1: has over 200000 lines: no directory of schools has"),
    "commas": (b"etab,name\na,b\n", "1:1: the first line must name the columns: etab;"),
    "another table": (b"id;sum\n1;2\n", "1:1: the first line must name the columns: etab;"),
    "a column twice": (b"etab;name;name\na;b;c\n", "1:11: column 'name' is there twice"),
    "an unknown column": (b"etab;\xc3\xa9tat\na;b\n", "1:6: unknown column 'état'; known: etab, uai, "),
    "a cell too few": (f"{HEAD}a;b\n".encode(), "2:1: 2 cells, but the header has 3 columns"),
    "markup for a label": (f"{HEAD}<b>;b;c\n".encode(), "2:1: etab: '<b>' is not a school's name in a portal address"),
    "a command": (
        f"{HEAD}a;=cmd|' /C calc'!A0;c\n".encode(),
        "2:3: name: begins with '=', which a spreadsheet would run",
    ),
    "a quoted command": (
        f'{HEAD}a;b;"@SUM(1)"\n'.encode(),
        "2:5: town: begins with '@', which a spreadsheet would run",
    ),
    "a sum": (b"etab;phone\na;+cmd|'x'\n", "2:3: phone: begins with '+', which a spreadsheet would run"),
    "a link": (b'etab;mail\na;"-HYPERLINK(""x"")"\n', "2:3: mail: begins with '-', which a spreadsheet would run"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_its_line(name: str, tmp_path: Path) -> None:
    path, (content, told) = tmp_path / "schools.csv", HOSTILE[name]
    path.write_bytes(content)
    before = time.thread_time()
    _, problems = read_schools(path, "schools.csv")

    assert [str(problem)[: len(told) + 12] for problem in problems] == [f"schools.csv:{told}"]
    assert time.thread_time() - before < 2


@pytest.mark.parametrize("name", HOSTILE)
def test_the_command_ends_with_one_and_without_a_traceback(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("schools.csv").write_bytes(HOSTILE[name][0])
    result = CliRunner().invoke(main, ["schools", "check", "schools.csv"])

    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert result.output.splitlines()[-1].startswith("schools.csv: ")


def test_a_file_of_gigabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "schools.csv"
    with path.open("wb") as file:
        file.truncate(5 << 30)
    before = time.thread_time()
    directory, problems = read_schools(path, "schools.csv")

    assert directory == Directory()
    assert [str(problem) for problem in problems] == ["schools.csv: is over 64 megabytes: no directory of schools is"]
    assert time.thread_time() - before < 2


def test_a_flood_of_problems_is_cut_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "schools.csv"
    path.write_text("etab\n" + "www\n" * 150_000, encoding="utf-8")
    _, problems = read_schools(path, "schools.csv")

    assert len(problems) == 501
    assert str(problems[-1]) == "schools.csv: and 149500 more problems"


def test_every_slip_of_a_row_is_told_at_its_column(tmp_path: Path) -> None:
    path = tmp_path / "schools.csv"
    path.write_text(
        'etab;uai;name;aten_until\nwww;0391234A;"a;""b";soon\n"a";;=1+1;2021-02-30\nb;0391234E;;\nb;0391234E;;\n',
        encoding="utf-8",
    )
    _, problems = read_schools(path, "x")

    assert [str(problem).split("'")[0].rstrip() for problem in problems] == [
        "x:2:1: etab:",
        "x:2:5: uai:",
        "x:2:22: aten_until:",
        "x:3:6: name: begins with",
        "x:3:11: aten_until:",
        "x:5:1: etab:",
        "x:5:3: uai:",
    ]
    assert [problem.message for problem in problems[-2:]] == [
        "'b' stands already in line 4",
        "'0391234E' stands already in line 4",
    ]


def test_a_telephone_number_abroad_is_no_formula(tmp_path: Path) -> None:
    path = tmp_path / "schools.csv"
    path.write_text("etab;phone\na;+41 (0)22 00-00\n", encoding="utf-8")

    assert read_schools(path, "x")[1] == ()


@pytest.mark.parametrize("name", ["Windows' own letters", "a million rows", "a command", "a NUL"])
def test_what_is_served_does_not_change(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "config"
    shutil.copytree(ROOT / "config", folder)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIGUILLEUR_CONFIG", str(folder))
    served = reload.Reloading()
    app = served.app
    (folder / "schools.csv").write_bytes(HOSTILE[name][0])
    served.look()
    served.look()

    running = running_in(served.app)
    assert running is not None
    assert (served.app, len(running.settings.directory.schools)) == (app, 9)
    assert f"{folder}/schools.csv:{HOSTILE[name][1]}" in running.degraded
