"""The journal of eight workers at full load, while its files are renamed under them: every line whole, none lost."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aiguilleur.journal import Event, FileSink, Journal, JournalEntry, newest, paths_in
from tests.waiting import LATE, waited

AT = datetime(2021, 3, 15, 23, 59, 59, 318000, UTC)
FORK = multiprocessing.get_context("fork")
WORKERS, THREADS = 8, 4


@dataclass(frozen=True)
class Load:
    """What each thread of each worker writes: so many lines, the later half of them on the next day if the clock turns."""

    lines: int
    turns: bool = False
    max_bytes: int = 0
    renamed: bool = False

    def entry(self, writer: str, number: int) -> JournalEntry:
        later = timedelta(seconds=1) if self.turns and number >= self.lines // 2 else timedelta(0)
        return JournalEntry(AT + later, "KOVATI", Event.DECIDED, ms=number, node=writer, rule="r" * 60)

    def write(self, sink: FileSink, worker: int) -> None:
        journal = Journal([sink])

        def write(thread: int) -> None:
            for number in range(self.lines):
                journal.write(self.entry(f"{worker}.{thread}", number))

        threads = [threading.Thread(target=write, args=(thread,)) for thread in range(THREADS)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        os._exit(bool(journal.dropped))


@contextmanager
def renaming(folder: Path, wanted: bool) -> Iterator[list[int]]:
    """A rotator outside the service, which renames what it finds every few milliseconds."""
    over = threading.Event()
    renamed: list[int] = []

    def rename() -> None:
        while wanted and not over.wait(0.005):
            for path in folder.glob("*.jsonl"):
                path.rename(f"{path}-{len(renamed)}")
                renamed.append(1)

    thread = threading.Thread(target=rename)
    thread.start()
    yield renamed
    over.set()
    thread.join()


def hammer(folder: Path, load: Load) -> int:
    """Write with every worker at once; how many files there are then, after each line was found whole, and once."""
    sink = FileSink(str(folder / "{day}.jsonl"), max_bytes=load.max_bytes, keep=1000)
    with renaming(folder, load.renamed) as renamed:
        workers = [FORK.Process(target=load.write, args=(sink, worker)) for worker in range(WORKERS)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(300)
    assert [worker.exitcode for worker in workers] == [0] * WORKERS
    assert bool(renamed) is load.renamed
    files = list(folder.iterdir())
    found = Counter(
        (row["node"], row["ms"]) for path in files for row in map(json.loads, path.read_bytes().splitlines())
    )
    assert found == Counter(
        (f"{worker}.{thread}", number)
        for worker in range(WORKERS)
        for thread in range(THREADS)
        for number in range(load.lines)
    )
    if load.turns:
        assert {path.name[:10] for path in files} == {"2021-03-15", "2021-03-16"}
    return len(files)


@pytest.mark.parametrize(
    ("load", "files"),
    [
        (Load(150, max_bytes=20_000), 4),
        (Load(150, renamed=True, turns=True), 3),
        (Load(150, max_bytes=20_000, turns=True), 4),
    ],
    ids=["size", "another program and midnight", "size and midnight"],
)
def test_eight_workers_lose_and_tear_no_line_while_files_are_changed_by(tmp_path: Path, load: Load, files: int) -> None:
    assert hammer(tmp_path, load) >= files


@pytest.mark.prove
@pytest.mark.parametrize(
    "load",
    [Load(10_000, max_bytes=500_000, turns=True), Load(10_000, renamed=True, turns=True)],
    ids=["size and midnight", "another program and midnight"],
)
def test_eight_workers_lose_and_tear_none_of_320000_lines(tmp_path: Path, load: Load) -> None:
    assert hammer(tmp_path, load) > 20


def entry(number: int) -> JournalEntry:
    return JournalEntry(AT, "KOVATI", Event.DECIDED, ms=number)


def test_the_files_that_are_kept_are_the_newest_and_are_read_in_order(tmp_path: Path) -> None:
    sink = FileSink(str(tmp_path / "journal.jsonl"), max_bytes=10_000, keep=3)
    for number in range(1000):
        sink.write(entry(number))
    # Some kernels tell time in steps in which more than one file is filled.
    for path in tmp_path.iterdir():
        os.utime(path, times=(1_616_000_000,) * 2)
    paths = paths_in([sink])

    assert [path.name for path in paths] == ["journal.jsonl", *(f"journal.jsonl.{number}" for number in (1, 2, 3))]
    read = [each.ms for each in newest(paths)]
    assert read == list(range(999, 999 - len(read), -1))
    assert all(9_000 < path.stat().st_size <= 10_000 for path in paths[1:])


def test_a_file_that_cannot_be_renamed_grows_on_and_it_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "journal.jsonl.1").mkdir()
    (tmp_path / "journal.jsonl.1" / "something").touch()
    sink = FileSink(str(tmp_path / "journal.jsonl"), max_bytes=10_000, keep=1)
    journal = Journal([sink])
    for number in range(200):
        journal.write(entry(number))

    assert not journal.dropped
    assert [each.ms for each in newest([tmp_path / "journal.jsonl"])] == list(range(199, -1, -1))
    [record] = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert "is full and cannot be renamed" in record.getMessage()


@pytest.mark.parametrize(("settings", "said"), [({"max_bytes": 9}, "max_bytes"), ({"keep": 0}, "keep")])
def test_sizes_that_make_no_sense_are_refused(settings: dict[str, int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        FileSink("journal.jsonl", **settings)


def test_a_named_pipe_costs_entries_and_no_time_while_nobody_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    journal = Journal([FileSink(str(path))])
    began = time.monotonic()
    journal.write(entry(1))

    assert waited(began) < LATE
    assert journal.dropped == {"FileSink": 1}


def test_a_named_pipe_whose_reader_has_stopped_takes_lines_again_once_it_reads(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    journal = Journal([FileSink(str(path))])
    number = 0
    while not journal.dropped:
        journal.write(entry(number := number + 1))
    while len(os.read(reader, 65536)) == 65536:
        pass
    journal.write(entry(0))

    assert os.read(reader, 65536) == f"{entry(0).line()}\n".encode()
    assert journal.dropped == {"FileSink": 1}
    os.close(reader)
