"""A browser that is sent to a source by one node and comes back to another, and the canaries that go before it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.nodes import LINK, SERVICES, Node
from tests.several.fleet import Fleet, asked, fleet
from tests.waiting import LATE, LONG, await_that
from tests.wire import Answer, Wire, says

pytestmark = [pytest.mark.redis, pytest.mark.haproxy]

_PROBES = """    probes:
      - id: educonnect-cas
        kind: cas_passive
        url: http://cas.localhost:{port}/login
        connect: 127.0.0.1
"""


def service_url(request: str) -> str:
    [url] = parse_qs(urlsplit(request.split()[1]).query)["service"]
    return url


def knows_nobody(request: str) -> Answer:
    return says("302 Found", Location=service_url(request))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A fleet whose EduConnect is a CAS that is asked through the browser."""
    with Wire(respond=knows_nobody) as cas:

        def prepare(folder: Path) -> None:
            written = folder / "config" / "sources.yaml"
            before, source, after = written.read_text(encoding="utf-8").partition("  - id: educonnect\n")
            kept = after[: after.index("    probes:")]
            written.write_text(before + source + kept + _PROBES.format(port=cas.port), encoding="utf-8")

        with fleet(tmp_path_factory.mktemp("fleet"), prepare=prepare) as running:
            await_that(lambda: answers(running) == {303})
            yield running


def answers(whole: Fleet) -> set[int]:
    """Whether each node sends browsers to EduConnect (303), or shows them the mire (200)."""
    return {asked(node.port, LINK, navigates=False).status for node in whole.nodes.values()}


def canary(node: Node) -> str:
    return str(node.ready()["probes"]["educonnect-cas"]["canary"])  # type: ignore[index]


def board(node: Node, question: str) -> list[tuple[float | None, ...]]:
    """What the board of a node holds."""
    path = node.folder / "var" / "canaries.sqlite3"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute(question).fetchall()


def test_a_trip_that_ends_at_another_node_goes_on_there_and_has_come_back_where_it_began(whole: Fleet) -> None:
    first, second, third = whole.nodes.values()
    leaves = asked(first.port, LINK)
    cookie = "; ".join(each.partition(";")[0] for each in leaves.headers.get_all("Set-Cookie") or [])
    back = urlsplit(service_url(f"GET {leaves.headers['Location']}"))
    returns = asked(second.port, f"{back.path}?{back.query}&ticket=ST-1", cookie)

    assert (leaves.status, returns.status) == (303, 303)
    assert returns.headers["Location"] == SERVICES["educonnect"]
    assert returns.headers["Aiguilleur-Code"] == leaves.headers["Aiguilleur-Code"]
    trips = "SELECT back - left FROM trips WHERE back IS NOT NULL AND left > 0"
    await_that(lambda: board(first, trips))
    [(away,)] = board(first, trips)
    assert away is not None
    # To within the time that a look takes.
    assert -LATE < away < LONG
    assert board(third, trips) == []


def test_what_one_node_saw_last_counts_on_all(whole: Fleet) -> None:
    """Each has flown once for itself; the latest of these flights is on each board, at the same time."""

    def seen() -> list[float]:
        return [at or 0.0 for node in whole.nodes.values() for (at,) in board(node, "SELECT at FROM flights")]

    await_that(lambda: len(seen()) == 3 and max(seen()) - min(seen()) < 0.05)


def test_a_probe_that_one_node_leaves_alone_rests_on_all(whole: Fleet) -> None:
    first, *others = whole.nodes.values()
    with closing(sqlite3.connect(first.folder / "var" / "canaries.sqlite3")) as database:
        [[name]] = database.execute("SELECT probe FROM flights").fetchall()
        database.execute("INSERT INTO rests VALUES (?, unixepoch() + 12)", (name,))
        database.commit()

    await_that(lambda: [canary(node) for node in others] == ["few-back"] * 2)
    await_that(lambda: answers(whole) == {200})
    await_that(lambda: answers(whole) == {303})
