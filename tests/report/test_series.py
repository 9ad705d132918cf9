from __future__ import annotations

from datetime import date

from aiguilleur.journal.scale import Migration, ReasonWeek
from aiguilleur.report.series import (
    OTHERS,
    Group,
    Names,
    Point,
    Series,
    failures,
    filled,
    folded,
    grouped,
    migration,
    mondays,
    reasons,
    sources_of,
)

JANUARY, FEBRUARY, JUNE = date(2021, 1, 4), date(2021, 2, 1), date(2021, 6, 7)


def test_visits_are_summed_over_schools() -> None:
    rows = [Migration(JANUARY, "besancon", "clg-a", "aten", 3), Migration(JANUARY, "dijon", "clg-b", "aten", 4)]

    assert migration(rows) == (Point(JANUARY, "aten", 7),)


def test_the_account_that_families_leave_comes_first() -> None:
    points = [Point(JUNE, "educonnect", 90), Point(JANUARY, "educonnect", 1), Point(JANUARY, "aten", 50)]

    assert sources_of(points, Names({"aten": "ATEN"})) == (Series("aten", "ATEN"), Series("educonnect", "educonnect"))


def test_what_comes_after_the_five_largest_is_drawn_as_one() -> None:
    points = [Point(JANUARY, f"s{number}", 10 - number) for number in range(8)]
    series = sources_of(points, Names())

    assert [each.id for each in series] == ["s0", "s1", "s2", "s3", OTHERS]
    assert [point for point in folded(points, series) if point.series == OTHERS] == [Point(JANUARY, OTHERS, 18)]


def test_a_week_without_a_visit_is_a_week_too() -> None:
    assert mondays({FEBRUARY, JANUARY}) == (JANUARY, date(2021, 1, 11), date(2021, 1, 18), date(2021, 1, 25), FEBRUARY)
    assert mondays(()) == ()


def test_schools_stand_by_their_visits() -> None:
    rows = [Migration(JANUARY, "", "a", "aten", 1), Migration(JANUARY, "", "b", "aten", 2)]

    assert [(group.name, group.visits) for group in grouped(rows, lambda row: row.etab, {"a": "Collège A"})] == [
        ("b", 2),
        ("Collège A", 1),
    ]


def test_lately_means_the_last_four_weeks() -> None:
    group = Group("a", "A", (Point(JANUARY, "aten", 5), Point(FEBRUARY, "aten", 2), Point(FEBRUARY, "edu", 1)))

    assert group.lately(FEBRUARY) == {"aten": 2, "edu": 1}


def test_who_has_no_cookie_is_no_failure_of_the_source() -> None:
    rows = [
        ReasonWeek(JANUARY, "aten", "unknown", "back", reason, 5) for reason in ("no-cookie", "deadline", "answer")
    ] + [ReasonWeek(JANUARY, "aten", "active", "back", "answer", 100)]

    assert failures(rows) == (Point(JANUARY, "aten", 5),)
    assert reasons(rows) == (("aten", "deadline", 5),)


def test_a_week_without_any_is_a_zero_and_not_a_gap() -> None:
    points = filled([Point(JANUARY, "aten", 5)], [Series("aten", "ATEN")], [JANUARY, FEBRUARY])

    assert points == (Point(JANUARY, "aten", 5), Point(FEBRUARY, "aten", 0))
