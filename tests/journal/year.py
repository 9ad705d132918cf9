"""A school year of made-up visits, as the journal of two nodes: `python -m tests.journal.year --visits N --seed S OUT`.

The calendar is the customer's: only ATEN from September on, nine pilot schools on 4 January, every other school from
February to April, peaks in May and June, the end of ATEN on 5 July. Each line is a `JournalEntry`'s own, rendered once
per kind of visit and school and filled in; each day has lots of its own, so that the number of processes changes nothing.
"""

from __future__ import annotations

import argparse
import bisect
import itertools
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path
from random import Random

from msgspec.structs import replace

from aiguilleur.core.model import Channel, Finding, Reason, SessionState
from aiguilleur.journal import Event, JournalEntry, new_code
from tests.journal.kinds import Parts, Place, filled, parts_of, sent_by

FIRST, LAST = date(2020, 9, 1), date(2021, 7, 31)
PILOTS, GENERAL, PEAK, ATEN_ENDS = date(2021, 1, 4), date(2021, 2, 1), date(2021, 5, 3), date(2021, 7, 5)
NODES = "ts1", "ts2"
HOLIDAYS = (
    (date(2020, 10, 17), date(2020, 11, 1)),
    (date(2020, 12, 19), date(2021, 1, 3)),
    (date(2021, 2, 6), date(2021, 2, 21)),
    (date(2021, 4, 10), date(2021, 4, 25)),
    (date(2021, 7, 7), LAST),
)
ACADEMIES = {
    "besancon": 110, "dijon": 60, "lyon": 30, "grenoble": 20, "reims": 20,
    "nancy-metz": 20, "strasbourg": 15, "clermont": 15, "limoges": 10,
}  # fmt: skip
#: Days, hours (UTC) and académies on which a guichet is ill: the slow days of June, and one night.
OUTAGES = (
    (date(2021, 5, 17), 16, 19, "besancon"),
    (date(2021, 6, 7), 6, 10, "besancon"),
    (date(2021, 6, 8), 17, 20, "dijon"),
    (date(2021, 3, 11), 1, 3, "lyon"),
)
#: From when on which configuration was live, and what was refused that day.
CONFIGS = (
    (FIRST, "1f0a7be4c2d1"),
    (PILOTS, "5f3c9a00ff00"),
    (GENERAL, "9b2d4417ac35"),
    (date(2021, 4, 26), "c01d77aa9e10"),
    (ATEN_ENDS + timedelta(days=1), "e7716e0c5ab2"),
)
#: Out of a thousand visits of a day, how many fall into each hour (UTC).
HOURS = (4, 2, 1, 1, 2, 14, 46, 62, 58, 48, 44, 62, 58, 42, 40, 58, 92, 108, 96, 70, 46, 26, 14, 6)
_HOURS = tuple(accumulate(HOURS))
_CLOCK = tuple(f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}." for s in range(86400))


@cache
def schools() -> tuple[Place, ...]:
    """Three hundred schools of nine académies; nine of Besançon are the pilots."""
    lots, places = Random("schools"), []
    for academy, count in ACADEMIES.items():
        for number in range(count):
            kind, short = (("collège", "clg"), ("lycée", "lyc"))[number % 3 == 2]
            pilot = academy == "besancon" and number < 9
            opens = PILOTS if pilot else GENERAL + timedelta(days=lots.randrange(95))
            weight = lots.lognormvariate(0, 0.6)
            places.append(Place(f"{short}-{academy}-{number:03d}", academy, kind, opens, weight))
    return tuple(places)


def weight_of(day: date) -> float:
    """How many visits a day has among the others."""
    weight = (1.0, 1.0, 0.9, 1.0, 0.8, 0.35, 0.5)[day.weekday()]
    if any(first <= day <= last for first, last in HOLIDAYS):
        weight *= 0.22
    if PEAK <= day <= ATEN_ENDS:
        weight *= 2.4
    return weight * (1.8 if day - FIRST < timedelta(days=14) else 1.0)


def days(visits: int) -> dict[date, int]:
    """How many visits each day of the year has, that many in all."""
    year = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]
    ends = list(accumulate(map(weight_of, year)))
    upto = [round(visits * end / ends[-1]) for end in ends]
    return {day: end - start for day, start, end in zip(year, [0, *upto], upto, strict=False)}


def policy_of(day: date) -> str:
    """The configuration that was live on a day."""
    return next(digest for first, digest in reversed(CONFIGS) if first <= day)


def migrated(place: Place, day: date) -> float:
    """Which share of a school's families uses EduConnect."""
    if day < place.opens:
        return 0.0
    return 1.0 if day > ATEN_ENDS else min(0.96, 0.08 + (day - place.opens).days / 110)


def kind_of(place: Place, day: date, hour: int, draw: Callable[[], float]) -> str:
    """How one visit goes, by lot."""
    if day > ATEN_ENDS:
        return "refused-aten" if draw() < 0.03 else "only-educonnect"
    if day < place.opens:
        return "only-aten"
    if any(day == each and first <= hour < last and academy == place.academy for each, first, last, academy in OUTAGES):
        return ("ill-front", "ill-mire", "ill-choice")[int(draw() * 3)]
    lot = draw()
    if lot < 0.012:
        return "refused"
    if lot < 0.06:
        return "mire" if draw() < 0.3 else "choice-educonnect" if draw() < migrated(place, day) else "choice-aten"
    if draw() >= migrated(place, day):
        return "aten-active" if draw() < 0.86 else "aten-remembered"
    return BY_EDUCONNECT[bisect.bisect(_BY_EDUCONNECT, draw())]


