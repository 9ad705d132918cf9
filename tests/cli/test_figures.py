from __future__ import annotations

import csv
import io
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from aiguilleur.cli.journal import journal
from aiguilleur.core.model import Channel, Finding, Reason, SessionState
from aiguilleur.journal import Again, Event, JournalEntry
from tests.conftest import ROOT

AT = datetime(2021, 3, 15, 9, 42, 7, 318000, UTC)
SENT = JournalEntry(
    AT, "KOVATI", Event.DECIDED, "ent", etab="clg-a", academy="besancon", outcome="redirect", source="educonnect",
    rule="came-from-educonnect", status=303, ms=10, policy="5f3c9a00ff00", node="ts1",
)  # fmt: skip
LATE = Finding("aten", SessionState.UNKNOWN, Channel.BACK, "aten-status", Reason.DEADLINE)
MIRE = replace(
    SENT, time=AT + timedelta(seconds=40), code="BALADO", outcome="discover", source="", rule="default", ms=900,
    findings=(LATE,), again=Again("came-from-educonnect", 40),
)  # fmt: skip
OTHER = replace(SENT, time=AT + timedelta(days=8), code="BABABA", etab="clg-b", academy="dijon", source="aten")
CONFIG = ROOT / "config"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "journal.jsonl"
    path.write_text("".join(f"{each.line()}\n" for each in (SENT, MIRE, OTHER)) + "torn\n")
    os.utime(path, times=(1_616_000_000,) * 2)
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(journal, [str(each) for each in (*arguments, "--config", "none")])


def test_the_report_is_a_table_that_fits_a_terminal(file: Path) -> None:
    told = run("report", file)

    assert told.exit_code == 0
    assert told.stdout == (
        "2021-03-15 to 2021-03-23: 3 visits, 66.7 % silent, 0.0 % by the mire, 33.3 %\n"
        "left there; 0 refused, 0 away, 1 came back within 3 min; half of them within\n"
        "10 ms, 99 % within 900 ms.\n"
        "\n"
        "week       visits silent mire left refused away again p50 p99\n"
        "2021-03-15      2      1    0    1       0    0     1  10 900\n"
        "2021-03-22      1      1    0    0       0    0     0  10  10\n"
        "\n"
        "target visits silent mire left refused away again p50 p99\n"
        "ent         3      2    0    1       0    0     1  10 900\n"
        "\n"
        "source     visits silent mire left refused away again p50 p99\n"
        "-               1      0    0    1       0    0     0 900 900\n"
        "aten            1      1    0    0       0    0     0  10  10\n"
        "educonnect      1      1    0    0       0    0     1  10  10\n"
        "\n"
        "settled visits silent mire left refused away again p50 p99\n"
        "mire         1      0    0    1       0    0     0 900 900\n"
        "signal       2      2    0    0       0    0     1  10  10\n"
        "\n"
        "Sources that did not answer\n"
        "        1  aten, back: deadline\n"
        "\n"
        "Rules that visitors came back from within 3 min\n"
        "    50.0 %  came-from-educonnect\n"
        "\n"
        "Lines that cannot be read, and are not counted: 1.\n"
    )


def test_a_long_name_has_a_line_of_its_own_and_nothing_is_wider_than_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text(replace(SENT, etab="clg-" + "x" * 59).line())
    lines = run("report", "--by", "etab", path).stdout.splitlines()

    assert max(map(len, lines)) <= 80
    assert lines[lines.index("clg-" + "x" * 59) + 1].split() == ["1", "1", "0", "0", "0", "0", "0", "10", "10"]


@pytest.mark.parametrize(
    ("options", "visits"),
    [
        (("--etab", "CLG-A"), 2),
        (("--academy", "dijon"), 1),
        (("--target", "ent"), 3),
        (("--source", "aten"), 1),
        (("--since", "2021-03-23"), 1),
        (("--until", "2021-03-15"), 2),
        (("--since", "2021-03-15 10:42:08", "--until", "2021-03-15 11:00"), 1),
        (("--since", "2021-03-15T09:42:08+00:00", "--until", "2021-03-22"), 1),
    ],
    ids=str,
)
def test_a_report_can_be_of_a_part(options: tuple[str, ...], visits: int, file: Path) -> None:
    assert json.loads(run("report", "--json", *options, file).stdout)["total"]["visits"] == visits


