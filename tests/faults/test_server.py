from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from aiguilleur.core.model import Reason
from aiguilleur.probes.client import Client
from aiguilleur.probes.exchange import Answer
from aiguilleur.sandbox.faults import WITH_TLS, Authority, Fault, FaultServer, says
from tests.faults.felt import SEEN, asked, felt, patience
from tests.waiting import LATE, await_that


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def server(request: pytest.FixtureRequest, authority: Authority) -> Iterator[FaultServer]:
    """One that can do everything, with a second server for what it redirects to."""
    tls = authority.faults("127.0.0.1") if request.param else None
    with FaultServer(elsewhere="https://ailleurs.test/", tls=tls) as running:
        yield running


def threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("fault-")]


def test_every_fault_is_felt_as_what_it_is_and_the_next_moment_all_is_well(
    server: FaultServer, authority: Authority
) -> None:
    client = Client(ca_file=str(authority.path))
    able = [fault for fault in Fault if server.url.startswith("https") or fault not in WITH_TLS]
    told: dict[Fault, Reason | None] = {}
    for fault in able:
        server.set(fault)
        told[fault] = felt(client, server.url, patience(fault))
        server.set(Fault.WELL)
        assert felt(client, server.url) is None, f"after {fault}"

    assert told == {fault: SEEN[fault] for fault in able}


def test_nothing_of_it_is_left_once_it_is_closed(authority: Authority) -> None:
    client = Client(ca_file=str(authority.path))
    for fault in (Fault.WELL, Fault.SILENT, Fault.HUGE, Fault.SLOW_HEADERS, Fault.TLS_DRIP, Fault.SWALLOWED):
        with FaultServer(tls=authority.faults("127.0.0.1")) as server:
            server.set(fault)
            felt(client, server.url, patience(fault))

        await_that(lambda: threads() == [])
        with socket.socket() as sock:
            assert sock.connect_ex(("127.0.0.1", server.port)) != 0


def test_a_switch_ends_what_stalls_and_closes_what_is_kept() -> None:
    with FaultServer() as server, socket.create_connection(("127.0.0.1", server.port)) as stuck:
        stuck.settimeout(LATE)
        kept = Client()
        assert felt(kept, server.url) is None
        server.set(Fault.SILENT)
        with socket.create_connection(("127.0.0.1", server.port)) as waiting:
            waiting.settimeout(LATE)
            waiting.sendall(b"GET / HTTP/1.1\r\n\r\n")
            await_that(lambda: len(server.heard) == 2)
            server.set(Fault.ERROR_500)
            # The first one asked nothing, the second one asked while it was silent.
            assert stuck.recv(100) == waiting.recv(100) == b""
        assert felt(kept, server.url) is Reason.STATUS


def test_it_answers_by_what_is_asked_and_keeps_what_it_heard() -> None:
    with FaultServer(respond=lambda head: says("200 OK", b"in" if "sid=" in head else b"out")) as server:
        answer = asked(Client(), server.url)

    assert isinstance(answer, Answer)
    assert answer.body == b"in"
    assert server.sent("Cookie") == ["sid=canary"]


def test_it_listens_on_ipv6_too() -> None:
    with FaultServer(host="::1") as server:
        assert felt(Client(), server.url) is None


@pytest.mark.parametrize("fault", [Fault.TLS_OLD, Fault.REDIRECT_ELSEWHERE])
def test_what_a_server_cannot_do_is_refused(fault: Fault) -> None:
    with FaultServer() as server, pytest.raises(ValueError, match="needs"):
        server.set(fault)
