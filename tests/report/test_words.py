from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from aiguilleur.journal.scale.counting import mask
from aiguilleur.report.words import Voice, duration, long_day, percent, short_day

PARIS = ZoneInfo("Europe/Paris")
PLAIN, MASKED = Voice(masked=False, zone=PARIS), Voice(masked=True, zone=PARIS)
THIN = "\N{NARROW NO-BREAK SPACE}"


def test_numbers_are_french() -> None:
    assert PLAIN.number(12345) == f"12{THIN}345"
    assert (percent(0.5), percent(0.0213), percent(0), percent(0.0999)) == (
        "50\N{NO-BREAK SPACE}%",
        "2,1\N{NO-BREAK SPACE}%",
        "0\N{NO-BREAK SPACE}%",
        "10\N{NO-BREAK SPACE}%",
    )
    assert (duration(38), duration(1240), duration(None)) == ("38 ms", "1,2 s", "—")


def test_one_visit_is_no_plural() -> None:
    assert [PLAIN.visits(count) for count in (0, 1, 2)] == ["visite", "visite", "visites"]
    assert [MASKED.visits(mask(count)) for count in (0, 1, 20)] == ["visite", "visites", "visites"]


def test_days_are_french_and_local() -> None:
    assert PLAIN.moment(datetime(2021, 3, 15, 22, 30, tzinfo=UTC)) == "15 mars 2021 à 23:30"
    assert PLAIN.day(datetime(2021, 3, 31, 22, 30, tzinfo=UTC)) == "1er avril 2021"
    assert (long_day(date(2021, 2, 2)), short_day(date(2021, 2, 2))) == ("2 février 2021", "02/02/2021")


@pytest.mark.parametrize("count", [1, 4])
def test_a_small_count_that_is_masked_is_told_by_nothing(count: int) -> None:
    few = mask(count)

    assert (MASKED.number(few), MASKED.part(few, mask(100)), MASKED.part(few, few)) == (
        "< 5",
        "moins de 5\N{NO-BREAK SPACE}%",
        "—",
    )
    assert (PLAIN.number(count), PLAIN.part(count, 10)) == (str(count), percent(count / 10))


def test_none_and_many_are_told_even_when_masked() -> None:
    assert [MASKED.number(mask(count)) for count in (0, 5, 20)] == ["0", "5", "20"]
    assert [MASKED.part(mask(count), mask(100)) for count in (0, 50, 100)] == [
        "0\N{NO-BREAK SPACE}%",
        "47 à 54\N{NO-BREAK SPACE}%",
        "96 à 100\N{NO-BREAK SPACE}%",
    ]
    assert MASKED.part(mask(5), mask(0)) == PLAIN.part(5, 0) == "—"


def test_the_parts_of_what_is_masked_are_told_as_closely_as_can_be() -> None:
    assert MASKED.parts({"aten": mask(0), "educonnect": mask(17)}) == {
        "aten": "0\N{NO-BREAK SPACE}%",
        "educonnect": "100\N{NO-BREAK SPACE}%",
    }
    assert MASKED.parts({"aten": mask(3), "educonnect": mask(40)}) == {
        "aten": "2 à 10\N{NO-BREAK SPACE}%",
        "educonnect": "90 à 98\N{NO-BREAK SPACE}%",
    }
    assert PLAIN.parts({"aten": 1, "educonnect": 3}) == {
        "aten": "25\N{NO-BREAK SPACE}%",
        "educonnect": "75\N{NO-BREAK SPACE}%",
    }
    assert PLAIN.parts({"aten": 0}) == {"aten": "—"}
