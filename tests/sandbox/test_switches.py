from __future__ import annotations

import time

import pytest
from werkzeug.test import Client, TestResponse
from werkzeug.wrappers import Response

from aiguilleur.sandbox import Mode, Switches, switches
from tests.waiting import LATE


def ask(board: Switches, source: str = "aten-besancon") -> TestResponse:
    return Client(board.over(source, Response("la vraie page"))).get("/")


@pytest.fixture
def board() -> Switches:
    return Switches(("aten-besancon", "educonnect"), {"aten": "aten-besancon"})


def test_every_source_is_well_at_first(board: Switches) -> None:
    assert [(source, setting.mode) for source, setting in board] == [
        ("aten-besancon", Mode.WELL),
        ("educonnect", Mode.WELL),
    ]
    assert ask(board).text == "la vraie page"


def test_a_source_that_is_down_answers_503_alone(board: Switches) -> None:
    board.set("aten", Mode.DOWN)

    assert ask(board).status_code == 503
    assert ask(board, "educonnect").status_code == 200


def test_an_odd_source_answers_200_with_garbage(board: Switches) -> None:
    board.set("aten", Mode.ODD)
    answer = ask(board)

    assert (answer.status_code, b"\xff\xfe" in answer.data, b"la vraie page" in answer.data) == (200, True, False)


def test_a_slow_source_answers_late_but_well(board: Switches) -> None:
    board.set("aten", Mode.SLOW, slow_ms=120)
    started = time.monotonic()
    answer = ask(board)

    assert answer.text == "la vraie page"
    assert 0.1 < time.monotonic() - started < LATE


def test_a_mute_source_gives_up_at_last(board: Switches, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switches, "MUTE_S", 0.05)
    board.set("aten", Mode.MUTE)

    assert ask(board).status_code == 503


def test_a_switched_back_source_is_well(board: Switches) -> None:
    board.set("aten", Mode.DOWN)
    board.set("aten-besancon", Mode.WELL)

    assert (board.get("aten"), ask(board).status_code) == (Mode.WELL, 200)


def test_an_unknown_source_cannot_be_switched(board: Switches) -> None:
    with pytest.raises(KeyError, match="autre"):
        board.set("autre", Mode.DOWN)


@pytest.mark.parametrize("delay", [-1, 30_001])
def test_a_delay_out_of_bounds_is_refused(board: Switches, delay: int) -> None:
    with pytest.raises(ValueError, match="slow_ms"):
        board.set("aten", Mode.SLOW, slow_ms=delay)