def test_one_visit_is_no_plural(file: Path) -> None:
    assert run("report", "--source", "aten", file).stdout.startswith("2021-03-23 to 2021-03-23: 1 visit, 100.0 %")


def test_a_machine_reads_everything_and_a_spreadsheet_the_tables(file: Path) -> None:
    told = json.loads(run("report", "--json", file).stdout)
    table = list(csv.DictReader(io.StringIO(run("report", "--csv", "--by", "etab", "--by", "week", file).stdout)))

    assert told["regrets"]["rule"] == [{"key": "came-from-educonnect", "sent": 2, "again": 1}]
    assert (told["lines"], told["torn"], told["first"]) == (3, 1, "2021-03-15T09:42:07.318000+00:00")
    assert [(row["by"], row["key"], row["visits"]) for row in table] == [
        ("etab", "clg-a", "2"),
        ("etab", "clg-b", "1"),
        ("week", "2021-03-15", "2"),
        ("week", "2021-03-22", "1"),
    ]


def test_small_counts_are_masked_in_every_form(file: Path) -> None:
    told = json.loads(run("report", "--json", "--masked", file).stdout)

    assert told["total"]["visits"] == told["schools"][0]["visits"] == "< 5"
    assert told["total"]["refused"] == 0
    assert "< 5 visits, ? % silent, 0.0 % by the mire, ? % left\n" in run("report", "--masked", file).stdout
    assert "etab,clg-a,< 5,< 5,0,< 5" in run("report", "--masked", "--csv", "--by", "etab", file).stdout


def test_no_visit_ends_with_one_and_misuse_with_two(file: Path, tmp_path: Path) -> None:
    nobody = run("report", "--etab", "clg-z", file)

    assert (nobody.exit_code, nobody.stdout) == (1, "No visit.\n\nLines that cannot be read, and are not counted: 1.\n")
    assert run("report", tmp_path / "none").exit_code == 1
    assert run("report", "--since", "soon", file).exit_code == 2
    unknown = CliRunner().invoke(journal, ["report", "--etab", "nope", str(file), "--config", str(CONFIG)])
    assert (unknown.exit_code, "The directory knows no 'nope' today." in unknown.stderr) == (1, True)


@pytest.mark.parametrize("command", [("report",), ("sql", "FROM visits")])
def test_two_forms_at_once_are_refused(command: tuple[str, ...], file: Path) -> None:
    refused = run(*command, file, "--csv", "--json")

    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--json and --csv are two forms: ask for one at a time" in refused.stderr


