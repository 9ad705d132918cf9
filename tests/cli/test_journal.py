from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from aiguilleur.cli.explain import explain
from aiguilleur.cli.journal import journal, told
from aiguilleur.cli.named import etab_of
from aiguilleur.core.model import Channel, Finding, Reason, School, SessionState
from aiguilleur.journal import Again, Event, JournalEntry
from aiguilleur.schools import directory_of
from tests.conftest import ROOT
from tests.waiting import LONG

AT = datetime(2021, 3, 15, 9, 42, 7, 318000, UTC)
ENTRY = JournalEntry(
    time=AT,
    code="KOVATI",
    event=Event.DECIDED,
    target="teleservices",
    etab="clg-rochat-rousses",
    academy="besancon",
    outcome="redirect",
    source="aten-besancon",
    rule="aten-active",
    status=303,
    host="teleservices.ac-besancon.fr",
    ms=41,
    findings=(
        Finding("aten-besancon", SessionState.ACTIVE, Channel.BACK, "aten-besancon-status", Reason.ANSWER, 38),
        Finding("educonnect", SessionState.INACTIVE, Channel.SIGNAL, "CTSESSION", Reason.PRESUMED),
    ),
    policy="5f3c9a00ff00",
    node="ts1",
)
MIRE = JournalEntry(
    AT + timedelta(minutes=5), "BALADO", Event.REFUSED, "ent", outcome="discover", rule="default", status=200, ms=3
)
LATER = JournalEntry(AT + timedelta(days=40), "KOVATI", Event.CHOICE, "ent", etab="lyc-x", outcome="redirect", ms=1)


