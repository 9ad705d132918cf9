from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from aiguilleur.core.model import ProbeRef, Reason, SessionState
from aiguilleur.probes import CanaryOff, FrontChannelProbe
from aiguilleur.probes.canary import Board, Canaries, CanaryHealth, Flight, Keeper, Seen, Standing
from aiguilleur.probes.sort import sort_of
from tests.passive import Passive
from tests.probes.canary.conftest import BACK, NOW, passive
from tests.waiting import await_that

PROBE = passive("http://educonnect.example/passive")
GOOD, FORM, DEAD = (
    Flight(Reason.ANSWER, SessionState.INACTIVE),
    Flight(Reason.UNPROVEN, host="idp.example"),
    Flight(Reason.DEADLINE),
)


class Sky:
    """What each flight sees, and how often one was made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sees = GOOD
        self.flights = 0
        self.landed = threading.Event()
        monkeypatch.setattr("aiguilleur.probes.canary.canaries.fly", self._fly)

    def _fly(self, *_: object) -> Flight:
        self.flights += 1
        self.landed.set()
        return self.sees


@pytest.fixture
def sky(monkeypatch: pytest.MonkeyPatch) -> Sky:
    return Sky(monkeypatch)


class Clock:
    """The time that the canaries go by; it stands still until it is told to pass."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._ahead = 0.0
        for name, now in (("wall_clock", time.time()), ("monotonic", time.monotonic())):
            monkeypatch.setattr(f"aiguilleur.probes.canary.canaries.{name}", partial(self._read, now))
        monkeypatch.setattr("aiguilleur.probes.canary.canaries._FRESH_S", -1.0)

    def pass_s(self, seconds: float) -> None:
        self._ahead += seconds

    def _read(self, began: float) -> float:
        return began + self._ahead


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def canaries(
    probe: FrontChannelProbe = PROBE,
    board: Board | None = None,
    changed: Callable[[ProbeRef, CanaryHealth], None] | None = None,
) -> Canaries:
    return Canaries({"edu": probe}, {"edu": BACK}, board or Board(), now=lambda: NOW, changed=changed)


def depart(ours: Canaries, clock: Clock, came_back: int, of: int) -> None:
    """So many browsers leave; the first ones come back, and the others are away for too long."""
    for number in range(of):
        trip = f"{id(ours)}-{time.monotonic_ns()}-{number}"
        ours.left("edu", trip)
        if number < came_back:
            ours.came_back("edu", trip)
    clock.pass_s(61)


def test_nobody_follows_before_the_canary_has_come_back(sky: Sky) -> None:
    ours = canaries()
    assert ours.refusal("edu") is Reason.UNPROVEN

    ours.fly("edu")
    assert ours.refusal("edu") is None


@pytest.mark.parametrize(
    ("seen", "refusal", "failing"),
    [
        (GOOD, None, frozenset()),
        (Flight(Reason.ANSWER, SessionState.UNKNOWN), None, frozenset()),
        (Flight(Reason.ANSWER, SessionState.ACTIVE), Reason.UNPROVEN, frozenset()),
        (FORM, Reason.UNPROVEN, frozenset()),
        (Flight(Reason.PARSE), Reason.UNPROVEN, frozenset()),
        (Flight(Reason.SIGNATURE), Reason.UNPROVEN, frozenset()),
        (Flight(Reason.PROTOCOL), Reason.UNPROVEN, frozenset()),
        (DEAD, Reason.DEADLINE, frozenset({"edu"})),
        (Flight(Reason.DNS), Reason.DNS, frozenset({"edu"})),
        (Flight(Reason.STATUS), Reason.STATUS, frozenset({"edu"})),
    ],
)
def test_what_it_sees_is_why_nobody_follows(sky: Sky, seen: Flight, refusal: Reason | None, failing: object) -> None:
    ours = canaries()
    sky.sees = seen
    ours.fly("edu")

    assert (ours.refusal("edu"), ours.failing()) == (refusal, failing)


def test_a_probe_that_is_not_known_is_unproven(sky: Sky) -> None:
    assert canaries().refusal("nobody") is Reason.UNPROVEN