#: How the families of EduConnect are found out, and up to which lot of one.
BY_EDUCONNECT = "came-from", "inside-eclat", "remembered", "front", "stranded"
_BY_EDUCONNECT = 0.3, 0.62, 0.72, 0.998
#: Which share of the visits sent on in this way is come back from; where none stands, four in a thousand.
REGRETTED = {"inside-eclat": 0.031, "remembered": 0.018, "aten-remembered": 0.022}


class Day:
    """The lines of one day by node, each with its millisecond of the day, drawn by lots of its own."""

    def __init__(self, day: date, seed: int) -> None:
        self.day, self.digest, self.lots = day, policy_of(day), Random(f"{seed} {day}")
        self.lines: dict[str, list[tuple[int, str]]] = {node: [] for node in NODES}

    def below(self, number: int) -> int:
        """A whole number; five times as fast as randrange."""
        return int(self.lots.random() * number)

    def visit(self, place: Place) -> None:
        """Draw one visit and, rarely, the one that comes back from it."""
        draw = self.lots.random
        hour = bisect.bisect(_HOURS, draw() * _HOURS[-1])
        at, node = hour * 3_600_000 + self.below(3_600_000), NODES[self.below(2)]
        target, code = ("ent", "teleservices")[draw() < 0.55], new_code(self.below)
        kind = kind_of(place, self.day, hour, draw)
        where = place, target, self.digest
        for number, parts in enumerate(parts_of(kind, *where, node)):
            if number:
                # A trip of the browser takes a second; a choice some twenty.
                at += 300 + self.below(1500) if kind.endswith("front") else 5000 + self.below(40_000)
            self._write(node, at, parts, code)
        rule = sent_by(kind, *where) if draw() < REGRETTED.get(kind, 0.004) else ""
        if rule and at < 86_100_000:
            back = at + 8000 + self.below(160_000)
            [again] = parts_of("mire", *where, node, rule)
            self._write(node, back, again, new_code(self.below), back // 1000 - at // 1000)

    def events(self) -> None:
        """What happened to the configuration and to the guichets that day."""
        for node, entry in itertools.product(NODES, _events(self.day, self.digest, new_code(self.below))):
            at = entry.time
            ms = ((at.hour * 60 + at.minute) * 60 + at.second) * 1000
            self.lines[node].append((ms, replace(entry, node=node).line() + "\n"))

    def _write(self, node: str, at: int, parts: Parts, code: str, ago: int = 0) -> None:
        at = min(at, 86_399_999)
        when = f"{self.day.isoformat()}T{_CLOCK[at // 1000]}{at % 1000:03d}Z"
        self.lines[node].append((at, filled(parts, when, code, self.lots, ago)))


def _events(day: date, digest: str, code: str) -> Iterator[JournalEntry]:
    dawn = datetime(day.year, day.month, day.day, tzinfo=UTC)
    if any(first == day for first, _ in CONFIGS[1:]):
        yield JournalEntry(dawn.replace(hour=4), code, Event.CONFIG, "", outcome="loaded", policy=digest)
    for when, first, last, academy in OUTAGES:
        if when == day:
            aten = f"aten-{academy}"
            for hour, outcome, reason in ((first, "open", Reason.DEADLINE), (last, "closed", Reason.ANSWER)):
                found = (Finding(aten, SessionState.UNKNOWN, Channel.BACK, f"{aten}-status", reason),)
                at = dawn.replace(hour=hour)
                yield JournalEntry(
                    at, code, Event.SOURCE, "", source=aten, outcome=outcome, findings=found, policy=digest
                )


def lines_of(day: date, visits: int, seed: int) -> dict[str, list[tuple[int, str]]]:
    """The lines of a day by node, in order of time."""
    drawn, places = Day(day, seed), schools()
    for place in drawn.lots.choices(places, [each.weight for each in places], k=visits):
        drawn.visit(place)
    drawn.events()
    return {node: sorted(lines) for node, lines in drawn.lines.items()}


def write_day(folder: Path, day: date, visits: int, seed: int) -> int:
    """Write a day's two files; how many lines they have."""
    written = 0
    for node, lines in lines_of(day, visits, seed).items():
        path = folder / node / f"journal-{day.isoformat()}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="ascii") as file:
            file.writelines(line for _, line in lines)
        written += len(lines)
    return written


def write_year(folder: Path, visits: int, seed: int = 1, processes: int = 2) -> int:
    """Write the whole year; how many lines there are."""
    jobs = sorted(days(visits).items(), key=lambda job: -job[1])
    if processes == 1:
        return sum(write_day(folder, day, count, seed) for day, count in jobs)
    with ProcessPoolExecutor(processes) as pool:
        return sum(pool.map(write_day, *zip(*((folder, day, count, seed) for day, count in jobs), strict=True)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--visits", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    sys.stderr.write(f"{write_year(args.out, args.visits, args.seed, args.processes)} lines\n")
