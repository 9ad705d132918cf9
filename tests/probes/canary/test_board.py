from __future__ import annotations

import multiprocessing
import sqlite3
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aiguilleur.core.model import Reason, SessionState
from aiguilleur.probes.canary import Board, Flight, Seen
from aiguilleur.probes.canary import board as module
from aiguilleur.probes.canary.board import Trips
from tests.waiting import LATE, waited

SEEN = Seen(Flight(Reason.ANSWER, SessionState.INACTIVE, 3, 42, "here.example"), 1000.5)


@pytest.fixture(params=["file", "memory"])
def board(request: pytest.FixtureRequest, tmp_path: Path) -> Board:
    return Board(tmp_path / "state" / "canaries.sqlite3" if request.param == "file" else None)


def trips(board: Board, probe: str = "edu", since: float = 0, until: float = 10**9, most: int = 100) -> Trips:
    return board.trips(probe, since=since, until=until, most=most, within=60)


def test_a_flight_is_kept_for_its_probe(board: Board) -> None:
    board.saw("edu", SEEN)

    assert board.seen("edu") == SEEN
    assert board.seen("cas") is None


def test_the_last_flight_counts(board: Board) -> None:
    last = Seen(Flight(Reason.DEADLINE), 1030.0)
    board.saw("edu", SEEN)
    board.saw("edu", last)

    assert board.seen("edu") == last


def test_the_last_departures_are_told_the_latest_first(board: Board) -> None:
    for number in range(5):
        board.left("edu", f"t{number}", 100 + number)
    board.left("cas", "t9", 102)
    for trip, back in (("t0", 101), ("t3", 163), ("t4", 165)):
        board.came_back("edu", trip, back)

    assert trips(board) == Trips((False, True, False, False, True))
    assert trips(board, most=2) == Trips((False, True))
    assert trips(board, since=100, until=103) == Trips((True, False, False))
    assert trips(board, "cas") == Trips((False,))


def test_a_return_that_is_said_twice_is_one(board: Board) -> None:
    board.left("edu", "t0", 100)
    for _ in range(2):
        board.came_back("edu", "t0", 101)

    assert trips(board) == Trips((True,))


def test_a_return_that_left_from_elsewhere_is_foreign(board: Board) -> None:
    board.left("edu", "t0", 100)
    for trip, back in (("x0", 99), ("x1", 101), ("x2", 102)):
        board.came_back("edu", trip, back)

    assert trips(board) == Trips((False,), foreign=2, untold=2)


def test_old_flights_and_rests_are_forgotten(board: Board) -> None:
    board.saw("edu", SEEN)
    board.rest("edu", 500)
    board.forget(1001)

    assert (board.seen("edu"), board.rests_until("edu")) == (None, 0)


def test_old_trips_are_forgotten(board: Board) -> None:
    board.left("edu", "t0", 100)
    board.left("edu", "t1", 200)
    board.came_back("edu", "x0", 100)
    board.forget(150)

    assert trips(board) == Trips((False,))


def test_a_rest_is_kept(board: Board) -> None:
    assert board.rests_until("edu") == 0
    board.rest("edu", 500)

    assert board.rests_until("edu") == 500


def test_processes_share_a_file_and_a_restart_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "canaries.sqlite3"
    Board(path).saw("edu", SEEN)

    assert Board(path).seen("edu") == SEEN


def test_a_board_that_was_open_before_a_fork_works_on_both_sides(tmp_path: Path) -> None:
    board = Board(tmp_path / "canaries.sqlite3")
    board.left("edu", "parent", 100)
    child = multiprocessing.get_context("fork").Process(target=board.left, args=("edu", "child", 101))
    child.start()
    child.join(20)
    board.came_back("edu", "parent", 102)

    assert child.exitcode == 0
    assert trips(board) == Trips((False, True))


def test_threads_share_one(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    # However busy the machine: a visit would rather lose a trip than wait.
    monkeypatch.setattr(module, "_PATIENCE_S", 20)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: board.left("edu", f"t{number}", number), range(200)))

    assert len(trips(board, most=1000, since=-1).came_back) == 200


@pytest.mark.parametrize("damage", ["a folder", "nowhere"])
def test_a_file_that_cannot_be_used_knows_nothing_and_is_told_once(
    damage: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "canaries.sqlite3" if damage == "a folder" else Path("/proc/nowhere/canaries.sqlite3")
    if damage == "a folder":
        path.mkdir()
    board = Board(path)
    board.saw("edu", SEEN)
    board.left("edu", "t0", 100)

    assert (board.seen("edu"), trips(board), board.rests_until("edu")) == (None, Trips(), 0)
    assert caplog.text.count("what the canaries see is not kept") == 1


def test_a_file_that_is_damaged_is_put_aside_and_made_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "canaries.sqlite3"
    path.write_bytes(b"no database at all" * 100)
    board = Board(path)
    assert board.seen("edu") is None

    board.saw("edu", SEEN)
    assert board.seen("edu") == SEEN
    assert (tmp_path / "canaries.damaged").read_bytes().startswith(b"no database")
    assert "not a database" in caplog.text


def test_a_file_that_is_taken_away_is_made_anew_for_all(tmp_path: Path) -> None:
    path = tmp_path / "canaries.sqlite3"
    boards = [Board(path), Board(path)]
    boards[0].saw("edu", SEEN)
    assert boards[1].seen("edu") == SEEN
    for each in tmp_path.iterdir():
        each.unlink()

    assert boards[1].seen("edu") is None
    boards[0].saw("edu", SEEN)
    assert boards[1].seen("edu") == SEEN


def test_each_time_that_it_goes_wrong_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "canaries.sqlite3"
    board = Board(path)
    board.seen("edu")
    other = sqlite3.connect(path)
    for _ in range(2):
        other.execute("BEGIN EXCLUSIVE")
        board.left("edu", "t0", 100)
        board.left("edu", "t1", 100)
        other.rollback()
        board.seen("edu")
    other.close()

    assert caplog.text.count("database is locked") == 2


def test_a_file_that_another_holds_makes_no_visit_wait_for_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Sixteen of these one after the other are more than any machine is late.
    monkeypatch.setattr(module, "_PATIENCE_S", 0.5)
    path = tmp_path / "canaries.sqlite3"
    board = Board(path)
    board.seen("edu")
    other = sqlite3.connect(path)
    other.execute("BEGIN EXCLUSIVE")

    def waits(number: int) -> float:
        began = time.monotonic()
        board.left("edu", f"t{number}", 1)
        return waited(began)

    with ThreadPoolExecutor(16) as pool:
        longest = max(pool.map(waits, range(16)))
    other.close()

    assert longest < LATE


def test_a_reason_of_another_version_is_no_flight(tmp_path: Path) -> None:
    board = Board(tmp_path / "canaries.sqlite3")
    board.saw("edu", SEEN)
    board._run("UPDATE flights SET reason = ?", ("of-tomorrow",))

    assert board.seen("edu") is None


def test_the_file_is_not_for_everybody(tmp_path: Path) -> None:
    path = tmp_path / "canaries.sqlite3"
    Board(path).left("edu", "t0", 100)

    assert stat.S_IMODE(path.stat().st_mode) & 0o007 == 0
