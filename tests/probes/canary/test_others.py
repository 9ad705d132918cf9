"""Canaries of several nodes: who flies, whom one believes, and browsers that come back elsewhere."""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass, field

import pytest

from aiguilleur.core.model import Reason, SessionState
from aiguilleur.probes.canary import Board, Canaries, Flight, Seen, Timing
from aiguilleur.probes.canary.board import Trips
from aiguilleur.probes.canary.others import Others
from tests.probes.canary.conftest import BACK, NOW, passive
from tests.probes.shared.fakes import Memory

KEY = "edu 0123456789abcdef"
GOOD, DEAD = Flight(Reason.ANSWER, SessionState.INACTIVE, 3, 42, "here.example"), Flight(Reason.CONNECT)
TIMING = Timing()
#: By how much the clocks of the nodes differ, in seconds.
CLOCKS = {"ts1": 0.0, "ts2": 30.0, "ts3": -30.0}


@dataclass
class Node:
    """One node: what it sees, when it flies, and what its clock says."""

    memory: Memory
    name: str
    sees: Flight = GOOD
    board: Board = field(default_factory=Board)
    flights: list[float] = field(default_factory=list)
    due: float = 0.0

    def __post_init__(self) -> None:
        self.others = Others(self.memory, self.name, TIMING)
        self.random = random.Random(self.name)

    @property
    def clock(self) -> float:
        return 1000.0 + self.memory.now + CLOCKS[self.name]

    def look(self) -> None:
        """As the canaries do once a second."""
        wait = self.others.exchange(self.board, [KEY], self.clock)
        self.due = self.memory.now + wait[KEY] if KEY in wait else self.due
        if self.due <= self.memory.now:
            self.flights.append(self.memory.now)
            self.board.saw(KEY, Seen(self.sees, self.clock))
            proven = self.sees.reason is Reason.ANSWER
            pause = TIMING.every if proven else TIMING.again
            self.due = self.memory.now + pause * self.random.uniform(0.8, 1.0)

    def seen(self) -> Flight | None:
        seen = self.board.seen(KEY)
        return seen.flight if seen and self.clock - seen.at < TIMING.counts else None

    def trips(self) -> Trips:
        return self.board.trips(KEY, since=0, until=self.clock, most=100, within=60)


class World:
    def __init__(self) -> None:
        self.memory = Memory()
        self.nodes = [Node(self.memory, name) for name in CLOCKS]

    def pass_s(self, seconds: int) -> None:
        for _ in range(seconds):
            self.memory.now += 1
            for node in self.nodes:
                node.look()

    def flights(self) -> int:
        return sum(len(node.flights) for node in self.nodes)


@pytest.fixture
def world() -> World:
    return World()


def test_nodes_fly_in_turn_and_each_often_enough_to_know_its_own_way(world: World) -> None:
    world.pass_s(810)
    gaps = [
        later - earlier for node in world.nodes for earlier, later in zip(node.flights, node.flights[1:], strict=False)
    ]

    assert all(node.seen() == GOOD for node in world.nodes)
    assert max(gaps) <= 3 * TIMING.every + 2
    # Each for itself, they would fly a hundred times.
    assert world.flights() < 60


def test_what_dies_is_tried_by_all_as_soon_as_one_knows(world: World) -> None:
    world.pass_s(100)
    for node in world.nodes:
        node.sees = DEAD
    while not any(node.seen() == DEAD for node in world.nodes):
        world.pass_s(1)
    world.pass_s(2)

    assert [node.seen() for node in world.nodes] == [DEAD] * 3


def test_what_dies_is_out_everywhere_within_thirty_seconds(world: World) -> None:
    world.pass_s(100)
    for node in world.nodes:
        node.sees = DEAD
    world.pass_s(30)

    assert [node.seen() for node in world.nodes] == [DEAD] * 3


def test_a_node_whose_own_way_is_cut_believes_nobody_and_is_believed_by_nobody(world: World) -> None:
    world.pass_s(100)
    cut, *well = world.nodes
    cut.sees = DEAD
    world.pass_s(90)
    states = [(cut.seen(), [node.seen() for node in well])]
    for _ in range(60):
        world.pass_s(1)
        states.append((cut.seen(), [node.seen() for node in well]))

    assert {own for own, _ in states} == {DEAD}
    assert all(others == [GOOD, GOOD] for _, others in states)


def test_a_node_without_a_flight_of_its_own_believes_nobody(world: World) -> None:
    world.pass_s(5)
    late = Node(world.memory, "ts3")
    late.others.exchange(late.board, [KEY], late.clock)

    assert late.seen() is None


def test_a_browser_that_comes_back_to_another_node_has_come_back(world: World) -> None:
    here, there, _ = world.nodes
    for number in range(3):
        here.board.left(KEY, f"trip-{number}", here.clock)
    world.memory.now += 2
    there.board.came_back(KEY, "trip-1", there.clock)
    world.pass_s(2)

    assert here.trips() == Trips((False, True, False))
    assert there.trips() == Trips()
    assert there.board.strangers(10) == []


