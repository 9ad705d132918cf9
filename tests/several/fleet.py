"""Three nodes, HAProxy with the shipped file in front of them, a store between them, and the sources that they ask."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlencode

from aiguilleur.sandbox import free_port
from aiguilleur.sandbox.faults import FaultServer, says
from tests.certificate import write_certificate
from tests.load import Row, Visit, by_status, percentile
from tests.nodes import HOST, SERVICES, Node, click, node, write_node
from tests.operations.machine import EXAMPLES, assert_written
from tests.servers.process import Process, running
from tests.servers.redis import Way, redis_server
from tests.waiting import LATE, await_that

NAMES = ("ts1", "ts2", "ts3")
#: What a visit may wait for its sources, in seconds.
BUDGET = 1.2
#: How many visits arrive in the tests of every day, and for how many seconds: a slow machine answers so many at once.
CALM = (5, 20)
#: Who has waited this long for a thread is shown the mire: the machine does other things.
_HAS_WAITED = 0.25


@dataclass
class Fleet:
    """The whole; `port` is where HAProxy takes plain requests."""

    folder: Path
    port: int
    nodes: dict[str, Node]
    store: Process
    #: To the store, for a fleet that goes through it.
    way: Way
    aten: FaultServer
    _stack: ExitStack
    _start: Callable[[str], Node]

    def kill(self, name: str) -> None:
        """The node is gone from one moment to the next, its master and its workers."""
        os.killpg(self.nodes[name].process.pid, signal.SIGKILL)

    def revive(self, name: str) -> None:
        """It runs again, at the same place."""
        self.nodes[name] = self._start(name)

    def revive_store(self) -> None:
        """A store that was stopped runs again, and has lost everything."""
        self.store = self._stack.enter_context(redis_server(self.folder / "redis", port=self.store.port))

    def shared(self) -> list[tuple[str, str | None]]:
        """How the store stands for each node, as `/readyz` tells."""
        told = [each.ready()["shared"] for each in self.nodes.values()]
        return [(each["state"], each["reason"]) for each in told]  # type: ignore[index]

    def store_errors(self) -> list[int]:
        """How often each node has found the store slow or gone."""
        return [int(each.ready()["shared"]["errors"]) for each in self.nodes.values()]  # type: ignore[index]

    def breaker(self, name: str) -> str:
        """How a node holds ATEN to be."""
        return str(self.nodes[name].ready()["probes"]["aten-status"]["breaker"])  # type: ignore[index]


@contextmanager
def fleet(
    folder: Path,
    *,
    workers: int = 1,
    through: bool = False,
    more: str = "",
    prepare: Callable[[Path], None] = lambda _: None,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Fleet]:
    """A fleet that is well; ATEN knows every visitor that brings its cookie, EduConnect nobody.

    With `through` the nodes reach the store by a way that can be sick. `more` are further lines of the site of each
    node, whose folder `prepare` may change before it starts.
    """
    with ExitStack() as stack:
        store = stack.enter_context(redis_server(folder / "redis"))
        way = stack.enter_context(Way(store.port))
        aten = stack.enter_context(FaultServer(respond=lambda _: says("200 OK", b"in session")))
        educonnect = stack.enter_context(FaultServer(respond=lambda _: says("403 Forbidden")))
        sources = {"aten": aten.port, "educonnect": educonnect.port}
        place = way.port if through else store.port
        shared = f'shared: {{url: "redis://127.0.0.1:{place}/0"}}\n{more}'
        ports = {name: free_port() for name in NAMES}
        for name in NAMES:
            write_node(folder / name, sources, name=name, more=shared)
            prepare(folder / name)

        def start(name: str) -> Node:
            return stack.enter_context(
                node(folder / name, sources, workers=workers, port=ports[name], environment=environment)
            )

        with ThreadPoolExecutor(len(NAMES)) as pool:
            nodes = dict(zip(NAMES, pool.map(start, NAMES), strict=True))
        port = free_port()
        configuration = write_haproxy(folder, ports, port, free_port())
        stack.enter_context(running(("haproxy", "-db", "-f", str(configuration)), port, folder / "haproxy.log"))
        whole = Fleet(folder, port, nodes, store, way, aten, stack, start)
        await_that(lambda: set(whole.shared()) == {("ok", None)})
        yield whole
        for each in whole.nodes.values():
            # All together, before each is waited for.
            each.process.end()


def write_haproxy(folder: Path, nodes: Mapping[str, int], port: int, tls: int) -> Path:
    """The shipped file, with the hosts, folders and ports of a test."""
    certificate = write_certificate(folder / "certificate.pem")
    text = (EXAMPLES / "haproxy.cfg").read_text(encoding="utf-8")
    for shipped, ours in {
        "    user haproxy\n    group haproxy\n": "",
        "log /dev/log local0": "log stdout format raw local0",
        "/run/haproxy/admin.sock": str(folder / "haproxy.sock"),
        "bind :80\n": f"bind 127.0.0.1:{free_port()}\n",
        "bind :443 ssl": f"bind 127.0.0.1:{port}\n    bind 127.0.0.1:{tls} ssl",
        "/etc/ssl/aiguilleur.pem": str(certificate),
        "ACTSESSION": "EDUSESSION",
        "aiguilleur.ac-besancon.fr": HOST,
        "/usr/local/share/aiguilleur": str(EXAMPLES),
        **{f"192.0.2.{number}:8000": f"127.0.0.1:{nodes[name]}" for number, name in enumerate(NAMES, start=11)},
    }.items():
        assert shipped in text, shipped
        text = text.replace(shipped, ours)
    written = folder / "haproxy.cfg"
    written.write_text(text, encoding="utf-8")
    return written


def logged(folder: Path) -> list[dict[str, object]]:
    """What HAProxy has written of each request."""
    lines = (folder / "haproxy.log").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def visits() -> list[Visit]:
    """With a session at a source that is asked, without one, and without a cookie of any."""
    return [click("aten"), click("educonnect"), click()]


def assert_whole(rows: list[Row], late: float = LATE) -> None:
    """Each of these visits was answered in time, or so late at most, and sent nowhere but where the rules send it."""
    assert [row for row in rows if row.error] == []
    assert set(by_status(rows)) <= {200, 303}
    assert {row.location for row in rows if row.status == 303} == {SERVICES["aten"]}
    assert {row.visit for row in rows if row.status == 303} == {0}
    assert percentile(rows, 1) < BUDGET + late


def assert_answered(rows: list[Row]) -> None:
    """That, and each who has a session was sent to its source."""
    assert_whole(rows)
    assert_sent(row for row in rows if row.visit == 0)


def assert_sent(rows: Iterable[Row]) -> None:
    """These visitors, each of whom has a session, were sent to their source, but for those whom the machine held up."""
    swift = [row for row in rows if row.seconds < _HAS_WAITED]
    assert sum(row.status == 303 for row in swift) >= max(1, 0.9 * len(swift))


def assert_written_once(whole: Fleet, rows: list[Row]) -> None:
    """These visits, which are all that there were, are in the journals, twice at most where they were asked again."""
    again = sum(int(str(line["retries"])) for line in logged(whole.folder))
    assert_written(rows, [each.journal for each in whole.nodes.values()], again)


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer."""

    status: int
    headers: Message
    text: str


def asked(
    port: int, path: str, cookie: str = "", form: Mapping[str, str] | None = None, *, navigates: bool = True
) -> Heard:
    """What a browser that goes there is answered, or that sends a form; no redirect is followed.

    Who does not say that it navigates counts as no browser, and is not missed where it is sent.
    """
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    with closing(connection):
        sent = {
            "Host": HOST,
            "Sec-Fetch-Dest": "document",
            **({"Sec-Fetch-Mode": "navigate"} if navigates else {}),
            **({"Cookie": cookie} if cookie else {}),
        }
        if form is None:
            connection.request("GET", path, headers=sent)
        else:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request("POST", path, urlencode(form), sent)
        answer = connection.getresponse()
        return Heard(answer.status, answer.headers, answer.read().decode("utf-8"))
