from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from aiguilleur.report.words import Voice, duration, long_day, percent, short_day

PARIS = ZoneInfo("Europe/Paris")
PLAIN, MASKED = Voice(masked=False, zone=PARIS), Voice(masked=True, zone=PARIS)
THIN = "\N{NARROW NO-BREAK SPACE}"


def test_numbers_are_french() -> None:
    assert PLAIN.number(12345) == f"12{THIN}345"
    assert (percent(0.5), percent(0.0213), percent(0), percent(0.0999)) == ("50 %", "2,1 %", "0 %", "10 %")
    assert (duration(38), duration(1240), duration(None)) == ("38 ms", "1,2 s", "—")


def test_days_are_french_and_local() -> None:
    assert PLAIN.moment(datetime(2021, 3, 15, 22, 30, tzinfo=UTC)) == "15 mars 2021 à 23:30"
    assert PLAIN.day(datetime(2021, 3, 31, 22, 30, tzinfo=UTC)) == "1er avril 2021"
    assert (long_day(date(2021, 2, 2)), short_day(date(2021, 2, 2))) == ("2 février 2021", "02/02/2021")


@pytest.mark.parametrize("count", [1, 4])
def test_a_small_count_that_is_masked_is_told_by_nothing(count: int) -> None:
    assert (MASKED.number(count), MASKED.part(count, 100)) == ("< 5", "très peu")
    assert (PLAIN.number(count), PLAIN.part(count, 10)) == (str(count), percent(count / 10))


def test_none_and_many_are_told_even_when_masked() -> None:
    assert [MASKED.number(count) for count in (0, 5, 20)] == ["0", "5", "20"]
    assert (MASKED.part(0, 100), MASKED.part(50, 100), MASKED.part(5, 0)) == ("0 %", "50 %", "—")