def test_returns_wait_for_the_store_and_count_from_when_they_were(world: World) -> None:
    here, there, _ = world.nodes
    world.memory.lost = True
    here.board.left(KEY, "one", here.clock)
    there.board.left(KEY, "two", there.clock)
    world.memory.now += 1
    there.board.came_back(KEY, "one", there.clock)
    world.pass_s(200)
    lost = here.trips(), there.trips()
    world.memory.lost = False
    world.pass_s(2)

    assert lost == (Trips((False,)), Trips((False,), foreign=1, untold=1))
    assert (here.trips(), there.trips()) == (Trips((True,)), Trips((False,), foreign=1))


def test_returns_that_were_read_late_count_from_when_they_were(world: World) -> None:
    here, there, _ = world.nodes
    here.board.left(KEY, "one", here.clock)
    world.memory.now += 1
    there.board.came_back(KEY, "one", there.clock)
    for seconds in (2, 200):
        world.memory.now += seconds
        there.look()
    here.look()

    assert here.trips() == Trips((True,))


def test_a_return_of_which_the_others_will_be_told_is_not_untold_yet() -> None:
    board = Board()
    board.left(KEY, "one", 100)
    board.came_back(KEY, "two", 110)

    assert board.trips(KEY, since=0, until=200, most=100, within=60, told=110) == Trips((False,), foreign=1)
    assert board.trips(KEY, since=0, until=200, most=100, within=60, told=111) == Trips((False,), 1, 1)


@pytest.mark.parametrize("value", ["", "one", "one -1", "one x", "one \ufffd", "two 1"])
def test_what_no_node_of_ours_would_write_is_no_return(world: World, value: str) -> None:
    node = world.nodes[0]
    node.board.left(KEY, "one", node.clock)
    world.memory.append("trips", [value], 600)
    node.look()

    assert node.trips() == Trips((False,))


def test_a_probe_that_rests_on_one_node_rests_on_all_for_as_long(world: World) -> None:
    here, *others = world.nodes
    here.board.rest(KEY, here.clock + 100)
    world.pass_s(3)

    left = [node.board.rests_until(KEY) - node.clock for node in world.nodes]
    assert left == [pytest.approx(97, abs=2)] * 3
    world.pass_s(100)
    assert all(node.board.rests_until(KEY) < node.clock for node in others)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"[" * 500,
        b"null",
        json.dumps([2, "answer", "inactive", 3, 42, "here", "ts9", "t"]).encode(),
        json.dumps([1, "magic", "inactive", 3, 42, "here", "ts9", "t"]).encode(),
        json.dumps([1, "answer", "asleep", 3, 42, "here", "ts9", "t"]).encode(),
        json.dumps([1, "answer", "active", 3, 42, "here", "ts9", "t"]).encode(),
        json.dumps([1, "answer", "inactive", "x", 42, "here", "ts9", "t"]).encode(),
    ],
)
def test_what_no_node_of_ours_would_write_is_no_flight(world: World, value: bytes) -> None:
    node = world.nodes[0]
    node.look()
    node.look()
    before = node.board.seen(KEY)
    world.memory.keep("f", KEY, value, 80)
    world.memory.now += 5
    node.look()

    assert node.board.seen(KEY) == before


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> tuple[Memory, Canaries, Canaries]:
    """The canaries of two nodes, which have flown once."""
    monkeypatch.setattr("aiguilleur.probes.canary.canaries.fly", lambda *_: GOOD)
    memory = Memory()
    here, there = (
        Canaries(
            {"edu": passive("http://edu.example/")}, {"edu": BACK}, Board(), now=lambda: NOW, shared=(memory, name)
        )
        for name in ("ts1", "ts2")
    )
    for node in (here, there):
        node.fly("edu")
    return memory, here, there


def test_canaries_tell_and_hear_as_they_are_tended(pair: tuple[Memory, Canaries, Canaries]) -> None:
    memory, here, there = pair
    here.left("edu", "the-id-of-a-trip")
    there.came_back("edu", "the-id-of-a-trip")
    for node in (here, there, here):
        node.tend()

    [key] = {key for kind, key in memory.values if kind == "f"}
    assert key.startswith("edu ")
    assert "the-id-of-a-trip" not in str(memory.logs)
    assert here.board.trips(key, since=0, until=2e9, most=10, within=60) == Trips((True,))


@pytest.mark.parametrize(("told", "standing"), [(True, "good"), (False, "few-back")])
def test_a_node_that_is_not_told_of_its_returns_sees_by_those_of_others_that_browsers_change_nodes(
    pair: tuple[Memory, Canaries, Canaries], monkeypatch: pytest.MonkeyPatch, told: bool, standing: str
) -> None:
    """The other node's store is away: every third browser comes back where it left, the others cross over."""
    _, here, there = pair
    now = time.time()
    monkeypatch.setattr("aiguilleur.probes.canary.canaries.wall_clock", lambda: now)
    for number in range(12):
        now += 1
        here.left("edu", f"ours-{number}")
        there.left("edu", f"theirs-{number}")
        if number % 3 == 0:
            here.came_back("edu", f"ours-{number}")
        elif told:
            here.came_back("edu", f"theirs-{number}")
    now += 61
    here.tend()
    now += 1

    assert here.health()["edu"].standing == standing
