from __future__ import annotations

import io
import json
import multiprocessing
import os
import re
import resource
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, MutableSequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from aiguilleur.journal import Event, FileSink, Journal, JournalEntry, StdoutSink, newest
from aiguilleur.journal import writing as module

AT = datetime(2021, 3, 15, 9, 42, 7, 318000, UTC)
FORK = multiprocessing.get_context("fork")


def entry(number: int = 0, node: str = "ts1") -> JournalEntry:
    return JournalEntry(AT, "KOVATI", Event.DECIDED, ms=number, node=node)


def in_a_child(work: Callable[[], None]) -> int | None:
    """Run in a process of its own, whose limits and descriptors are thrown away with it."""

    def run() -> None:
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)

    child = FORK.Process(target=run)
    child.start()
    child.join(20)
    return child.exitcode


def writes_with_threads(path: str, worker: int, written: MutableSequence[int], enough: threading.Event) -> None:
    journal = Journal([FileSink(path)])

    def write(thread: int) -> None:
        number = 0
        while number < 300 or not (enough.is_set() or number == 20_000):
            journal.write(entry(number, f"{worker}.{thread}"))
            number += 1
        written[3 * worker + thread] = number

    threads = [threading.Thread(target=write, args=(thread,)) for thread in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not journal.dropped


def test_processes_and_threads_lose_no_line_while_the_file_is_renamed(tmp_path: Path) -> None:
    path, written, enough = tmp_path / "journal.jsonl", FORK.Array("i", 12), FORK.Event()
    workers = [FORK.Process(target=writes_with_threads, args=(str(path), each, written, enough)) for each in range(4)]
    for worker in workers:
        worker.start()
    renamed, until = 0, time.monotonic() + 120
    while any(worker.is_alive() for worker in workers) and time.monotonic() < until:
        if path.exists():
            path.rename(tmp_path / f"journal.jsonl.{renamed}")
            renamed += 1
        if renamed == 5:
            enough.set()
        time.sleep(0.005)
    for worker in workers:
        worker.join(1)
        worker.kill()
        worker.join(20)
    lines = [json.loads(line) for file in tmp_path.iterdir() for line in file.read_bytes().splitlines()]

    assert [worker.exitcode for worker in workers] == [0, 0, 0, 0]
    assert renamed >= 5
    assert sorted((line["node"], line["ms"]) for line in lines) == [
        (f"{each // 3}.{each % 3}", number) for each in range(12) for number in range(written[each])
    ]


def test_a_file_cut_back_by_copytruncate_is_written_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    sink = FileSink(str(path))
    sink.write(entry(1))
    os.truncate(path, 0)
    sink.write(entry(2))

    assert path.read_text() == entry(2).line() + "\n"


def test_a_file_that_was_removed_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    sink = FileSink(str(path))
    sink.write(entry(1))
    path.unlink()
    sink.write(entry(2))

    assert path.read_text() == entry(2).line() + "\n"


def test_a_file_is_made_with_its_folder_for_its_owner_and_group(tmp_path: Path) -> None:
    before = os.umask(0o022)
    FileSink(str(tmp_path / "deep" / "{day}.jsonl")).write(entry())
    os.umask(before)
    path = tmp_path / "deep" / "2021-03-15.jsonl"

    assert path.read_text() == entry().line() + "\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_nothing_is_opened_before_the_first_entry(tmp_path: Path) -> None:
    Journal([FileSink(str(tmp_path / "journal.jsonl"))])

    assert list(tmp_path.iterdir()) == []


def test_a_process_forked_while_a_line_is_being_written_is_not_stuck(tmp_path: Path) -> None:
    sink = FileSink(str(tmp_path / "journal.jsonl"))
    sink.write(entry(1))
    with sink._appenders[os.getpid()]._lock:
        exitcode = in_a_child(lambda: sink.write(entry(2)))
    sink.write(entry(3))

    assert exitcode == 0
    assert [each.ms for each in newest([tmp_path / "journal.jsonl"])] == [3, 2, 1]


def test_a_descriptor_that_somebody_else_reused_is_not_written_to(tmp_path: Path) -> None:
    path, other = tmp_path / "journal.jsonl", tmp_path / "other"
    sink = FileSink(str(path))
    sink.write(entry(1))
    held = sink._appenders[os.getpid()]._file
    with other.open("wb") as stranger:
        assert held is not None
        os.dup2(stranger.fileno(), held.descriptor)
        sink.write(entry(2))

    assert other.read_bytes() == b""
    assert [each.ms for each in newest([path])] == [2, 1]


def test_a_line_torn_by_a_disk_that_fills_up_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    size = len(entry().line()) + 1

    def work() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        journal = Journal([FileSink(str(path))])
        journal.write(entry(1))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, resource.RLIM_INFINITY))
        journal.write(entry(2))
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        journal._silent_until.clear()
        journal.write(entry(3))
        assert journal.dropped == {"FileSink": 1}

    assert in_a_child(work) == 0
    assert path.read_text().splitlines() == [entry(1).line(), entry(2).line()[:20], entry(3).line()]


