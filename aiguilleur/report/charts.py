"""Pictures as SVG that a page holds itself: their colours are the page's, in light, in dark and on paper."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from math import ceil
from typing import Any

import altair as alt
import vl_convert

from aiguilleur.report.series import MOST_SERIES, Point, Series

#: Custom properties of the page's style: a chart names no colour of its own.
_INK, _FAINT, _PAPER = "var(--ink)", "var(--faint)", "var(--paper)"
COLOURS = tuple(f"var(--c{number})" for number in range(1, MOST_SERIES + 1))
#: A line is told from its neighbour without its colour too.
DASHES: tuple[tuple[int, ...], ...] = ((1, 0), (6, 3), (2, 3), (9, 3, 2, 3), (4, 2))
#: The width that a picture is drawn for, in pixels: of a desk, of a telephone, and of one among many.
WIDE, NARROW, SMALL = 760, 330, 190
#: So wide is a bar at most: that of a week alone is no wall.
_BROADEST = 60
_WEEK = timedelta(weeks=1)
#: With a tick every so many weeks, they are Mondays; with fewer ticks, months are easier to read.
_OFTEN = 2
#: Letters are as wide as the reader's machine has them, not as they are measured here.
_ROOM = 16.0
#: What assistive technology would read bar by bar; the picture has a name and a table instead.
_SPOKEN = re.compile(r' (?:aria-[a-z]+|role)="[^"]*"')
_DECIMALS = re.compile(r"(\.[0-9])[0-9]+")
_HEAD = re.compile(r'^<svg [^>]*viewBox="([^"]*)"[^>]*>')


def lines(points: Sequence[Point], series: Sequence[Series], marks: Sequence[date], width: int) -> str:
    """Counts by week, one line a series, with an upright where something changed."""
    base = alt.Chart(_rows(points, series)).encode(
        x=_weeks(points, width),
        y=_counts(),
        color=_colour(series),
        strokeDash=alt.StrokeDash("series:N", legend=None, scale=_scale(series, DASHES)),
    )
    drawn = base.mark_line(strokeWidth=2.5, strokeJoin="round") + base.mark_point(filled=True, size=18, opacity=1)
    return _svg(drawn + _uprights(points, marks), width, 230)


def stacked(points: Sequence[Point], series: Sequence[Series], marks: Sequence[date], width: int) -> str:
    """Counts by week, one upon the other, the first series lowest."""
    drawn = _bars(points, series, width, _counts(stack="zero"), points)
    return _svg(drawn + _uprights(points, marks), width, 230)


def shares(points: Sequence[Point], series: Sequence[Series], every: Sequence[Point]) -> str:
    """The same as a small picture of shares, over the weeks of `every`, so that neighbours compare."""
    axis = alt.Axis(format="%", values=[0, 0.5, 1])
    drawn = _bars(points, series, SMALL, alt.Y("count:Q", title=None, stack="normalize", axis=axis), every)
    return _svg(drawn, SMALL, 80)


def histogram(bars: Sequence[tuple[str, int]], width: int) -> str:
    """Upright bars in the order given, each with its name below."""
    chart = alt.Chart(alt.InlineData(values=[{"name": name, "count": count} for name, count in bars]))
    axis = alt.Axis(labelAngle=0 if width > NARROW else -40, title=None)
    wide = min(_BROADEST, 0.9 * (width - 50) / max(1, len(bars)))
    drawn = chart.mark_bar(color=COLOURS[0], width=wide).encode(x=alt.X("name:N", sort=None, axis=axis), y=_counts())
    return _svg(drawn, width, 200)


def ranking(bars: Sequence[tuple[str, float, str]], width: int) -> str:
    """Bars that lie, in the order given: what each is called, how long it is, and what it says at its end."""
    longest = max((size for _, size, _ in bars), default=0) or 1
    base = alt.Chart(
        alt.InlineData(values=[{"name": name, "size": size, "says": says} for name, size, says in bars])
    ).encode(
        y=alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=width // 2, ticks=False, domain=False)),
        x=alt.X("size:Q", axis=None, scale=alt.Scale(domain=[0, 1.25 * longest])),
    )
    said = base.mark_text(align="left", dx=5, color=_INK, fontSize=12).encode(text="says:N")
    room = _ROOM + max((len(name) for name, _, _ in bars), default=0)
    return _svg(base.mark_bar(color=COLOURS[0], height=14) + said, width // 2, 24 * len(bars), room)


def _bars(points: Sequence[Point], series: Sequence[Series], width: int, y: alt.Y, every: Sequence[Point]) -> Any:
    first, end = _span(every)
    wide = min(_BROADEST, (width - 50) * (_WEEK / (end - first)))
    # Among many, there is no room for air between bars.
    bar = {"size": 1.15 * wide} if width == SMALL else {"size": 0.8 * wide, "stroke": _PAPER, "strokeWidth": 0.5}
    return (
        # Of a bar without height, the edge alone would be seen.
        alt.Chart(_rows([each for each in points if each.count], series))
        .mark_bar(**bar)
        .encode(x=_weeks(every, width), y=y, color=_colour(series), order=alt.Order("rank:Q"))
    )


def _rows(points: Sequence[Point], series: Sequence[Series]) -> alt.InlineData:
    rank = {each.id: place for place, each in enumerate(series)}
    rows = [
        {"at": _instant(each.week, _WEEK / 2), "series": each.series, "count": each.count, "rank": rank[each.series]}
        for each in points
        if each.series in rank
    ]
    return alt.InlineData(values=rows)


def _weeks(points: Sequence[Point], width: int) -> alt.X:
    """Time, on which the numbers of a week stand between its Monday and the next."""
    first, end = _span(points)
    ticks = {SMALL: 3, NARROW: 5}.get(width, 10)
    weeks = (end - first) // _WEEK
    apart = ceil(weeks / ticks)
    mondays = [_instant(first, number * _WEEK) for number in range(0, weeks + 1, apart)]
    # Left to itself, an axis of weeks has Sundays.
    own: dict[str, Any] = {"values": mondays} if apart <= _OFTEN else {"tickCount": ticks}
    axis = alt.Axis(title=None, format="%-d %b", labelOverlap=True, **own)
    return alt.X("at:T", scale=alt.Scale(type="utc", domain=[_instant(first), _instant(end)]), axis=axis)


def _span(points: Sequence[Point]) -> tuple[date, date]:
    """The Monday on which the first week begins, and that on which the last ends."""
    return min(each.week for each in points), max(each.week for each in points) + _WEEK


def _instant(day: date, after: timedelta = timedelta()) -> str:
    # With its zone: the local time of this machine would move weeks.
    return f"{datetime.combine(day, time()) + after:%Y-%m-%dT%H:%MZ}"


def _counts(**how: Any) -> alt.Y:
    # Half a visit is nobody's; of a step of one, Vega makes a half, for it allows one tick more than there is room for.
    return alt.Y("count:Q", axis=alt.Axis(title=None, tickMinStep=1.01), **how)


def _colour(series: Sequence[Series]) -> alt.Color:
    return alt.Color("series:N", legend=None, scale=_scale(series, COLOURS))


def _scale(series: Sequence[Series], given: Sequence[Any]) -> alt.Scale:
    return alt.Scale(domain=[each.id for each in series], range=list(given[: len(series)]))


def _uprights(points: Sequence[Point], marks: Sequence[date]) -> Any:
    first, end = _span(points)
    rows = [{"at": _instant(each)} for each in sorted(set(marks)) if first <= each < end]
    return alt.Chart(alt.InlineData(values=rows)).mark_rule(color=_INK, strokeDash=[1, 3], opacity=1).encode(x="at:T")


def _svg(chart: Any, width: int, height: int, room: float = _ROOM) -> str:
    padding = {"left": room, "right": 10.0, "top": 6.0, "bottom": 4.0}
    told = (
        chart.properties(width=width - 50, height=height, padding=padding)
        .configure(background="transparent", font="sans-serif")
        .configure_axis(
            labelColor=_INK,
            gridColor=_FAINT,
            domainColor=_INK,
            tickColor=_INK,
            labelFontSize=_letters(width),
        )
        .configure_axisX(grid=False)
        .configure_view(stroke=None)
    )
    drawn = vl_convert.vegalite_to_svg(told.to_dict(), format_locale="fr-FR", time_format_locale="fr-FR")
    plain = _DECIMALS.sub(r"\1", _SPOKEN.sub("", drawn))
    return _HEAD.sub(r'<svg viewBox="\1" aria-hidden="true" focusable="false">', plain, count=1)


def _letters(width: int) -> int:
    return 10 if width == SMALL else 12
