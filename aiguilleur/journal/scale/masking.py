"""Small counts hidden: what a report may tell of one school without telling of one family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from aiguilleur.journal.scale.counting import LEAST, mask
from aiguilleur.journal.scale.results import (
    Counts,
    LatencyBin,
    Migration,
    ReasonWeek,
    Regret,
    Report,
    Row,
    SettledWeek,
)

#: What of a report is counts of visits.
_COUNTED = "lines", "total", "by", "academies", "schools", "settled", "latency", "reasons", "regrets"


def masked(report: Report) -> Report:
    """The same with every count 0, FEW or rounded to a multiple of five.

    Hiding the small ones alone would not do: the other cells and the total give them away. Rounded ones do not, but
    for the rare whole whose parts are all as large as hidden ones can be.
    """
    counted = {name: _masked(getattr(report, name)) for name in _COUNTED}
    first, last = (at and _day(at) for at in (report.first, report.last))
    # A configuration is first seen, and a source left alone, at the instant of somebody's visit.
    configs = tuple(replace(each, at=_day(each.at)) for each in report.configs)
    sources = tuple(replace(each, at=_day(each.at)) for each in report.sources)
    return replace(report, masked=True, first=first, last=last, configs=configs, sources=sources, **counted)


def _day(at: datetime) -> datetime:
    # The instant of a click is one family's; its midday is of the same day in UTC too, in nearly every zone.
    return at.replace(hour=12, minute=0, second=0, microsecond=0)


#: The field that is a count, of each kind of row.
_COUNT = {Migration: "visits", SettledWeek: "visits", LatencyBin: "visits", ReasonWeek: "count"}


def _masked(value: Any) -> Any:
    match value:
        case int():
            told: Any = mask(value)
        case tuple():
            told = tuple(map(_masked, value))
        case Mapping():
            told = {key: _masked(each) for key, each in value.items()}
        case Counts():
            told = _masked_counts(value)
        case Row():
            told = replace(value, counts=_masked_counts(value.counts))
        case Regret():
            told = replace(value, sent=mask(value.sent), again=mask(value.again))
        case _:
            name = _COUNT[type(value)]
            told = replace(value, **{name: mask(getattr(value, name))})
    return told


def _masked_counts(counts: Counts) -> Counts:
    told = {each.name: mask(getattr(counts, each.name)) for each in fields(counts) if not each.name.endswith("_ms")}
    # The median of four families is nearly one family's.
    few = counts.visits < LEAST
    return Counts(**told, p50_ms=None if few else counts.p50_ms, p99_ms=None if few else counts.p99_ms)