def test_a_line_torn_by_a_disk_that_stays_full_spoils_none_that_follows(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    size = len(entry().line()) + 1

    def work() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        sink = FileSink(str(path))
        sink.write(entry(1))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, resource.RLIM_INFINITY))
        for number in (2, 3, 4):
            with pytest.raises(OSError, match=r"only a part|too large"):
                sink.write(entry(number))
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        sink.write(entry(5))

    assert in_a_child(work) == 0
    assert path.read_text().splitlines() == [entry(1).line(), entry(2).line()[:20], entry(5).line()]


def test_a_disk_that_recovers_is_tried_again_after_five_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    folder = tmp_path / "gone"
    folder.write_text("a file where the folder should be")
    journal = Journal([FileSink(str(folder / "journal.jsonl"))])
    journal.write(entry(1))
    folder.unlink()
    clock.now += 4.9
    journal.write(entry(2))
    clock.now += 0.2
    journal.write(entry(3))

    assert [each.ms for each in newest([folder / "journal.jsonl"])] == [3]
    assert journal.dropped == {"FileSink": 2}
    assert re.fullmatch(
        r"aiguilleur: the journal cannot be written \(FileSink, 1 lost so far\): .*\n", capsys.readouterr().err
    )


def test_a_full_disk_is_complained_of_once_a_minute(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    journal = Journal([FileSink("/dev/full")])
    for second in range(121):
        clock.now = float(second)
        journal.write(entry(second))
    full = "No space left on device"

    assert journal.dropped == {"FileSink": 121}
    assert capsys.readouterr().err == "".join(
        f"aiguilleur: the journal cannot be written (FileSink, {lost} lost so far): [Errno 28] {full}\n"
        for lost in (1, 61, 121)
    )


class Broken:
    def write(self, _entry: JournalEntry) -> None:
        raise KeyError("a bug of somebody else's")


def test_a_broken_sink_breaks_neither_the_visit_nor_the_others(tmp_path: Path) -> None:
    journal = Journal([Broken(), FileSink(str(tmp_path / "a")), Broken(), FileSink(str(tmp_path / "b"))])
    journal.write(entry(1))
    journal.write(entry(2))

    assert journal.dropped == {"Broken": 2, "Broken-2": 2}
    assert [each.ms for name in "ab" for each in newest([tmp_path / name])] == [2, 1, 2, 1]


@pytest.mark.parametrize("lost", ["stdout", "stderr"])
def test_a_standard_stream_that_is_closed_breaks_nothing(monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, lost, closed)
    journal = Journal([StdoutSink(), FileSink("/dev/full")])
    journal.write(entry())

    assert journal.dropped == ({"StdoutSink": 1, "FileSink": 1} if lost == "stdout" else {"FileSink": 1})


def test_an_arrow_that_a_terminal_cannot_show_costs_no_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    StdoutSink().write(JournalEntry(AT, "KOVATI", Event.DECIDED, source="educonnect", rule="only"))

    assert b" ? educonnect (only) " in written.getvalue()


@pytest.mark.parametrize(
    ("event", "source", "outcome", "problems", "said"),
    [
        (Event.SOURCE, "educonnect", "dead", (), " educonnect dead [source] 0 ms"),
        (Event.CONFIG, "", "refused", ("config/rules.yaml:14:21",), " refused [config] config/rules.yaml:14:21 0 ms"),
    ],
)
def test_a_change_of_a_source_or_of_the_configuration_says_to_what(
    capsys: pytest.CaptureFixture[str], event: Event, source: str, outcome: str, problems: tuple[str, ...], said: str
) -> None:
    StdoutSink().write(JournalEntry(AT, "KOVATI", event, source=source, outcome=outcome, problems=problems))

    assert said in capsys.readouterr().out


def test_json_goes_to_standard_output_as_it_goes_to_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    StdoutSink("json").write(entry())

    assert capsys.readouterr().out == entry().line() + "\n"


def test_a_standard_output_that_nobody_reads_costs_entries_and_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    with open(writer, "w", encoding="utf-8") as full:  # noqa: PTH123 (a descriptor)
        monkeypatch.setattr(sys, "stdout", full)
        journal = Journal([StdoutSink("json")])
        while not journal.dropped:
            journal.write(entry())
        os.read(reader, 65536)
        journal.write(entry())
        monkeypatch.undo()
    os.close(reader)

    assert journal.dropped == {"StdoutSink": 1}
