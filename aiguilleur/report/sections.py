"""What the page tells, in the order in which it is asked: where families go, how, how well, and what failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import count, takewhile

from aiguilleur.journal.scale import LatencyBin, Regretted, Report
from aiguilleur.report import charts
from aiguilleur.report.series import (
    RECENT,
    WAYS,
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
    settled,
    sources_of,
)
from aiguilleur.report.tables import Bin, Table, Tables
from aiguilleur.report.words import UNTOLD, Voice, duration

#: So many schools have a picture; all of them are in the table.
MOST_SCHOOLS = 24
#: The first bar of latencies: what is quicker is quick.
_LEAST_MS = 4
#: So many bars are read at a glance; all of them are in the table.
_MOST_BARS = 12


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture, drawn for a desk and for a telephone, and what it shows, for those who do not see it."""

    shows: str
    wide: str
    narrow: str


@dataclass(frozen=True, slots=True)
class Small:
    """One of many small pictures."""

    name: str
    shows: str
    drawn: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page."""

    id: str
    title: str
    text: str = ""
    legend: tuple[Series, ...] = ()
    picture: Picture | None = None
    small: tuple[Small, ...] = ()
    #: Read with the picture, and folded behind it.
    tables: tuple[Table, ...] = ()
    #: Read in the place of a picture.
    shown: Table | None = None
    #: Whether the picture is of lines, and not of bars.
    has_lines: bool = False


def sections(report: Report, names: Names, voice: Voice) -> tuple[Section, ...]:
    """The parts that have something to tell; of one school, those that concern it."""
    told = _Telling(report, names, voice)
    parts = told.of_one_school() if report.scope.etab else told.of_all()
    return tuple(part for part in parts if part.picture or part.small or part.tables or part.shown)


def lead(report: Report, names: Names, voice: Voice) -> str:
    """In a sentence, where families go now; empty when they go nowhere, or are too few to tell."""
    return _Telling(report, names, voice).lead()


def _drawn(shows: str, draw: Callable[[int], str]) -> Picture:
    return Picture(shows, draw(charts.WIDE), draw(charts.NARROW))


class _Telling:
    def __init__(self, report: Report, names: Names, voice: Voice) -> None:
        self._report, self._names, self._voice = report, names, voice
        self._tables = Tables(voice, names)
        points = migration(report.schools or report.academies)
        self._sources = sources_of(points, names)
        self._weeks = mondays({each.week for each in points} | {each.week for each in report.settled})
        self._points = filled(folded(points, self._sources), self._sources, self._weeks if points else ())
        self._last = max(self._weeks, default=date.min)
        self._is_long = len(self._weeks) * timedelta(weeks=1) > RECENT
        self._marks = [each.at.astimezone(voice.zone).date() for each in report.configs if each.outcome != "seen"]
        #: A line needs two weeks.
        self._has_lines = len(self._weeks) > 1
        self._course = charts.lines if self._has_lines else charts.stacked

    def lead(self) -> str:
        recent = Group("", "", self._points).lately(self._last)
        shares = self._voice.parts(recent)
        parts = [f"{shares[each.id]} avec {each.name}" for each in self._sources if recent.get(each.id)]
        when = ", ces quatre dernières semaines" if self._is_long else ""
        said = f"Parmi les visites menées au service{when} : {', '.join(parts)}."
        return said if parts and UNTOLD not in shares.values() else ""

    def of_all(self) -> Iterator[Section]:
        report = self._report
        yield self._migration(marks=self._marks)
        by_academy = grouped(report.academies, lambda row: row.academy, self._names.academies)
        yield self._groups("academies", "Par académie", "Académie", by_academy, len(by_academy))
        by_school = grouped((row for row in report.schools if row.etab), lambda row: row.etab, self._names.schools)
        yield self._groups("etablissements", "Par établissement", "Établissement", by_school, MOST_SCHOOLS)
        yield self._ways()
        yield self._latency()
        yield self._health()
        yield self._reasons()
        yield self._regrets()
        yield self._configs()

    def of_one_school(self) -> Iterator[Section]:
        yield self._migration(marks=())
        yield self._ways()

    def _migration(self, marks: Sequence[date]) -> Section:
        return Section(
            "migration",
            "Avec quel compte, semaine après semaine",
            "Visites qui sont arrivées au service, selon le compte avec lequel elles y sont entrées."
            + (" Les traits verticaux sont des changements de configuration." if marks else ""),
            self._sources,
            self._weekly("Visites par semaine et par compte", self._points, self._sources, self._course, marks),
            tables=(self._tables.by_week("Visites par semaine et par compte", self._points, self._sources),)
            if self._points
            else (),
            has_lines=self._has_lines,
        )

    def _groups(self, id: str, title: str, what: str, groups: Sequence[Group], most: int) -> Section:  # noqa: A002
        if not groups:
            return Section(id, title)
        groups = [replace(group, points=folded(group.points, self._sources)) for group in groups]
        small = tuple(self._small(group) for group in groups[:most])
        table = self._tables.by_group(title, what, groups, self._sources, self._last)
        text = "Part de chaque compte dans les visites, de 0 à 100 %, par semaine."
        if len(groups) > len(small):
            text += f" Ici, les {len(small)} où il y a le plus de visites ; tous sont dans le tableau."
        return Section(id, title, text, self._sources, small=small, shown=table)

    def _small(self, group: Group) -> Small:
        recent = group.lately(self._last)
        shares = self._voice.parts({each.id: recent.get(each.id, 0) for each in self._sources})
        parts = [f"{each.name} {shares[each.id]}" for each in self._sources]
        counted = f"{self._voice.number(group.visits)} {self._voice.visits(group.visits)}"
        when = "ces quatre dernières semaines : " if self._is_long else ""
        shows = f"{counted} ; {when}{', '.join(parts)}"
        return Small(group.name, shows, charts.shares(group.points, self._sources, self._points))

    def _ways(self) -> Section:
        points = settled(self._report.settled)
        present = {point.series for point in points}
        ways = tuple(Series(way, name) for way, name in WAYS.items() if way in present)
        points = filled(points, ways, self._weeks)
        title = "Visites par semaine, selon ce qui les a réglées"
        return Section(
            "reglees",
            "Comment les visites ont été réglées",
            "Du moins au plus demandé à la famille ; dans l’image, de bas en haut.",
            ways,
            self._weekly(title, points, ways, charts.stacked, self._marks if not self._report.scope.etab else ()),
            tables=(self._tables.by_week(title, points, ways),) if points else (),
        )

    def _latency(self) -> Section:
        bins = _bins(self._report.latency)
        total = self._report.total
        bars = [(f"≤ {duration(each.upto_ms)}", each.visits) for each in bins]
        return Section(
            "temps",
            "En combien de temps",
            "Temps de réponse de l’aiguilleur à la dernière requête de la visite. La moitié des visites : "
            f"{duration(total.p50_ms)} au plus ; 99 sur 100 : {duration(total.p99_ms)} au plus.",
            picture=_drawn("Visites selon le temps de réponse", lambda width: charts.histogram(bars, width))
            if bars
            else None,
            tables=(self._tables.latency("Visites selon le temps de réponse", bins),) if bins else (),
        )

    def _health(self) -> Section:
        points = failures(self._report.reasons)
        sources = sources_of(points, self._names)
        points = filled(folded(points, sources), sources, self._weeks if points else ())
        title = "Questions restées sans réponse, par semaine et par source"
        tables: tuple[Table, ...] = (self._tables.by_week(title, points, sources),) if points else ()
        if self._report.sources:
            tables += (self._tables.sources("Sources mises à l’écart, et reprises", self._report.sources),)
        text = "Combien de fois une source n’a pas dit si le navigateur y a une session."
        picture = self._weekly(title, points, sources, self._course, self._marks)
        return Section("sante", "Santé des sources", text, sources, picture, tables=tables, has_lines=self._has_lines)

    def _reasons(self) -> Section:
        most = reasons(self._report.reasons)
        bars = [
            (f"{self._names.source(source)} · {reason}", float(count), self._voice.number(count))
            for source, reason, count in most[:_MOST_BARS]
        ]
        title = "Raisons les plus fréquentes"
        return Section(
            "raisons",
            title,
            "Pourquoi une source n’a pas répondu.",
            picture=_drawn(title, lambda width: charts.ranking(bars, width)) if bars else None,
            tables=(self._tables.reasons(title, most),) if most else (),
        )

    def _regrets(self) -> Section:
        regrets = self._report.regrets
        worst = sorted((each for each in regrets.get(Regretted.RULE, ()) if each.again), key=lambda each: -each.rate)
        bars = [
            (each.key, each.rate, f"{self._voice.part(each.again, each.sent)} de {self._voice.number(each.sent)}")
            for each in worst[:_MOST_BARS]
        ]
        return Section(
            "regrets",
            "Redirections regrettées",
            "Part des visites redirigées qui sont revenues, ou ont demandé un autre choix, dans les trois minutes.",
            picture=_drawn("Part des visites revenues, par règle", lambda width: charts.ranking(bars, width))
            if bars
            else None,
            tables=tuple(
                self._tables.regrets(f"Regrets par {name}", name.capitalize(), regrets[axis], axis)
                for axis, name in _REGRETTED.items()
                if regrets.get(axis)
            ),
        )

    def _configs(self) -> Section:
        loaded = {each.policy for each in self._report.configs if each.outcome == "loaded"}
        # What came into force in the period is not also told as seen there.
        changes = [each for each in self._report.configs if each.outcome != "seen" or each.policy not in loaded]
        title = "Ce qui a changé dans la configuration"
        return Section("configuration", title, shown=self._tables.configs(title, changes) if changes else None)

    def _weekly(
        self,
        shows: str,
        points: Sequence[Point],
        series: Sequence[Series],
        draw: Callable[[Sequence[Point], Sequence[Series], Sequence[date], int], str],
        marks: Sequence[date],
    ) -> Picture | None:
        return _drawn(shows, lambda width: draw(points, series, marks, width)) if points else None


_REGRETTED = {
    Regretted.RULE: "règle",
    Regretted.SIGNAL: "indice",
    Regretted.ETAB: "établissement",
    Regretted.WEEK: "semaine",
}


def _bins(latency: Sequence[LatencyBin]) -> tuple[Bin, ...]:
    """How many visits took up to 4, 8, 16… ms, whatever they were settled by."""
    sums: Counter[int] = Counter()
    for each in latency:
        sums[max(_LEAST_MS, 1 << (each.upto_ms - 1).bit_length())] += each.visits
    last = max(sums, default=0)
    edges = takewhile(lambda edge: edge <= last, (_LEAST_MS << place for place in count()))
    return tuple(Bin(edge, sums[edge]) for edge in edges)
