"""Rows F30, F33 and F35 of `docs/faults.md`: what only a real server in front of the application meets."""

from __future__ import annotations

import os
import resource
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from aiguilleur.sandbox.faults import Fault, FaultServer
from tests.faults.town import is_in_session
from tests.load import arriving, by_status, percentile
from tests.nodes import HOST, LINK, Node, click, node
from tests.waiting import LATE, await_that

COOKIES = "CTSESSION=canary"
#: How many files a shell may give a server to open; the system allows more.
FEW = 64


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with FaultServer(respond=lambda _: is_in_session("aten")) as aten:
        folder = tmp_path_factory.mktemp("node")
        with node(folder, {"aten": aten.port, "educonnect": aten.port}, workers=1) as answering:
            yield answering


def spoken(running: Node, head: str) -> tuple[int, str]:
    """The status and the whole answer to a request that is written as it stands."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as sock:
        sock.sendall(head.replace("\n", "\r\n").encode("latin-1"))
        answer = b""
        while block := sock.recv(65536):
            answer += block
    text = answer.decode()
    return int(text.split()[1]), text


def asking(*lines: str, method: str = "GET", path: str = LINK, version: str = "1.1") -> str:
    return "\n".join((f"{method} {path} HTTP/{version}", f"Host: {HOST}", "Connection: close", *lines, "", ""))


@pytest.mark.parametrize(
    "cookies",
    [
        f"{COOKIES}; pile={'x' * 12_000}",
        f"{COOKIES}; CTSESSION=another",
        f'{COOKIES}; =nameless; ;; a="; b',
        "; ".join((COOKIES, *(f"c{number}=x" for number in range(1000)))),
    ],
    ids=["12 kB", "twice", "nameless", "a thousand"],
)
def test_a_heap_of_cookies_is_no_reason_to_turn_a_family_away(running: Node, cookies: str) -> None:
    status, text = spoken(running, asking(f"Cookie: {cookies}"))

    assert status in (200, 303)
    assert "\r\nAiguilleur-Code: " in text


@pytest.mark.parametrize(
    "lines", [(f"Cookie: {'x' * 20_000}",), tuple(f"X-{n}: 1" for n in range(100))], ids=["20 kB", "a hundred headers"]
)
def test_beyond_that_the_server_refuses_and_the_proxy_has_the_page_that_people_read(
    running: Node, lines: tuple[str, ...]
) -> None:
    status, _ = spoken(running, asking(*lines))

    # The application is not asked; docs/examples/nginx.conf puts a page of its own in the place of these.
    assert status in (400, 431)


def test_a_client_of_another_age_is_answered(running: Node) -> None:
    assert spoken(running, asking(version="1.0"))[0] == 200


def test_bots_and_monitors_bring_no_cookie_so_that_no_source_hears_of_them(running: Node) -> None:
    for agent in ("Googlebot/2.1", "check_http/v2.4 (nagios-plugins)", "curl/8.0", ""):
        assert spoken(running, asking(f"User-Agent: {agent}"))[0] == 200
    probes = running.ready()["probes"]

    assert isinstance(probes, dict)
    assert {name: told["breaker"] for name, told in probes.items()} == dict.fromkeys(probes, "closed")


def test_ten_times_as_many_visits_from_one_second_to_the_next_all_arrive(running: Node) -> None:
    with arriving(running.port, [click("aten"), click("educonnect"), click()], (2, 3), (3, 30)) as load:
        rows = load.rows()

    assert set(by_status(rows)) == {200, 303}
    # Two seconds are promised, and the machine may do other things.
    assert percentile(rows, 0.99) < 2 + LATE


def _short_of_descriptors(running: Node) -> list[int]:
    """Have it start new workers under such a limit, and wait until they alone answer."""
    before = running.workers()
    resource.prlimit(running.process.pid, resource.RLIMIT_NOFILE, (FEW, 512))
    os.kill(running.process.pid, signal.SIGHUP)
    await_that(lambda: running.workers() and not set(running.workers()) & set(before))
    return running.workers()


def test_a_server_that_was_given_few_descriptors_takes_those_it_needs(tmp_path: Path) -> None:
    with FaultServer(respond=lambda _: is_in_session("aten")) as aten:
        aten.set(Fault.SILENT)
        with node(tmp_path, {"aten": aten.port, "educonnect": aten.port}, workers=1, budget_ms=500) as short:
            first = _short_of_descriptors(short)
            with ExitStack() as kept:
                # Browsers that keep their connection, more of them than there are descriptors.
                for _ in range(FEW + 16):
                    sock = kept.enter_context(socket.create_connection(("127.0.0.1", short.port), timeout=20))
                    sock.sendall(
                        asking(path="/healthz").replace("Connection: close\n", "").replace("\n", "\r\n").encode()
                    )
                with arriving(short.port, [click("aten"), click("educonnect"), click()], (3, 30)) as load:
                    rows = load.rows()
            aten.set(Fault.WELL)
            last = short.workers()
            status, _ = spoken(short, asking())

    assert set(by_status(rows)) <= {200, 303}
    # No worker has died of EMFILE.
    assert (status, last) == (200, first)
