from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from aiguilleur.dashboard import Readings
from aiguilleur.errors import JournalError
from aiguilleur.journal.scale import Report, Scope
from tests.dashboard.conftest import Journal
from tests.waiting import LONG

EVERY = 15.0


class Clock:
    """A clock that stands still until it is put forward."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_journal_is_read_anew_when_its_numbers_are_old(journal: Journal) -> None:
    clock = Clock()
    readings = Readings(journal.desk(), EVERY, clock=clock)
    first = readings.of(7, "")
    clock.now = EVERY - 1

    assert (readings.of(7, "") is first, first.made_at) == (True, "8 juillet 2021 à 08:00")
    clock.now = EVERY
    assert readings.of(7, "") is not first
    assert len(journal.scopes) == 2


def test_another_question_is_another_reading(journal: Journal) -> None:
    readings = Readings(journal.desk(), EVERY)
    readings.of(7, "")
    readings.of(None, "")
    readings.of(7, "clg-1")

    assert len(set(journal.scopes)) == 3


def test_who_asks_while_it_is_read_waits_for_that_reading(journal: Journal) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(_: Scope) -> Report:
        begun.set()
        assert go_on.wait(LONG)
        return Report()

    journal.read = slow
    readings = Readings(journal.desk(), EVERY)
    with ThreadPoolExecutor(4) as people:
        asked = [people.submit(readings.of, 7, "") for _ in range(4)]
        assert begun.wait(LONG)
        go_on.set()

    assert len({id(each.result()) for each in asked}) == len(journal.scopes) == 1


def test_what_could_not_be_read_is_tried_again(journal: Journal) -> None:
    def refuse(_: Scope) -> Report:
        raise JournalError("gone")

    journal.read = refuse
    readings = Readings(journal.desk(), EVERY)
    for _ in range(2):
        with pytest.raises(JournalError):
            readings.of(7, "")

    assert len(journal.scopes) == 2
