"""The numbers behind each picture, as rows that can be read, sorted and copied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from aiguilleur.core.model import Reason
from aiguilleur.journal.scale import ConfigChange, Regret, Regretted, SourceChange
from aiguilleur.report.series import Group, Names, Point, Series
from aiguilleur.report.words import Voice, duration, short_day
from aiguilleur.support import catalogue

#: Of what happened often, the last so many are told.
MOST_ROWS = 60
#: So many schools are a page that can still be mailed.
MOST_GROUPS = 1500


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell says, and for a number or a date what it is sorted by."""

    text: str
    order: float | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its title; the first cell of each row names it."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Bin:
    """How many visits took up to so many milliseconds, and more than the bin before."""

    upto_ms: int
    visits: int


class Tables:
    """Writes tables in one voice."""

    def __init__(self, voice: Voice, names: Names) -> None:
        """Nothing is written yet."""
        self._voice = voice
        self._names = names

    def by_week(self, title: str, points: Sequence[Point], series: Sequence[Series]) -> Table:
        """A row a week, a column a series."""
        counts = {(point.week, point.series): point.count for point in points}
        weeks = sorted({point.week for point in points})
        rows = tuple(
            (_dated(week), *(self._counted(counts.get((week, each.id), 0)) for each in series)) for week in weeks
        )
        return Table(title, ("Semaine du", *(each.name for each in series)), rows)

    def by_group(self, title: str, what: str, groups: Sequence[Group], series: Sequence[Series], last: date) -> Table:
        """A row a school or an académie: all its visits, and those of late; who uses the first source most, first."""
        recent = {group.id: group.lately(last) for group in groups}
        first = series[0].id if series else ""
        ordered = sorted(groups, key=lambda group: (-recent[group.id].get(first, 0), group.name))
        rows = tuple(
            (Cell(group.name), self._counted(group.visits), *self._lately(recent[group.id], series))
            for group in ordered[:MOST_GROUPS]
        )
        return Table(title, (what, "Visites", *(f"{each.name}, 4 dernières semaines" for each in series)), rows)

    def latency(self, title: str, bins: Sequence[Bin]) -> Table:
        """A row a bin."""
        whole = sum(each.visits for each in bins)
        rows = tuple(
            (
                Cell(f"≤ {duration(each.upto_ms)}", each.upto_ms),
                self._counted(each.visits),
                Cell(self._voice.part(each.visits, whole), each.visits),
            )
            for each in bins
        )
        return Table(title, ("Temps de réponse", "Visites", "Part"), rows)

    def reasons(self, title: str, reasons: Sequence[tuple[str, str, int]]) -> Table:
        """A row a source and reason."""
        rows = tuple(
            (Cell(self._names.source(source)), Cell(reason), Cell(_meaning(reason)), self._counted(count))
            for source, reason, count in reasons
        )
        return Table(title, ("Source", "Raison", "Ce que cela veut dire", "Fois"), rows)

    def regrets(self, title: str, what: str, regrets: Sequence[Regret], axis: Regretted) -> Table:
        """A row a rule, signal or school, the most regretted first; or a row a week, in order."""
        in_order = axis is Regretted.WEEK
        ordered = sorted(regrets, key=lambda each: (0 if in_order else -each.again, each.key))
        rows = tuple(
            (
                self._of(axis, each.key),
                self._counted(each.sent),
                self._counted(each.again),
                Cell(self._voice.part(each.again, each.sent), each.rate),
            )
            for each in ordered[:MOST_GROUPS]
        )
        return Table(title, (what, "Visites redirigées", "Revenues dans les trois minutes", "Part"), rows)

    def configs(self, title: str, changes: Sequence[ConfigChange]) -> Table:
        """A row a configuration that came, or was refused; the last ones first."""
        rows = tuple(
            (
                Cell(self._voice.change(each.at), each.at.timestamp()),
                Cell(_CONFIG.get(each.outcome, each.outcome)),
                Cell(each.policy[:6] or "—"),
                Cell(each.node or "—"),
            )
            for each in sorted(changes, key=lambda each: each.at, reverse=True)[:MOST_ROWS]
        )
        return Table(title, ("Quand", "Configuration", "Empreinte", "Nœud"), rows)

    def sources(self, title: str, changes: Sequence[SourceChange]) -> Table:
        """A row a change of a source's breaker or canary; the last ones first."""
        rows = tuple(
            (
                Cell(self._voice.change(each.at), each.at.timestamp()),
                Cell(self._names.source(each.source)),
                Cell(each.by),
                Cell(f"{each.outcome} ({each.reason})" if each.reason else each.outcome),
                Cell(each.node or "—"),
            )
            for each in sorted(changes, key=lambda each: each.at, reverse=True)[:MOST_ROWS]
        )
        return Table(title, ("Quand", "Source", "Sonde", "État", "Nœud"), rows)

    def _of(self, axis: Regretted, key: str) -> Cell:
        match axis:
            case Regretted.WEEK:
                return _dated(date.fromisoformat(key))
            case Regretted.ETAB:
                return Cell(self._names.schools.get(key, key))
            case Regretted.RULE | Regretted.SIGNAL:
                return Cell(key)

    def _counted(self, count: int) -> Cell:
        return Cell(self._voice.number(count), count)

    def _lately(self, counts: dict[str, int], series: Sequence[Series]) -> Iterable[Cell]:
        shares = self._voice.parts(counts)
        for each in series:
            count = counts.get(each.id, 0)
            said = f" ({shares[each.id]})" if count else ""
            yield Cell(f"{self._voice.number(count)}{said}", count)


_CONFIG = {"loaded": "mise en service", "refused": "refusée : la précédente est restée", "seen": "déjà en service"}


def _dated(day: date) -> Cell:
    return Cell(short_day(day), day.toordinal())


def _meaning(reason: str) -> str:
    """In the words of those who help; nothing for a reason of a later version."""
    return catalogue().reasons[Reason(reason)].means.fr if reason in set(Reason) else ""