@pytest.fixture(autouse=True)
def no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read below is what was given; nothing of a configuration is there to help."""
    monkeypatch.setenv("AIGUILLEUR_CONFIG", str(tmp_path / "none"))
    monkeypatch.delenv("AIGUILLEUR_JOURNAL", raising=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "journal.jsonl"
    path.write_text("".join(f"{each.line()}\n" for each in (ENTRY, MIRE, LATER)))
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(journal, [str(each) for each in arguments])


REFUSED = "The configuration in {} is refused: its rules are not shown.\n"


def test_tail_prints_the_last_entries_the_newest_last(file: Path) -> None:
    told_all, told_two = run("tail", file), run("tail", "-n", 2, file)

    assert told_all.exit_code == 0
    assert told_all.stdout.splitlines() == [
        "10:42:07 KOVATI teleservices clg-rochat-rousses → aten-besancon (aten-active) teleservices.ac-besancon.fr"
        " 41 ms  aten-besancon: active (answer, 38 ms); educonnect: inactive (presumed, 0 ms)",
        "10:47:07 BALADO ent          -                  · mire (default) [refused] 3 ms",
        "11:42:07 KOVATI ent          lyc-x              · redirect [choice] 1 ms",
    ]
    assert told_two.stdout.splitlines() == told_all.stdout.splitlines()[1:]


def test_a_configuration_that_is_refused_is_said_and_not_needed(file: Path, tmp_path: Path) -> None:
    assert run("tail", file).stderr == REFUSED.format(tmp_path / "none")
    assert run("tail").exit_code == 1


def test_a_machine_reads_the_lines_as_they_are(file: Path) -> None:
    lines = file.read_text().splitlines()

    assert run("tail", "--json", file).stdout.splitlines() == lines
    assert run("show", "kovati", "--json", "--journal", file).stdout.splitlines() == [lines[2], lines[0]]


def test_show_tells_a_visit_the_newest_first(file: Path) -> None:
    shown = run("show", "ko-va-ti", "--journal", file)

    assert shown.exit_code == 0
    assert shown.stdout == (
        "24 April 2021 11:42:07.318 · KOVATI · ent · lyc-x (?) · node ? · rules ?\n"
        "\n"
        " · redirect [choice]   1 ms in all\n"
        "\n"
        "15 March 2021 10:42:07.318 · KOVATI · teleservices · clg-rochat-rousses (besancon) · node ts1 · rules 5f3c9a\n"
        "\n"
        "   aten-besancon  active    aten-besancon-status, server, answer, 38 ms\n"
        "   educonnect     inactive  CTSESSION, signal, presumed, 0 ms\n"
        "\n"
        " → aten-besancon (aten-active) 303 teleservices.ac-besancon.fr   41 ms in all\n"
    )


def test_a_trace_is_told_where_there_was_a_decision() -> None:
    config = JournalEntry(AT, "KOVATI", Event.CONFIG, "?", policy="5f3c9a00ff00")

    assert list(told([ENTRY, config], lambda entry: f"the trace of {entry.rule}", UTC)) == [
        "the trace of aten-active",
        "15 March 2021 09:42:07.318 · KOVATI · ? · no school · node ? · rules 5f3c9a\n\n [config]   0 ms in all",
    ]


def test_find_knows_a_school_and_a_time(file: Path) -> None:
    found = run("find", "--etab", "Clg-Rochat-Rousses", "--around", "2021-03-15 10:40", "--journal", file)
    wide = run("find", "--etab", "lyc-x", "--around", "2021-04-24", "--within", "12h", "--json", "--journal", file)

    assert [line[:15] for line in found.stdout.splitlines()] == ["10:42:07 KOVATI"]
    assert wide.stdout == LATER.line() + "\n"


def test_what_is_not_found_ends_with_one(file: Path, tmp_path: Path) -> None:
    far = ("find", "--etab", "lyc-x", "--around", "2021-04-24 11:00", "--journal", file)

    assert run(*far).exit_code == run("show", "BALABA", "--journal", file).exit_code == 1
    assert run(*far).stderr.endswith("No visit of lyc-x within 10m of 2021-04-24 11:00.\n")
    assert run("tail", tmp_path / "none.jsonl").stderr.endswith(
        "There is no journal yet; --journal FILE names another.\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "nope"),
        ("show",),
        ("tail", "-n", "-1"),
        ("find", "--etab", "x"),
        ("find", "--etab", "x", "--around", "soon"),
        ("find", "--etab", "x", "--around", "2021-04-24", "--within", "soon"),
        ("dance",),
    ],
)
def test_misuse_ends_with_two(arguments: tuple[str, ...], file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGUILLEUR_JOURNAL", str(file))

    assert run(*arguments).exit_code == 2


def test_the_environment_may_name_the_journal(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later, other = replace(LATER, code="FADOLI"), file.with_name("other.jsonl")
    other.write_text(later.line() + "\n")
    monkeypatch.setenv("AIGUILLEUR_JOURNAL", f"{file}{os.pathsep}{other}")

    assert run("show", "BALADO", "--json").stdout == MIRE.line() + "\n"
    assert run("tail", "--json").stdout.splitlines()[-1] == later.line()
    assert later.line() in run("find", "--etab", "lyc-x", "--around", LATER.time, "--json").stdout
    assert json.loads(run("report", "--json").stdout)["lines"] == 4
    assert run("sql", "SELECT count(*) AS lines FROM journal", "--csv").stdout == "lines\n4\n"
    # What parts or removes files keeps to the configuration's, of which there is none here.
    assert [run(name).exit_code for name in ("purge", "compact")] == [1, 1]
    explained = CliRunner().invoke(explain, ["--code", "FADOLI", "--config", str(ROOT / "config")])
    assert "FADOLI" in explained.stdout


def test_torn_lines_are_passed_over_and_counted(file: Path) -> None:
    with file.open("a") as more:
        more.write('{"time":"2021\n{}\n')

    assert run("tail", "-n", 1, "--json", file).stdout == LATER.line() + "\n"
    assert run("tail", file).stderr.splitlines()[1] == (
        f"2 torn lines passed over ({file}: not a line of the journal (KeyError))."
    )


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "j.gz").write_text("not packed at all")
    told = run("tail", tmp_path / "j.gz")
    options = ["--code", "KOVATI", "--journal", str(tmp_path / "j.gz"), "--config", str(ROOT / "config")]
    explained = CliRunner().invoke(explain, options)

    assert (told.exit_code, told.stderr.splitlines()[1].partition(",")[0]) == (1, f"{tmp_path}/j.gz: is no gzip file")
    assert (explained.exit_code, explained.stderr.partition(",")[0]) == (1, f"{tmp_path}/j.gz: is no gzip file")


def test_tail_takes_folders_and_patterns_as_the_other_commands_do(file: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    for given in (tmp_path, tmp_path / "j*.jsonl"):
        assert run("tail", "-n", 1, "--json", given).stdout == LATER.line() + "\n"
    nothing = run("tail", tmp_path / "empty")
    assert (nothing.exit_code, nothing.stderr.splitlines()[1]) == (
        1,
        f"There is no file of lines in {tmp_path}/empty; what is put away is read by show, find and report.",
    )


def test_files_given_in_any_order_are_read_by_age(file: Path, tmp_path: Path) -> None:
    old = tmp_path / "z-older.jsonl"
    old.write_text(JournalEntry(AT, "FADOLI", Event.DECIDED).line() + "\n")
    os.utime(old, (1_600_000_000, 1_600_000_000))
    codes = [line[9:15] for line in run("tail", old, file).stdout.splitlines()]

    assert codes == ["FADOLI", "KOVATI", "BALADO", "KOVATI"]


def test_a_hostile_file_cannot_steer_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_text(JournalEntry(AT, "KOVATI", Event.DECIDED, node="\x1b[2J", host="a\x9bb\r\n", ms=2).line() + "\n")
    shown = run("show", "KOVATI", "--journal", path).stdout + run("tail", path).stdout

    assert all(line.isprintable() for line in shown.splitlines())


def test_tail_follows_until_it_is_interrupted(file: Path) -> None:
    # Whoever started the tests in the background may have had interrupts ignored, which is inherited.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{heard}; from aiguilleur.cli.journal import journal; journal()"
    command = [sys.executable, "-c", code, "tail", "-n", "1", "-f", "--json", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        watchdog = threading.Timer(LONG, process.kill)
        watchdog.start()
        assert process.stdout
        first = process.stdout.readline()
        with file.open("a") as more:
            more.write(MIRE.line() + "\n")
        second = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        exit_code = process.wait()
        watchdog.cancel()

    assert (first, second, exit_code) == (LATER.line() + "\n", MIRE.line() + "\n", 0)


def test_why_a_session_is_not_known_is_told_with_what_to_say_and_to_check() -> None:
    failed = Finding("aten-besancon", SessionState.UNKNOWN, Channel.BACK, "aten-besancon-status", Reason.DEADLINE, 1180)
    mire = replace(ENTRY, outcome="discover", source="", rule="default", status=200, host="", findings=(failed, failed))
    [text] = told([mire], None, UTC)

    assert text.splitlines()[-7:] == [
        "   What it means, what to tell the family, what to check:",
        "   deadline: The source did not answer in time.",
        "      « Ce compte répond mal en ce moment. Cela ne vient pas de vous. »",
        "      `aiguilleur check --live`; the source's load; a firewall that drops packets.",
        "   the mire: The mire: nothing tells which account the family uses.",
        "      « Choisissez le compte que vous utilisez d'habitude. Si vous avez reçu une lettre ou un SMS « EduConnect »,"
        " c'est EduConnect. »",
        "      `journal show CODE` tells what was seen.",
    ]
    [again] = told([replace(mire, findings=(), again=Again("aten-active", 20))], None, UTC)
    assert "Cliquez d'abord sur « Réessayer »." in again


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_at_the_end_of_time_is_misuse_or_nothing(file: Path, day: str) -> None:
    told = run("find", "--etab", "lyc-x", "--around", day, "--within", "999999h", "--journal", file)

    assert told.exit_code in (1, 2)
    assert not isinstance(told.exception, OverflowError)


def test_a_school_that_has_left_the_directory_is_found_in_the_journal_all_the_same() -> None:
    known = directory_of([School("clg-rochat-rousses", name="Collège Rochat", town="Les Rousses")])

    assert etab_of(known, "Clg-Rochat-Rousses") == "clg-rochat-rousses"
    assert etab_of(None, " LYC-X ") == etab_of(known, "lyc-x") == "lyc-x"
    with pytest.raises(click.UsageError, match=r"unknown school 'rochat' \(did you mean clg-rochat-rousses\?\)"):
        etab_of(known, "rochat")
    with pytest.raises(click.UsageError, match="unknown school"):
        etab_of(known, "???")
