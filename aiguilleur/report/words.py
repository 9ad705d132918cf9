"""How the page says things: in French, for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent

from aiguilleur.journal.scale.counting import LEAST, percents, share, share_beside

_FRENCH = "fr_FR"
#: In the place of a number that there is not, or that is not told.
UNTOLD = "—"
_PERCENT = "\N{NO-BREAK SPACE}%"


@dataclass(frozen=True, slots=True)
class Voice:
    """How counts are said: exactly, or so that none of them points at a family."""

    masked: bool
    zone: tzinfo

    def number(self, count: int) -> str:
        """`12 345`; of a small one among masked ones, only that it is small."""
        return f"< {LEAST}" if self.masked and 0 < count < LEAST else format_decimal(count, locale=_FRENCH)

    def visits(self, count: int) -> str:
        """The word behind that number."""
        return "visite" if self.number(count) in ("0", "1") else "visites"

    def part(self, count: int, whole: int) -> str:
        """The share of a count in a whole, a dash of nothing; of masked ones what it lies between, if that tells."""
        return _between(share(count, whole)) if whole else UNTOLD

    def parts(self, counts: Mapping[str, int]) -> dict[str, str]:
        """The share of each in the sum of all, told as `part` does."""
        rests = {name: sum(count for other, count in counts.items() if other != name) for name in counts}
        return {
            name: _between(share_beside(count, rests[name])) if count or rests[name] else UNTOLD
            for name, count in counts.items()
        }

    def moment(self, value: datetime) -> str:
        """`4 janvier 2021 à 10:12`, in local time."""
        return format_datetime(value.astimezone(self.zone), "d MMMM y 'à' HH:mm", locale=_FRENCH)

    def change(self, value: datetime) -> str:
        """When something changed, as far as that is told."""
        return self.day(value) if self.masked else self.moment(value)

    def day(self, value: datetime) -> str:
        """`4 janvier 2021`, in local time."""
        return long_day(value.astimezone(self.zone).date())


def _between(share: tuple[float, float]) -> str:
    if share[0] == share[1]:
        return percent(share[0])
    near = percents(share)
    if near is None:
        return UNTOLD
    return f"{near[0]} à {near[1]}{_PERCENT}" if near[0] else f"moins de {near[1]}{_PERCENT}"


def percent(share: float) -> str:
    """`12 %`, in one piece; with a decimal below ten, where a unit is much."""
    near = 0 < share < 0.0995
    return format_percent(share, format=f"#,##0.0{_PERCENT}" if near else f"#,##0{_PERCENT}", locale=_FRENCH)


def long_day(value: date) -> str:
    """`4 janvier 2021`, `1er mai 2021`."""
    return format_date(value, "d'er' MMMM y" if value.day == 1 else "d MMMM y", locale=_FRENCH)


def short_day(value: date) -> str:
    """`04/01/2021`."""
    return format_date(value, "dd/MM/y", locale=_FRENCH)


def duration(ms: int | None) -> str:
    """`38 ms`, or `1,2 s`."""
    if ms is None:
        return UNTOLD
    return f"{ms} ms" if ms < 1000 else f"{format_decimal(ms / 1000, format='#,##0.#', locale=_FRENCH)} s"
