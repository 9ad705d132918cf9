from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from aiguilleur.journal import Event
from aiguilleur.journal.entry import from_line
from tests.journal.year import (
    ATEN_ENDS,
    FIRST,
    LAST,
    NODES,
    PILOTS,
    days,
    kind_of,
    lines_of,
    schools,
    weight_of,
    write_day,
)


@pytest.mark.parametrize("day", [FIRST, PILOTS, date(2021, 6, 7), LAST])
def test_every_line_of_the_year_is_as_an_entry_writes_it(day: date) -> None:
    lines = [line for each in lines_of(day, 3000, 1).values() for _, line in each]

    assert len(lines) >= 3000
    assert [from_line(line).line() + "\n" for line in lines] == lines


def test_the_year_has_as_many_visits_as_asked_for_on_the_days_of_the_calendar() -> None:
    year = days(100_000)

    assert sum(year.values()) == 100_000
    assert year[date(2021, 6, 8)] > 2 * year[date(2021, 3, 9)] > 6 * year[date(2021, 2, 9)]
    assert weight_of(date(2021, 3, 14)) < weight_of(date(2021, 3, 15))


def test_families_go_over_to_educonnect_as_the_calendar_says() -> None:
    pilots = [each for each in schools() if each.opens == PILOTS]
    december, june, august = date(2020, 12, 8), date(2021, 6, 15), date(2021, 7, 20)

    def kinds(day: date) -> Counter[str]:
        lots = iter([0.05 + 0.9 * number / 3000 for number in range(3000)] * 9)
        return Counter(kind_of(place, day, 9, lambda: next(lots)) for place in schools())

    assert (len(pilots), {each.academy for each in pilots}) == (9, {"besancon"})
    assert set(kinds(december)) == {"only-aten"}
    assert "only-aten" not in kinds(june)
    assert set(kinds(august)) == {"only-educonnect"}
    assert all(each.opens < ATEN_ENDS for each in schools())


def test_a_day_is_drawn_alike_each_time_and_differs_by_seed(tmp_path: Path) -> None:
    day = date(2021, 5, 17)

    assert lines_of(day, 500, 1) == lines_of(day, 500, 1) != lines_of(day, 500, 2)
    assert write_day(tmp_path, day, 500, 1) == sum(map(len, lines_of(day, 500, 1).values()))
    assert sorted(path.parent.name for path in tmp_path.glob("*/*.jsonl")) == list(NODES)


def test_the_year_tells_of_rules_guichets_and_comebacks() -> None:
    entries = [from_line(line) for lines in lines_of(date(2021, 5, 17), 20_000, 1).values() for _, line in lines]
    events = Counter(each.event for each in entries)

    assert {Event.DECIDED, Event.ASKED, Event.CHOICE, Event.REFUSED, Event.SOURCE} <= set(events)
    assert 40 < sum(each.again is not None for each in entries) < 400
    assert any(each.ill for each in entries)
