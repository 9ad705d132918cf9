"""What one node has learnt or begun, the others know or go on with; and one that dies is missed by nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path

import pytest

from aiguilleur.probes.shared import Store
from aiguilleur.sandbox.faults import Fault
from tests.load import arriving
from tests.nodes import ETAB, LINK, SERVICES, Node
from tests.operations.machine import HALF, get, held_open, lines_of
from tests.servers.redis import patient, store_at, tended
from tests.several.fleet import CALM, Fleet, asked, assert_answered, assert_written_once, fleet, visits
from tests.waiting import await_that, undisturbed
from tests.web.asker import fields

pytestmark = [pytest.mark.redis, pytest.mark.haproxy]

_visitors = count()


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A fleet in which no test leaves anything broken."""
    with fleet(tmp_path_factory.mktemp("fleet")) as whole:
        yield whole


def visited(node: Node, visitor: object = None) -> str:
    """Where a node sends a visitor with a session at ATEN, another one each time; empty for the mire."""
    name = next(_visitors) if visitor is None else visitor
    return asked(node.port, LINK, f"CTSESSION=canary-aten-alone-{name}").headers.get("Location", "")


def changes(well: Fleet) -> Counter[str]:
    """How often each thing became of a source, as all nodes tell."""
    lines = lines_of(*(node.journal for node in well.nodes.values() if node.journal.exists()))
    return Counter(str(line["outcome"]) for line in lines if line["event"] == "source")


def results(store: Store) -> set[bytes]:
    """By which names the store knows what sources said."""
    [names] = store.exchange(("KEYS", "*:r:*")) or [[]]
    assert isinstance(names, list)
    return set(names)


def test_a_source_that_one_node_finds_dead_all_leave_alone_and_one_of_all_tries_it(well: Fleet) -> None:
    # Where the store has not been heard for a while, each node tries it for itself.
    undisturbed(lambda: leave_alone(well))


def leave_alone(well: Fleet) -> None:
    first, *others = well.nodes.values()
    well.aten.set(Fault.WELL)
    await_that(lambda: [well.breaker(name) for name in well.nodes] == ["closed"] * 3)
    before = changes(well)
    well.aten.set(Fault.ERROR_500)
    for _ in range(3):
        assert visited(first) == ""
    await_that(lambda: [well.breaker(name) for name in well.nodes] == ["open"] * 3)
    heard = len(well.aten.heard)
    assert [visited(node) for node in others] == ["", ""]
    # By now it may be time for the one trial.
    assert len(well.aten.heard) <= heard + 1

    well.aten.set(Fault.WELL)
    await_that(lambda: "" not in [visited(node) for node in well.nodes.values()])
    await_that(lambda: [well.breaker(name) for name in well.nodes] == ["closed"] * 3)

    assert changes(well) - before == Counter({"open": 1, "closed": 1})
    assert {visited(node) for node in well.nodes.values()} == {SERVICES["aten"]}


def test_what_a_source_said_to_one_node_of_a_browser_no_other_asks_again(
    well: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient(monkeypatch)
    with closing(tended(store_at(well.store.port))) as store:
        for _ in range(5):
            await_that(lambda: set(well.shared()) == {("ok", None)})
            before = well.store_errors()
            told = told_by_first(well, store)
            if well.store_errors() == before:
                break

    assert told == ([SERVICES["aten"]] * 3, 1)


def told_by_first(well: Fleet, store: Store) -> tuple[list[str], int]:
    """Where the nodes send one browser, and how often its source was asked."""
    first, *others = well.nodes.values()
    heard, kept, errors, visitor = len(well.aten.heard), results(store), well.store_errors(), f"same-{next(_visitors)}"
    places = [visited(first, visitor)]
    # It is told to the store behind the visit's back; a store that a node finds slow, it leaves alone.
    await_that(lambda: results(store) - kept or well.store_errors() != errors)
    places += [visited(node, visitor) for node in others]
    return places, len(well.aten.heard) - heard


def test_a_mire_that_one_node_shows_is_answered_at_another_as_the_same_visit(well: Fleet) -> None:
    first, second, _ = well.nodes.values()
    mire = asked(first.port, f"/mire/{ETAB}?vers=teleservices")
    chosen = asked(second.port, "/choix", form=fields(mire.text) | {"source": "educonnect"})

    assert (mire.status, chosen.status) == (200, 303)
    assert chosen.headers["Location"] == SERVICES["educonnect"]
    assert chosen.headers["Aiguilleur-Code"] == mire.headers["Aiguilleur-Code"]


def test_half_open_clients_and_slow_readers_keep_nobody_waiting(well: Fleet) -> None:
    with ExitStack() as stack:
        # Of each, more than the three nodes have threads.
        held_open(stack, well.port, HALF, 120)
        held_open(stack, well.port, get("/readme.html"), 120)
        with arriving(well.port, visits(), CALM, seed=3) as load:
            rows = load.rows()

    assert_answered(rows)


def test_a_node_that_dies_is_missed_by_no_visitor_and_taken_back_when_it_runs_again(tmp_path: Path) -> None:
    with fleet(tmp_path) as whole:
        with arriving(whole.port, visits(), CALM, seed=3) as load:
            await_that(lambda: len(load.so_far()) > 40)
            whole.kill("ts2")
            before = len(lines_of(whole.nodes["ts2"].journal))
            rows = load.rows()
        assert before > 0
        assert_answered(rows)
        assert_written_once(whole, rows)

        whole.revive("ts2")
        await_that(lambda: (asked(whole.port, LINK), len(lines_of(whole.nodes["ts2"].journal)) > before)[1])
