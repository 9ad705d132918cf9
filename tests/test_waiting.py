"""What fails while the machine stands still is tried again, and nothing else is."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import pytest

from tests.waiting import undisturbed


def stand_still() -> None:
    """No other thread runs meanwhile: this way of calling keeps the interpreter's lock."""
    ctypes.PyDLL(None).usleep(900_000)


def failing(times: int, before: Callable[[], None]) -> tuple[Callable[[], None], list[int]]:
    """What fails so many times, each time after something; and how often it was tried."""
    tried = [0]

    def attempt() -> None:
        tried[0] += 1
        before()
        assert tried[0] > times

    return attempt, tried


def test_what_fails_while_the_machine_stands_still_is_tried_again() -> None:
    attempt, tried = failing(1, stand_still)
    undisturbed(attempt)

    assert tried == [2]


def test_what_fails_each_time_fails() -> None:
    attempt, tried = failing(9, stand_still)
    with pytest.raises(AssertionError):
        undisturbed(attempt)

    assert tried == [3]


def test_what_fails_by_itself_is_not_tried_again() -> None:
    attempt, tried = failing(1, lambda: None)
    with pytest.raises(AssertionError):
        undisturbed(attempt)

    assert tried == [1]
