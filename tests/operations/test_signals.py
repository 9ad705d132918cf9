"""What operators do to a server while visits arrive, and what its visitors notice of it."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from aiguilleur.sandbox import free_port
from tests.load import arriving, by_status
from tests.nodes import COOKIES, LINK, SERVICES, Node, click, node
from tests.operations.machine import Machine, decided, exchange, get, lines_of, machine, proxied
from tests.operations.supervisor import supervised
from tests.waiting import LONG, await_that
from tests.wire import says, serving

pytestmark = pytest.mark.nginx

VISITS = [click("aten"), click(path=f"{LINK}?source=educonnect"), click()]


def rotated(journal: Path, number: int) -> Path:
    return journal.rename(journal.with_suffix(f".{number}"))


@contextmanager
def unnoticed(whole: Machine) -> Iterator[list[Path]]:
    """While the block lasts visits arrive, and each is answered and written; the block says where journals went."""
    journals = [whole.node.journal]
    with arriving(whole.port, VISITS, (120, 30)) as load:
        await_that(lambda: bool(load.so_far()))
        yield journals
        enough = len(load.so_far()) + 20
        await_that(lambda: len(load.so_far()) > enough)
        rows = load.so_far()
    assert set(by_status(rows)) == {303, 200}
    assert Counter(row.code for row in rows) - decided(lines_of(*journals)) == Counter()


def every_process(node: Node) -> set[int]:
    """The server's processes, whichever of them is the master."""
    group = os.getpgid(node.process.pid)
    found = set()
    for each in Path("/proc").iterdir():
        with suppress(OSError, ValueError, IndexError):
            # The first argument is the interpreter: a supervisor names the server further on.
            is_server = (each / "cmdline").read_text().split("\0")[1].endswith("/gunicorn")
            if is_server and os.getpgid(int(each.name)) == group:
                found.add(int(each.name))
    return found


def parent(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def parents(processes: set[int]) -> set[int]:
    return {parent(each) for each in processes} & processes


def test_rotation_by_renaming_loses_no_line_and_needs_no_signal(tmp_path: Path) -> None:
    with machine(tmp_path) as whole, unnoticed(whole) as journals:
        for number in range(5):
            await_that(lambda: whole.node.journal.exists() and lines_of(whole.node.journal))
            journals.append(rotated(whole.node.journal, number))

    assert len([path for path in journals if lines_of(path)]) > 4


def test_hup_replaces_all_workers_and_nobody_notices(tmp_path: Path) -> None:
    with machine(tmp_path, workers=2) as whole:
        before = set(whole.node.workers())
        with unnoticed(whole):
            os.kill(whole.node.process.pid, signal.SIGHUP)
            await_that(lambda: len(whole.node.workers()) == 2 and not before & set(whole.node.workers()))


def test_a_binary_upgrade_replaces_the_master_and_nobody_notices(tmp_path: Path) -> None:
    with machine(tmp_path, workers=2) as whole:
        old = whole.node.process.pid
        with unnoticed(whole):
            os.kill(old, signal.SIGUSR2)
            # Two masters with two workers each. WINCH does nothing to a server that runs in the foreground.
            await_that(lambda: len(every_process(whole.node)) == 6)
            [new] = parents(every_process(whole.node)) - {old}
            await_that(lambda: parent(int(str(whole.node.ready()["worker"]))) == new)
            os.kill(old, signal.SIGTERM)
            await_that(lambda: len(every_process(whole.node) - {old}) == 3)
        assert exchange(whole.port, get(LINK)).startswith(b"HTTP/1.1 200 ")
        assert parents(every_process(whole.node) - {old}) == {new}


def test_term_lets_a_visit_in_flight_arrive_first(tmp_path: Path) -> None:
    asked = threading.Event()

    def slow(connection: socket.socket, over: threading.Event) -> None:
        asked.set()
        over.wait(0.8)
        says("200 OK", b"in session")(connection, over)

    answers: list[bytes] = []
    with (
        serving(slow) as aten,
        node(tmp_path, {"aten": aten.port, "educonnect": 1}, budget_ms=5000) as behind,
        proxied(behind) as whole,
    ):
        sent = get(LINK, f"Cookie: {COOKIES['aten']}=s")
        visit = threading.Thread(target=lambda: answers.append(exchange(whole.port, sent)))
        visit.start()
        assert asked.wait(LONG)
        os.kill(behind.process.pid, signal.SIGTERM)
        visit.join()

    assert f"\r\nLocation: {SERVICES['aten']}\r\n".encode() in answers[0]


@pytest.mark.parametrize("most", [pytest.param(2, marks=pytest.mark.prove), LONG])
def test_a_master_that_is_killed_is_back_within_two_seconds_and_until_then_there_is_a_page(
    tmp_path: Path, most: float
) -> None:
    port = free_port()
    with supervised(tmp_path, port) as behind, proxied(behind) as whole:
        [master] = parents(every_process(behind))
        with arriving(whole.port, [click(path=f"{LINK}?source=educonnect")], (120, 50)) as load:
            await_that(lambda: bool(load.so_far()))
            os.kill(master, signal.SIGKILL)
            await_that(lambda: any(not row.code for row in load.so_far()))
            await_that(lambda: load.so_far()[-1].status == 303)
            enough = len(load.so_far()) + 20
            await_that(lambda: len(load.so_far()) > enough)
            rows = load.so_far()
        assert master not in every_process(behind)

    assert set(by_status(rows)) == {200, 303}
    # The page of nginx has no code.
    paged = [row for row in rows if not row.code]
    assert rows[-1].status == 303
    assert paged[-1].at - paged[0].at < most