def test_without_its_canary_a_probe_is_used_and_never_flown(sky: Sky, clock: Clock) -> None:
    ours = canaries(replace(PROBE, canary=CanaryOff("its front is closed to us")))
    ours.tend()

    assert (ours.refusal("edu"), ours.health()["edu"].standing, sky.flights) == (None, Standing.OFF, 0)


def test_what_was_seen_long_ago_proves_nothing(sky: Sky, clock: Clock) -> None:
    ours = canaries()
    ours.fly("edu")
    clock.pass_s(89)
    assert ours.refusal("edu") is None

    clock.pass_s(2)
    assert ours.refusal("edu") is Reason.UNPROVEN


def test_a_clock_that_is_put_back_stops_no_canary_and_makes_none_last(
    sky: Sky, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = canaries()
    ours.fly("edu")
    ours.board.rest(ours._keys["edu"], time.time() + 500)
    long_ago = time.time() - 86_400
    monkeypatch.setattr("aiguilleur.probes.canary.canaries.wall_clock", lambda: long_ago)
    monkeypatch.setattr("aiguilleur.probes.canary.canaries._FRESH_S", -1.0)
    assert ours.refusal("edu") is Reason.UNPROVEN

    sky.flights = 0
    ours._due["edu"] = 0.0
    ours.tend()
    await_that(lambda: sky.flights == 1 and not ours._flying)
    assert ours.refusal("edu") is None


def test_it_flies_at_least_every_thirty_seconds_and_more_often_when_it_does_not_come_back(
    sky: Sky, clock: Clock
) -> None:
    ours = canaries()

    def flights_in(seconds: int) -> int:
        before = sky.flights
        for _ in range(seconds):
            sky.landed.clear()
            ours.tend()
            if ours._flying or sky.landed.wait(0.01):
                await_that(lambda: not ours._flying)
            clock.pass_s(1)
        return sky.flights - before

    assert 4 <= flights_in(120) <= 6
    sky.sees = DEAD
    flights_in(30)
    assert 5 <= flights_in(60) <= 8


def test_a_restart_goes_on_with_what_was_seen(sky: Sky, clock: Clock) -> None:
    board = Board()
    canaries(board=board).fly("edu")
    again = canaries(board=board)
    again.tend()

    assert (again.refusal("edu"), sky.flights) == (None, 1)


def test_other_settings_are_proven_anew(sky: Sky) -> None:
    board = Board()
    canaries(board=board).fly("edu")

    assert canaries(replace(PROBE, url="http://elsewhere.example/"), board).refusal("edu") is Reason.UNPROVEN
    assert canaries(PROBE, board).refusal("edu") is None


def test_the_settings_of_a_probe_are_told_apart_by_every_field() -> None:
    others = (
        replace(PROBE, id="x"),
        replace(PROBE, source="x"),
        replace(PROBE, url="http://x.example/"),
        replace(PROBE, canary=CanaryOff("x")),
        replace(PROBE, connect="x.example"),
        replace(PROBE, proxy="http://x.example"),
    )

    assert (
        len({sort_of(probe, BACK) for probe in (PROBE, *others)} | {sort_of(PROBE, "https://x.example/retour/edu")})
        == 8
    )
    assert sort_of(PROBE, BACK) == sort_of(passive(PROBE.url), BACK)


def test_half_of_ten_browsers_coming_back_is_enough(sky: Sky, clock: Clock) -> None:
    ours = canaries()
    ours.fly("edu")
    depart(ours, clock, came_back=5, of=10)
    ours.tend()

    assert (ours.refusal("edu"), ours.health()["edu"].back) == (None, (5, 10))


def test_fewer_than_half_take_the_probe_out_for_a_while(sky: Sky, clock: Clock) -> None:
    told: list[Standing] = []
    ours = canaries(changed=lambda _, health: told.append(health.standing))
    ours.fly("edu")
    ours.tend()
    depart(ours, clock, came_back=4, of=10)
    assert ours.refusal("edu") is None
    ours.tend()

    assert ours.refusal("edu") is Reason.UNPROVEN
    assert (ours.health()["edu"].standing, ours.failing()) == (Standing.FEW_BACK, frozenset())
    clock.pass_s(600)
    ours.fly("edu")
    ours.tend()
    assert ours.refusal("edu") is None
    assert told == [Standing.FEW_BACK, Standing.GOOD]


def test_those_who_left_within_the_last_minute_are_not_late(sky: Sky, clock: Clock) -> None:
    ours = canaries()
    for number in range(10):
        ours.left("edu", f"t{number}")
    clock.pass_s(59)
    ours.fly("edu")
    ours.tend()
    assert ours.refusal("edu") is None

    clock.pass_s(2)
    ours.tend()
    assert ours.refusal("edu") is Reason.UNPROVEN


def test_nine_browsers_tell_nothing(sky: Sky, clock: Clock) -> None:
    ours = canaries()
    ours.fly("edu")
    depart(ours, clock, came_back=0, of=9)
    ours.tend()

    assert (ours.refusal("edu"), ours.health()["edu"].back) == (None, None)


def test_after_its_rest_a_probe_begins_with_a_clean_slate(sky: Sky, clock: Clock) -> None:
    ours = canaries()
    depart(ours, clock, came_back=0, of=10)
    ours.tend()
    clock.pass_s(601)
    ours.fly("edu")
    depart(ours, clock, came_back=0, of=9)
    ours.tend()

    assert ours.refusal("edu") is None


def test_where_returns_land_on_any_node_it_takes_more_to_be_sure(sky: Sky, clock: Clock) -> None:
    ours = canaries()
    ours.fly("edu")
    depart(ours, clock, came_back=30, of=99)
    for number in range(30):
        ours.came_back("edu", f"from-another-node-{number}")
    ours.fly("edu")
    ours.tend()
    assert ours.refusal("edu") is None

    depart(ours, clock, came_back=0, of=100)
    ours.fly("edu")
    ours.tend()
    assert ours.refusal("edu") is Reason.UNPROVEN


def test_a_change_is_told_once(sky: Sky, clock: Clock) -> None:
    told: list[tuple[str, Standing]] = []
    ours = canaries(changed=lambda ref, health: told.append((ref.id, health.standing)))
    ours._tell("edu")
    for seen in (GOOD, GOOD, FORM, FORM, DEAD, GOOD):
        sky.sees = seen
        ours.fly("edu")
        ours._tell("edu")

    assert told == [("edu", Standing.GOOD), ("edu", Standing.UNPROVEN), ("edu", Standing.DEAD), ("edu", Standing.GOOD)]


def test_a_probe_that_breaks_costs_its_source_alone(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Passive):
        def departure(self, *_: object) -> str:
            raise RuntimeError("secret")

    ours = canaries(Broken("edu", "educonnect", "http://x.example/", canary=None))
    ours.fly("edu")

    assert ours.refusal("edu") is Reason.UNPROVEN
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


def test_one_process_of_a_node_flies(sky: Sky, tmp_path: Path) -> None:
    path = tmp_path / "state" / "canaries.sqlite3"
    over = [threading.Event(), threading.Event()]
    both = [canaries(board=Board(path)) for _ in over]
    keepers = [Keeper(lambda: both[0], over[0]), Keeper(lambda: both[1], over[1])]
    for keeper in keepers:
        keeper.look()
    await_that(lambda: sky.flights == 1)
    await_that(lambda: not both[0]._flying)

    assert [ours.refusal("edu") for ours in both] == [None, None]
    # The other takes over once the first is gone.
    over[0].set()
    keepers[0].start()
    await_that(lambda: keepers[0]._held is None)
    keepers[1].look()
    assert keepers[1]._held is not None


def test_a_keeper_follows_the_configuration_in_force(sky: Sky, tmp_path: Path) -> None:
    ours: list[Canaries | None] = [None]
    over = threading.Event()
    Keeper(lambda: ours[0], over).start()
    ours[0] = canaries(board=Board(tmp_path / "a" / "canaries.sqlite3"))
    await_that(lambda: sky.flights == 1)
    ours[0] = canaries(board=Board(tmp_path / "b" / "canaries.sqlite3"))
    await_that(lambda: sky.flights == 2)
    over.set()


def test_an_old_flight_of_another_process_is_not_waited_for(sky: Sky, clock: Clock) -> None:
    board = Board()
    board.saw(f"edu {sort_of(PROBE, BACK)}", Seen(GOOD, time.time() - 1000))
    ours = canaries(board=board)
    ours.tend()

    await_that(lambda: sky.flights == 1)
