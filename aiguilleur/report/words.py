"""How the page says things: in French, for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent

from aiguilleur.journal.scale.masking import LEAST

_FRENCH = "fr_FR"


@dataclass(frozen=True, slots=True)
class Voice:
    """How counts are said: exactly, or so that none of them points at a family."""

    masked: bool
    zone: tzinfo

    def number(self, count: int) -> str:
        """`12 345`; of a small one among masked ones, only that it is small."""
        return f"< {LEAST}" if self.masked and 0 < count < LEAST else format_decimal(count, locale=_FRENCH)

    def part(self, count: int, whole: int) -> str:
        """The share of a count in a whole; a dash of nothing, a word for a masked one."""
        if self.masked and 0 < count < LEAST:
            return "très peu"
        if not whole:
            return "—"
        return percent(count / whole)

    def moment(self, value: datetime) -> str:
        """`4 janvier 2021 à 10:12`, in local time."""
        return format_datetime(value.astimezone(self.zone), "d MMMM y 'à' HH:mm", locale=_FRENCH)

    def day(self, value: datetime) -> str:
        """`4 janvier 2021`, in local time."""
        return long_day(value.astimezone(self.zone).date())


def percent(share: float) -> str:
    """`12 %`; with a decimal below ten, where a unit is much."""
    near = 0 < share < 0.0995
    return format_percent(share, format="#,##0.0 %" if near else "#,##0 %", locale=_FRENCH)


def long_day(value: date) -> str:
    """`4 janvier 2021`, `1er mai 2021`."""
    return format_date(value, "d'er' MMMM y" if value.day == 1 else "d MMMM y", locale=_FRENCH)


def short_day(value: date) -> str:
    """`04/01/2021`."""
    return format_date(value, "dd/MM/y", locale=_FRENCH)


def duration(ms: int | None) -> str:
    """`38 ms`, or `1,2 s`."""
    if ms is None:
        return "—"
    return f"{ms} ms" if ms < 1000 else f"{format_decimal(ms / 1000, format='#,##0.#', locale=_FRENCH)} s"
