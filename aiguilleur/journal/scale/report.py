"""What a period of the journal comes to, counted over ten million visits as over ten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiguilleur.journal.scale import sql
from aiguilleur.journal.scale.database import Database, opened
from aiguilleur.journal.scale.files import Files, unpacked
from aiguilleur.journal.scale.results import (
    ConfigChange,
    Counts,
    Dimension,
    LatencyBin,
    Migration,
    ReasonWeek,
    Regret,
    Regretted,
    Report,
    Row,
    Scope,
    SettledWeek,
    SourceChange,
)
from aiguilleur.journal.settled import Settled

#: Where days begin, unless a site says otherwise.
ZONE = "Europe/Paris"


@contextmanager
def reading(files: Files, zone: str = ZONE) -> Iterator[Database]:
    """A database with the views `journal` and `visits` over these files; JournalError when they cannot be read."""
    with unpacked(files.lines) as lines, opened([*lines, *files.days]) as database:
        parts = []
        if lines:
            # Read once, whatever is asked of it: what is compacted takes seconds, this does not.
            rows = f"SELECT * EXCLUDE (file) FROM ({sql.lines(lines)})"
            database.run(f"CREATE TEMP TABLE recent AS {sql.closed(rows, zone)}")
            database.run(sql.TOO_LONG)
            parts.append("FROM recent")
        if files.days:
            parts.append(sql.days(files.days))
        database.run(f"CREATE TEMP VIEW written AS {' UNION ALL BY NAME '.join(parts) or sql.NOTHING}")
        for view in sql.VIEWS:
            database.run(view)
        yield database


def report(
    files: Files,
    scope: Scope | None = None,
    *,
    by: Collection[Dimension] = tuple(Dimension),
    groups: Mapping[str, str] | None = None,
    zone: str = ZONE,
    step: Callable[[str], None] = lambda _: None,
) -> Report:
    """Everything that these files tell of a scope, with the counts `by` these.

    `groups` names the group of a source: in the migration, its members are one. `step` is told what comes next.
    Raises JournalError when the extra `ops` is not installed, or a file cannot be read.
    """
    step("reading")
    with reading(files, zone) as database:
        return _Reader(database, scope or Scope(), groups or {}, ZoneInfo(zone)).report(by, step)


def named_in(files: Files, field: str) -> frozenset[str]:
    """What the lines of these files hold in a field: the configurations, the targets, the sources that they name."""
    with reading(files) as database:
        return frozenset(name for (name,) in database.run(f"SELECT DISTINCT {field} FROM journal") if name)


class _Reader:
    """Counts the visits of a scope."""

    def __init__(self, database: Database, scope: Scope, groups: Mapping[str, str], zone: ZoneInfo) -> None:
        self._database, self._scope, self._groups, self._zone = database, scope, groups, zone

    def report(self, by: Collection[Dimension], step: Callable[[str], None]) -> Report:
        step("visits")
        self._database.run(sql.COMEBACKS)
        self._rows(sql.COUNTED)
        [(lines, first, last)] = self._rows(sql.SPAN)
        [(torn,)] = self._database.run(sql.TORN)
        return replace(
            self._pictures(step),
            scope=self._scope,
            first=self._instant(first) if first else None,
            last=self._instant(last) if last else None,
            lines=lines,
            torn=torn,
            total=next((row.counts for row in self._counts("''", step)), Counts()),
            by={each: tuple(self._counts(each, step)) for each in by},
        )

    def _pictures(self, step: Callable[[str], None]) -> Report:
        step("migration")
        schools = self._migration()
        settled, latency = self._database.run(sql.SETTLED_WEEKS), self._database.run(sql.LATENCY)
        step("reasons")
        reasons = self._rows(sql.REASONS)
        step("regrets")
        return Report(
            academies=tuple(_of_academies(schools)),
            schools=schools,
            settled=tuple(SettledWeek(week, Settled(how), visits) for week, how, visits in settled),
            latency=tuple(LatencyBin(Settled(how), upto, visits) for how, upto, visits in latency),
            reasons=tuple(ReasonWeek(*row) for row in reasons),
            regrets={each: tuple(self._regrets(each)) for each in Regretted},
            configs=tuple(ConfigChange(self._instant(at), *map(_text, row)) for at, *row in self._changes(sql.CONFIGS)),
            sources=tuple(SourceChange(self._instant(at), *map(_text, row)) for at, *row in self._changes(sql.SOURCES)),
        )

    def _counts(self, key: str, step: Callable[[str], None]) -> Iterator[Row]:
        step(f"by {key}" if key != "''" else "totals")
        for name, *numbers in self._database.run(sql.COUNTS.format(key=key)):
            yield Row(name, Counts(*numbers))

    def _migration(self) -> tuple[Migration, ...]:
        counts: Counter[tuple[date, str, str, str]] = Counter()
        for week, academy, etab, source, visits in self._database.run(sql.MIGRATION):
            counts[week, academy, etab, self._groups.get(source, source)] += visits
        return tuple(Migration(*key, visits) for key, visits in sorted(counts.items()))

    def _regrets(self, by: Regretted) -> Iterator[Regret]:
        signals = by is Regretted.SIGNAL
        rows = self._rows(sql.SIGNAL_REGRETS) if signals else self._database.run(sql.REGRETS.format(key=by))
        yield from (Regret(*row) for row in rows)

    def _instant(self, naive: datetime) -> datetime:
        return naive.replace(tzinfo=UTC).astimezone(self._zone)

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._filled(query.format(scope=sql.scope(self._scope)), self._scope)

    def _changes(self, query: str) -> list[tuple[Any, ...]]:
        """What happened to the sources and the rules in the period, whichever visits are counted."""
        period = Scope(self._scope.since, self._scope.until)
        return self._filled(query.format(period=sql.scope(period)), period)

    def _filled(self, query: str, scope: Scope) -> list[tuple[Any, ...]]:
        instants = {"since": scope.since, "until": scope.until}
        values: dict[str, Any] = {name: at.astimezone(UTC).replace(tzinfo=None) for name, at in instants.items() if at}
        names = {name: getattr(scope, name) for name in ("etab", "academy", "target", "source")}
        values |= {name: value for name, value in names.items() if value}
        return self._database.run(query, values or None)


def _of_academies(schools: tuple[Migration, ...]) -> Iterator[Migration]:
    counts: Counter[tuple[date, str, str]] = Counter()
    for each in schools:
        counts[each.week, each.academy, each.source] += each.visits
    for (week, academy, source), visits in sorted(counts.items()):
        yield Migration(week, academy, "", source, visits)


def _text(value: Any) -> str:
    return value or ""
