"""Breakers of several processes and nodes, which open, rest, try and close together; each look is a step of the clock."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest

from aiguilleur.core.model import Channel, Finding, Reason, SessionState
from aiguilleur.probes import Breaker, Limits, State
from aiguilleur.probes.shared import SharedBreakers
from tests.probes.shared.fakes import Memory

NAME = "aten-status 0123456789abcdef"
OK, DEAD = Reason.ANSWER, Reason.CONNECT
#: Between two looks of a process, at most.
LOOK = 1.0


def answered(reason: Reason, rest_s: int = 0) -> Finding:
    return Finding("aten", SessionState.UNKNOWN, Channel.BACK, "aten-status", reason, 5, rest_s)


class Process:
    """One process, whose visits and looks the test makes."""

    def __init__(self, memory: Memory, node: str) -> None:
        self.breaker = Breaker(Limits(), clock=lambda: memory.now, jitter=lambda: 1.0)
        self._memory, self._node = memory, node
        self.shared = SharedBreakers(memory, {NAME: self.breaker}, node, clock=lambda: memory.now)
        self.calls = 0

    def edit(self, *, from_before: bool = True) -> None:
        """Go on after an edit of the configuration, with the breaker and what was known of it, or without the latter."""
        before = self.shared if from_before else None
        clock = lambda: self._memory.now  # noqa: E731 (as where it was put together)
        self.shared = SharedBreakers(self._memory, {NAME: self.breaker}, self._node, clock=clock, before=before)

    def visit(self, reason: Reason, rest_s: int = 0) -> bool:
        """A visit that would find this out; whether the source was asked."""
        turn = self.breaker.enter()
        if isinstance(turn, Reason):
            return False
        self.calls += 1
        self.breaker.leave(turn, answered(reason, rest_s))
        return True

    @property
    def state(self) -> State:
        return self.breaker.health.state


class World:
    """Nodes of two processes each."""

    def __init__(self, *nodes: str) -> None:
        self.memory = Memory()
        self.processes = [Process(self.memory, node) for node in nodes for _ in range(2)]

    def look(self, seconds: float = LOOK) -> None:
        """Time passes, and all look once."""
        self.memory.now += seconds
        for process in self.processes:
            process.shared.exchange()

    def settle(self) -> None:
        """All look, and look again at what those behind them have told."""
        self.look(0.1)
        self.look(0.1)

    def states(self) -> set[State]:
        return {process.state for process in self.processes}

    def open(self) -> Process:
        """The first process finds the source dead, and all know."""
        first = self.processes[0]
        for _ in range(3):
            assert first.visit(DEAD)
        self.settle()
        assert self.states() == {State.OPEN}
        return first

    def tried(self, looks: int, *results: Reason) -> int:
        """Visits come to every process between looks; how many of them ask the source."""
        asked = 0
        for _ in range(looks):
            self.look()
            for process, result in zip(self.processes, results * len(self.processes), strict=False):
                asked += process.visit(result)
        return asked


@pytest.fixture
def world() -> World:
    return World("ts1", "ts2", "ts3")


def test_what_one_finds_dead_all_leave_alone_at_their_next_look(world: World) -> None:
    world.open()

    assert {process.breaker.health.reason for process in world.processes} == {DEAD}
    assert not any(process.visit(DEAD) for process in world.processes)


def test_a_rest_that_the_source_asks_for_is_kept_by_all_as_long_as_it_says(world: World) -> None:
    assert world.processes[3].visit(Reason.THROTTLED, 60)
    world.settle()

    assert world.states() == {State.RESTING}
    assert world.tried(58, OK) == 0
    assert world.tried(6, OK) > 0


@pytest.mark.parametrize("from_before", [True, False])
def test_an_edit_tells_no_news_of_yesterday(world: World, from_before: bool) -> None:
    world.open()
    world.tried(12, OK)
    assert world.states() == {State.CLOSED}
    # The news that it is well is forgotten.
    world.look(60)
    others, edited = world.processes[2:], world.processes[0]
    for _ in range(3):
        others[0].visit(DEAD)
    others[0].shared.exchange()
    edited.edit(from_before=from_before)
    world.settle()

    assert world.states() == {State.OPEN}


def test_an_edit_does_not_forget_that_a_trouble_is_one_s_own() -> None:
    world = World("ts1", "ts2")
    lonely = world.open()
    # The source is well elsewhere, and dead from here.
    while State.CLOSED not in {lonely.state}:
        world.tried(1, DEAD, DEAD, OK, OK)
    for _ in range(3):
        lonely.visit(DEAD)
    world.settle()
    assert {lonely.state} == {State.OPEN}
    assert {process.state for process in world.processes[2:]} == {State.CLOSED}
    lonely.edit()
    world.settle()

    # Nobody is believed who says that it is well.
    assert {lonely.state} == {State.OPEN}


def test_one_makes_the_trial_and_when_it_is_good_all_go_on(world: World) -> None:
    world.open()
    asked = 0
    while world.states() == {State.OPEN}:
        assert world.memory.now < 10
        world.look(0.5)
        asked += sum(process.visit(OK) for process in world.processes)
    world.settle()

    assert asked == 1
    assert world.states() == {State.CLOSED}


def test_a_trial_that_fails_is_the_only_one_and_all_wait_twice_as_long(world: World) -> None:
    world.open()
    assert world.tried(6, DEAD) == 1
    assert world.tried(8, DEAD) == 0
    assert world.tried(4, DEAD) == 1
    assert {process.breaker.standing.pauses for process in world.processes} == {3}


def test_at_night_whoever_is_visited_makes_the_trial(world: World) -> None:
    world.open()
    for _ in range(10):
        world.look()

    assert [process.visit(DEAD) for process in world.processes] == [True] * 6


def test_the_node_whose_own_way_is_cut_does_not_keep_the_others_from_the_source(world: World) -> None:
    """It is believed once; the trial is made elsewhere, and from then on it speaks and listens for itself alone."""
    cut, well = world.processes[:2], world.processes[2:]
    for _ in range(120):
        world.look(0.5)
        for process in cut:
            process.visit(DEAD)
        for process in well:
            process.visit(OK)
    kept_out = sum(not process.visit(OK) for process in well)

    assert kept_out == 0
    assert all(process.calls > 100 for process in well)
    assert {process.state for process in cut} == {State.OPEN}
    # As often as if it had no store.
    assert all(process.calls < 20 for process in cut)


def test_who_was_alone_shares_again_once_its_trouble_is_over(world: World) -> None:
    test_the_node_whose_own_way_is_cut_does_not_keep_the_others_from_the_source(world)
    world.tried(400, OK)
    world.open()


def test_without_a_store_each_learns_for_itself_and_tells_the_others_later(world: World) -> None:
    world.memory.lost = True
    first, second, *_ = world.processes
    for _ in range(3):
        first.visit(DEAD)
    world.look(0.1)
    assert (first.state, second.state) == (State.OPEN, State.CLOSED)

    world.memory.lost = False
    world.look(0.1)
    assert world.states() == {State.OPEN}


def test_a_store_that_is_lost_in_a_pause_keeps_nobody_from_trying(world: World) -> None:
    world.open()
    world.memory.lost = True
    world.look(7)

    assert all(process.visit(OK) for process in world.processes)
    assert world.states() == {State.CLOSED}


def test_a_process_that_starts_later_knows_what_the_others_know(world: World) -> None:
    world.open()
    late = Process(world.memory, "ts4")
    late.shared.exchange()

    assert late.state is State.OPEN


def test_a_trial_under_way_here_outweighs_what_is_said_elsewhere(world: World) -> None:
    first = world.open()
    for _ in range(10):
        world.look()
    turn = first.breaker.enter()
    assert isinstance(turn, int)
    for process in world.processes[2:]:
        process.visit(DEAD)
    world.look(0.1)
    assert first.breaker.leave(turn, answered(OK)) is not None


def test_the_same_probe_with_other_settings_is_another() -> None:
    memory = Memory()
    one, two = Process(memory, "ts1"), Process(memory, "ts2")
    two.shared = SharedBreakers(memory, {"aten-status fedcba9876543210": two.breaker}, "ts2")
    for _ in range(3):
        one.visit(DEAD)
    one.shared.exchange()
    two.shared.exchange()

    assert two.state is State.CLOSED


def weather(world: World, lots: random.Random) -> None:
    """A source that comes and goes, a store too, ways that are cut, and looks that are missed."""
    well, cut = True, set[int]()
    for _ in range(lots.randint(20, 400)):
        well ^= lots.random() < 0.05
        world.memory.lost ^= lots.random() < 0.03
        if lots.random() < 0.02:
            cut = set() if cut else {lots.randrange(len(world.processes))}
        world.memory.now += lots.uniform(0.3, 1.2)
        for number, process in enumerate(world.processes):
            if lots.random() < 0.5:
                sick = DEAD if lots.random() < 0.9 else Reason.THROTTLED
                process.visit(OK if well and number not in cut else sick, 20)
            if lots.random() < 0.9:
                process.shared.exchange()
    world.memory.lost = False


@pytest.mark.parametrize("seed", range(40))
def test_whatever_has_happened_all_go_on_soon_after_it_is_over(world: World, seed: int) -> None:
    lots = random.Random(seed)
    weather(world, lots)
    over, in_a_row = world.memory.now, 0
    while in_a_row < 5:
        world.look(lots.uniform(0.5, 1))
        asked = [process.visit(OK) for process in world.processes]
        in_a_row = in_a_row + 1 if all(asked) else 0

        # The longest pause is a minute.
        assert world.memory.now - over < 75


GOOD = [1, "open", "connect", 0, "ts2", "token"]


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"open",
        b"\xff\xfe",
        b"[" * 500,
        b"null",
        b"{}",
        b"9" * 400,
        *(
            json.dumps([*GOOD[:at], wrong, *GOOD[at + 1 :]]).encode()
            for at, wrong in ((0, 2), (1, "ajar"), (1, None), (2, "magic"), (3, -1), (3, 99), (3, None), (3, "x"))
        ),
        json.dumps([*GOOD, "more"]).encode(),
    ],
)
def test_what_nobody_of_ours_would_write_is_no_news(value: bytes) -> None:
    memory = Memory()
    process = Process(memory, "ts1")
    memory.keep("b", NAME, value, 30)
    process.shared.exchange()
    states = [process.state]
    memory.keep("b", NAME, json.dumps(GOOD).encode(), 30)
    process.shared.exchange()

    assert [*states, process.state] == [State.CLOSED, State.OPEN]


def test_nobody_is_kept_from_a_source_for_longer_than_it_may_ask_for() -> None:
    memory = Memory()
    process = Process(memory, "ts1")
    memory.keep("b", NAME, json.dumps(GOOD).encode(), 1e9)
    process.shared.exchange()

    assert replace(process.breaker.health, again_in_s=0).state is State.OPEN
    assert process.breaker.health.again_in_s == 300
