"""A school year as it might have been, made by hand: nine académies, the accounts changing from January to July."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from aiguilleur.journal.scale import (
    ConfigChange,
    Counts,
    LatencyBin,
    Migration,
    ReasonWeek,
    Regret,
    Regretted,
    Report,
    Scope,
    Settled,
    SettledWeek,
    SourceChange,
)
from aiguilleur.report import Names

ACADEMIES = ("besancon", "dijon", "reims", "nancy-metz", "strasbourg", "lyon", "grenoble", "clermont", "limoges")
WEEKS = tuple(date(2020, 8, 31) + timedelta(weeks=number) for number in range(45))
HOLIDAYS = (8, 16, 17, 23, 24, 33)
NAMES = Names(
    sources={"aten": "ATEN", "educonnect": "EduConnect"},
    schools={f"clg-{number}": f"Collège Numéro {number} de Ville-sur-Rivière" for number in range(900)},
    academies={name: f"Académie de {name.title()}" for name in ACADEMIES},
)
MADE_AT = datetime(2021, 7, 8, 6, tzinfo=UTC)
EVERYTHING = Scope()
_HOW = {
    Settled.SIGNAL: 9000,
    Settled.SERVER: 5000,
    Settled.BROWSER: 1500,
    Settled.MIRE: 3000,
    Settled.AWAY: 100,
}
_BINS = {2: 900, 10: 50000, 20: 90000, 54: 120000, 108: 60000, 216: 30000, 512: 12000, 1024: 4000, 2049: 800}


def year(schools: int = 60, scope: Scope = EVERYTHING) -> Report:
    """The report of that year, for so many schools."""
    academies = tuple(row for place, name in enumerate(ACADEMIES) for row in _leaving(8000 // (place + 1), name))
    return Report(
        scope=scope,
        first=datetime(2020, 9, 1, 6, tzinfo=UTC),
        last=datetime(2021, 7, 7, 6, tzinfo=UTC),
        lines=900_000,
        torn=3,
        total=Counts(460_000, 370_000, 60_000, 18_000, 6_000, 6_000, 9_000, 38, 640),
        academies=() if scope.etab else academies,
        schools=tuple(
            row
            for number in range(schools)
            for row in _leaving(2000 // (number + 5), ACADEMIES[number % 9], f"clg-{number}")
            if scope.etab in ("", row.etab)
        ),
        settled=tuple(SettledWeek(week, how, visits) for week in WEEKS for how, visits in _HOW.items()),
        latency=tuple(LatencyBin(Settled.SIGNAL, upto, visits) for upto, visits in _BINS.items()),
        reasons=tuple(_reasons()),
        regrets={
            Regretted.RULE: (Regret("inside-eclat", 40000, 2200), Regret("aten-active", 200000, 600)),
            Regretted.SIGNAL: (Regret("entry=eclat", 40000, 1200), Regret("cookie", 9000, 800)),
            Regretted.ETAB: tuple(Regret(f"clg-{number}", 1000, number % 40) for number in range(schools)),
            Regretted.WEEK: tuple(Regret(week.isoformat(), 20000, 400) for week in WEEKS),
        },
        configs=(
            ConfigChange(datetime(2021, 1, 4, 9, 12, tzinfo=UTC), "loaded", "5f3c9a" * 3, "ts1"),
            ConfigChange(datetime(2021, 5, 4, 9, 12, tzinfo=UTC), "refused", "", "ts1"),
            ConfigChange(datetime(2021, 5, 4, 9, 30, tzinfo=UTC), "loaded", "bb139a" * 3, "ts1"),
        ),
        sources=(
            SourceChange(
                datetime(2021, 5, 4, 9, 12, tzinfo=UTC), "aten", "aten-besancon-status", "open", "deadline", "ts1"
            ),
        ),
    )


def _leaving(size: int, academy: str, etab: str = "") -> Iterator[Migration]:
    """Families leave ATEN from January on, and in July all have left."""
    for number, week in enumerate(WEEKS):
        here = size // 10 if number in HOLIDAYS else size
        left = min(here, max(0, here * (number - 18) // 26))
        yield Migration(week, academy, etab, "aten", here - left)
        yield Migration(week, academy, etab, "educonnect", left)


def _reasons() -> Iterator[ReasonWeek]:
    for number, week in enumerate(WEEKS):
        yield ReasonWeek(week, "aten", "unknown", "back", "deadline", number * 7 % 40)
        yield ReasonWeek(week, "educonnect", "unknown", "front", "not-returned", number * 3 % 20)
        yield ReasonWeek(week, "aten", "active", "back", "answer", 5000)
        yield ReasonWeek(week, "aten", "unknown", "back", "no-cookie", 9000)
