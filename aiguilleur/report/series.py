"""Counts by week, ready to be drawn or written as a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from aiguilleur.core.model import Reason, SessionState
from aiguilleur.journal.scale import Migration, ReasonWeek, Settled, SettledWeek

#: So many lines can be told apart in one picture; what comes after the largest of them is drawn as one.
MOST_SERIES = 5
OTHERS = "…"
#: Nothing of the source's own went wrong, though it was not learnt whether there is a session.
_NO_FAILURES = frozenset({Reason.ANSWER, Reason.CACHED, Reason.PRESUMED, Reason.NO_COOKIE, Reason.CLOSED})
#: What « still used » means: the weeks that end the period.
RECENT = timedelta(weeks=4)


@dataclass(frozen=True, slots=True)
class Names:
    """How people call what the journal has by its identifier; what is missing here is called by that."""

    sources: Mapping[str, str] = field(default_factory=dict)
    schools: Mapping[str, str] = field(default_factory=dict)
    academies: Mapping[str, str] = field(default_factory=dict)

    def source(self, id: str) -> str:  # noqa: A002 (as the journal calls it)
        """The name of a source, or of a group of sources."""
        return "un autre compte" if id == OTHERS else self.sources.get(id, id)


@dataclass(frozen=True, slots=True)
class Point:
    """The count of one series in one week, by its Monday."""

    week: date
    series: str
    count: int


@dataclass(frozen=True, slots=True)
class Series:
    """One line or layer of a picture, in the order of its legend."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Group:
    """An académie or a school, and its visits by source and week."""

    id: str
    name: str
    points: tuple[Point, ...]

    @property
    def visits(self) -> int:
        """All of them."""
        return sum(point.count for point in self.points)

    def lately(self, last: date) -> dict[str, int]:
        """The visits by source in the weeks that end the period."""
        return _by_series(point for point in self.points if last - RECENT < point.week <= last)


def migration(rows: Iterable[Migration]) -> tuple[Point, ...]:
    """The visits by source and week, whatever their school or académie."""
    return summed(Point(row.week, row.source, row.visits) for row in rows)


def grouped(rows: Iterable[Migration], key: Callable[[Migration], str], names: Mapping[str, str]) -> tuple[Group, ...]:
    """The same for each académie or school, those with the most visits first."""
    parts: defaultdict[str, list[Migration]] = defaultdict(list)
    for row in rows:
        parts[key(row)].append(row)
    groups = (Group(each, names.get(each, each or "—"), migration(part)) for each, part in parts.items())
    return tuple(sorted(groups, key=lambda group: (-group.visits, group.name)))


def sources_of(points: Sequence[Point], names: Names) -> tuple[Series, ...]:
    """The sources in the order in which families come to use them: the one that they leave comes first."""
    sums = _by_series(points)
    kept = sorted(sums, key=lambda source: -sums[source])[: MOST_SERIES - (len(sums) > MOST_SERIES)]
    ordered = sorted(kept, key=lambda source: (_middle(points, source), source))
    return tuple(
        Series(each, names.source(each)) for each in [*ordered, *([OTHERS] if len(sums) > MOST_SERIES else [])]
    )


def folded(points: Iterable[Point], series: Sequence[Series]) -> tuple[Point, ...]:
    """The same points, with those of no series of the picture under « others »."""
    known = {each.id for each in series}
    return summed(point if point.series in known else replace(point, series=OTHERS) for point in points)


def mondays(weeks: Collection[date]) -> tuple[date, ...]:
    """Every Monday from the first of these to the last: a week without a visit is a week too."""
    if not weeks:
        return ()
    first, last = min(weeks), max(weeks)
    return tuple(first + timedelta(weeks=number) for number in range((last - first).days // 7 + 1))


def filled(points: Iterable[Point], series: Sequence[Series], weeks: Iterable[date]) -> tuple[Point, ...]:
    """The same with a zero where a series has nothing in a week: a line must not lead over it."""
    return summed([*points, *(Point(week, each.id, 0) for week in weeks for each in series)])


def settled(rows: Iterable[SettledWeek]) -> tuple[Point, ...]:
    """The visits by how they were settled, and week."""
    return summed(Point(row.week, row.how, row.visits) for row in rows)


def failures(rows: Iterable[ReasonWeek]) -> tuple[Point, ...]:
    """How often each source gave no answer, by week."""
    return summed(Point(row.week, row.source, row.count) for row in rows if is_failure(row))


def reasons(rows: Iterable[ReasonWeek]) -> tuple[tuple[str, str, int], ...]:
    """Source, reason and how often, the most frequent first."""
    sums: defaultdict[tuple[str, str], int] = defaultdict(int)
    for row in filter(is_failure, rows):
        sums[row.source, row.reason] += row.count
    return tuple((*key, count) for key, count in sorted(sums.items(), key=lambda each: (-each[1], each[0])))


def is_failure(row: ReasonWeek) -> bool:
    """Whether the source was asked, or should have been, and nothing was learnt of it."""
    return row.state == SessionState.UNKNOWN and row.reason not in _NO_FAILURES


def summed(points: Iterable[Point]) -> tuple[Point, ...]:
    """One point a week and series, in order of time."""
    sums: defaultdict[tuple[date, str], int] = defaultdict(int)
    for point in points:
        sums[point.week, point.series] += point.count
    return tuple(Point(week, series, count) for (week, series), count in sorted(sums.items()))


def _by_series(points: Iterable[Point]) -> dict[str, int]:
    sums: defaultdict[str, int] = defaultdict(int)
    for point in points:
        sums[point.series] += point.count
    return dict(sums)


def _middle(points: Iterable[Point], series: str) -> float:
    own = [point for point in points if point.series == series]
    return sum(point.week.toordinal() * point.count for point in own) / max(1, sum(point.count for point in own))


WAYS: dict[Settled, str] = {
    Settled.SIGNAL: "D’après la demande elle-même",
    Settled.SERVER: "En demandant au serveur du guichet",
    Settled.BROWSER: "Par un aller-retour du navigateur",
    Settled.MIRE: "Par le choix de la famille, sur la mire",
    Settled.AWAY: "Partie interroger un guichet, pas revenue",
}