@pytest.mark.parametrize("option", ["--json", "--csv", "--by=day"])
def test_a_page_and_another_form_at_once_are_refused(option: str, file: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    refused = run("report", "--html", page, option, file)

    assert (refused.exit_code, page.exists()) == (2, False)
    assert "without --json, --csv and --by" in refused.stderr.replace("\n", " ")


@pytest.mark.parametrize(
    ("option", "name", "here"),
    [
        ("--target", "en", "ent"),
        ("--source", "educonect", "aten, educonnect"),
        ("--academy", "lyon", "besancon, dijon"),
    ],
)
def test_a_name_that_nobody_knows_is_refused_with_those_of_the_journal(
    option: str, name: str, here: str, file: Path
) -> None:
    refused = run("report", option, name, file)

    assert (refused.exit_code, refused.stdout) == (2, "")
    assert f"{option}: unknown '{name}'; known: {here}\n" in refused.stderr


def test_a_name_of_the_configuration_is_known_before_its_first_visit(file: Path) -> None:
    def told(*options: str) -> Result:
        return CliRunner().invoke(journal, ["report", str(file), "--config", str(CONFIG), *options])

    for options in (
        ("--target", "teleservices"),
        ("--source", "aten-dijon"),
        ("--academy", "dijon", "--until", "2021-03-15"),
    ):
        nobody = told(*options)
        assert (nobody.exit_code, nobody.stdout.startswith("No visit.")) == (1, True)
    refused = told("--target", "teleservice")
    assert (refused.exit_code, "known: ent, teleservices\n" in refused.stderr) == (2, True)
    # What the journal knows is a part of it, whatever the configuration has forgotten since.
    assert told("--source", "aten").exit_code == 0


def test_without_the_extra_it_says_what_to_install(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)

    for command in (("report", file), ("sql", "FROM visits", file)):
        refused = run(*command)
        assert (refused.exit_code, refused.stderr) == (1, "This needs DuckDB: pip install 'aiguilleur[ops]'.\n")
    assert run("show", "kovati", "--json", "--journal", file).stdout == SENT.line() + "\n"


def test_sql_asks_of_lines_and_visits_and_changes_nothing(file: Path, tmp_path: Path) -> None:
    query = "SELECT code, source, ms FROM visits ORDER BY time LIMIT 2"

    assert run("sql", query, file).stdout == "code    source      ms\nKOVATI  educonnect  10\nBALADO              900\n"
    assert run("sql", "--csv", query, file).stdout == "code,source,ms\nKOVATI,educonnect,10\nBALADO,,900\n"
    assert json.loads(run("sql", "--json", "SELECT count(*) AS n, max(time) AS last FROM journal", file).stdout) == {
        "n": 3,
        "last": "2021-03-23 09:42:07.318000",
    }
    for option, told in (("--csv", "code,n\n"), ("--json", "")):
        assert run("sql", option, "SELECT code, ms AS n FROM visits WHERE false", file).stdout == told
    assert run("sql", "SELECT code, ms AS n FROM visits WHERE false", file).stdout == "code  n\n"
    for refused in ("SELEC", f"COPY visits TO '{tmp_path}/out.csv'", "FROM read_text('/etc/hostname')"):
        assert run("sql", refused, file).exit_code == 1


def test_days_that_are_over_are_put_away_and_show_finds_their_visits(file: Path, tmp_path: Path) -> None:
    archive = tmp_path / "parquet"
    done = run("compact", tmp_path, "--into", archive)
    again = run("compact", "--json", tmp_path, "--into", archive)

    assert done.stdout.startswith("Put away 4 lines (1 unreadable, kept as it was written) of 1 file, ")
    assert json.loads(again.stdout)["lines"] == 0
    assert not file.exists()
    assert run("show", "kovati", "--json", "--journal", tmp_path).stdout == SENT.line() + "\n"
    found = run("find", "--etab", "clg-a", "--around", "2021-03-15 10:42", "--json", "--journal", archive)
    assert found.stdout == f"{SENT.line()}\n{MIRE.line()}\n"
    assert run("compact", tmp_path).exit_code == 2


def test_what_is_not_put_away_is_said(file: Path, tmp_path: Path) -> None:
    file.touch()
    (tmp_path / "second.jsonl").touch()
    (tmp_path / "short.gz").write_bytes(b"\x1f\x8b")
    os.utime(tmp_path / "short.gz", times=(1_616_000_000,) * 2)
    left = run("compact", tmp_path, "--into", tmp_path / "parquet")
    every = json.loads(run("compact", "--json", tmp_path, "--into", tmp_path / "parquet").stdout)["left"]

    assert (left.exit_code, left.stdout) == (0, "Nothing to compact.\n")
    assert left.stderr == (
        f"Left alone: 3 files: 2 × written to within the last hour ({file}, …); "
        f"1 × is cut short ({tmp_path / 'short.gz'}).\n"
    )
    assert every[str(tmp_path / "second.jsonl")] == "written to within the last hour"


def test_days_that_cannot_be_read_without_the_extra_are_said(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("compact", tmp_path, "--into", tmp_path / "parquet")
    (tmp_path / "journal.jsonl").write_text(replace(SENT, time=datetime.now(UTC)).line() + "\n")
    monkeypatch.setitem(sys.modules, "duckdb", None)
    shown = run("show", "kovati", "--json", "--journal", tmp_path)

    assert len(shown.stdout.splitlines()) == 1
    assert "pip install 'aiguilleur[ops]'" in shown.stderr


def test_what_is_older_than_half_a_year_is_removed_whole_files_only(file: Path, tmp_path: Path) -> None:
    recent = replace(SENT, time=datetime.now(UTC))
    mixed, young = tmp_path / "mixed.jsonl", tmp_path / "young.jsonl"
    mixed.write_text(f"{SENT.line()}\n{recent.line()}\n")
    young.write_text(f"{recent.line()}\n")
    (tmp_path / "journal-2021-03-14.parquet").touch()
    dry = run("purge", "--dry-run", tmp_path)
    stay = sorted(tmp_path.iterdir())
    done = run("purge", "--json", tmp_path)

    assert f"{file}: would be removed" in dry.stdout
    assert "has lines older than" in dry.stderr
    assert len(stay) == 4
    assert json.loads(done.stdout) == {
        "dry_run": False,
        "files": [str(file), str(tmp_path / "journal-2021-03-14.parquet")],
        "folders": [],
        "configurations": [],
        "mixed": [str(mixed)],
        "stuck": {},
    }
    assert sorted(tmp_path.iterdir()) == [mixed, young]
    assert "0 files and 0 configurations" in run("purge", "--days", 100_000 // 100, young).stdout


def test_what_cannot_be_read_or_removed_is_named_and_the_rest_is_removed_all_the_same(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed, held, last = tmp_path / "a.jsonl.gz", tmp_path / "b.jsonl", tmp_path / "z.jsonl"
    packed.write_text("not packed at all")
    for path in (held, last):
        path.write_text(f"{SENT.line()}\n")
    unlink = Path.unlink

    def refused(path: Path, missing_ok: bool = False) -> None:
        if path == held:
            raise PermissionError(13, "Permission denied", str(path))
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refused)
    purged = run("purge", tmp_path)

    assert (purged.exit_code, sorted(tmp_path.iterdir())) == (1, [packed, held])
    assert purged.stdout.startswith(f"{file}: removed\n{last}: removed\n2 files ")
    assert purged.stderr == (
        f"{packed}: stays: is no gzip file, though its name says so; give it another name, or move it away.\n"
        f"{held}: stays: Permission denied; purge as a user that may read and remove it.\n"
    )


def test_a_file_that_this_user_may_not_read_is_named_and_the_rest_is_removed(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "a.jsonl"
    secret.write_text(f"{SENT.line()}\n")
    opened = Path.open

    def refused(path: Path, *how: Any, **more: Any) -> Any:
        if path == secret:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *how, **more)

    monkeypatch.setattr(Path, "open", refused)
    purged = json.loads(run("purge", "--json", tmp_path).stdout)

    assert (purged["files"], purged["stuck"]) == (
        [str(file)],
        {str(secret): "Permission denied; purge as a user that may read and remove it"},
    )


def test_a_name_that_is_no_day_is_nobody_s_age(tmp_path: Path) -> None:
    (tmp_path / "journal-2021-02-30.parquet").write_text("somebody else's")

    assert run("purge", tmp_path).stdout.startswith("0 files ")


def test_a_folder_that_is_emptied_goes_with_what_it_held(file: Path, tmp_path: Path) -> None:
    days = tmp_path / "journals" / "node" / "2021"
    held, beside = days / "03" / "15", days / "03" / "16"
    for folder in (held, beside, days / "04"):
        folder.mkdir(parents=True)
    file.rename(held / "journal.jsonl")
    for empty in (beside / "empty.jsonl", days / "04" / "young.jsonl"):
        empty.touch()
    os.utime(beside / "empty.jsonl", times=(1_616_000_000,) * 2)
    (beside / "notes.txt").write_text("not ours")
    dry = json.loads(run("purge", "--dry-run", "--json", tmp_path / "journals").stdout)
    done = run("purge", tmp_path / "journals")
    left = sorted(path for path in (tmp_path / "journals").rglob("*") if path.is_file())

    assert (dry["folders"], f"{held}: removed" in done.stdout, held.exists()) == ([str(held)], True, False)
    assert left == [beside / "notes.txt", days / "04" / "young.jsonl"]


def test_the_folder_that_is_given_stays_though_nothing_is_left_in_it(file: Path, tmp_path: Path) -> None:
    inner = tmp_path / "journals" / "2021" / "03"
    inner.mkdir(parents=True)
    file.rename(inner / "journal.jsonl")
    dry = json.loads(run("purge", "--dry-run", "--json", tmp_path / "journals").stdout)
    run("purge", tmp_path / "journals")

    assert dry["folders"] == [str(inner), str(inner.parent)]
    assert list((tmp_path / "journals").iterdir()) == []


def test_columns_of_one_name_are_all_told(file: Path) -> None:
    assert run("sql", "SELECT 1 AS a, 2 AS a, 3 AS b", str(file), "--json").stdout == '{"a": 1, "a_2": 2, "b": 3}\n'


@pytest.mark.parametrize("query", ["", " ;\n"])
def test_asking_nothing_is_misuse(file: Path, query: str) -> None:
    told = run("sql", query, str(file))

    assert told.exit_code == 2
    assert "there is nothing asked" in told.output
