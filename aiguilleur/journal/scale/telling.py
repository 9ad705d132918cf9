"""A report as text of 80 columns, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from textwrap import fill
from typing import Any

from aiguilleur.journal.scale.counting import percents, share, shown
from aiguilleur.journal.scale.results import Counts, Regretted, Report, Row

#: The columns of counts, and what stands above them.
_COLUMNS = {
    "visits": "visits", "silent": "silent", "chosen": "mire", "left": "left", "refused": "refused", "away": "away",
    "again": "again", "p50_ms": "p50", "p99_ms": "p99",
}  # fmt: skip
_WIDTH = 80
#: So many reasons and rules are told in the text; all of them in JSON.
_MOST = 10
_UNREAD = "Lines that cannot be read, and are not counted: {}."


def text(report: Report) -> str:
    """The period in a sentence, a table for each thing counted by, why sources did not answer, what is regretted."""
    tables = [_table(by, rows, hidden=report.masked) for by, rows in report.by.items() if rows]
    failures = _listed("Sources that did not answer", _failures(report), hidden=report.masked)
    unread = [_UNREAD.format(report.torn)] if report.torn else []
    return "\n\n".join(each for each in (_sentence(report), *tables, failures, _regrets(report), *unread) if each)


def as_json(report: Report) -> dict[str, Any]:
    """Everything; a masked count below five is the text « < 5 »."""
    told = _json(report, hidden=report.masked)
    assert isinstance(told, dict)
    return told


def as_csv(report: Report) -> str:
    """A line for each row of each table: what it is counted by, its key, its counts."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["by", "key", *_COLUMNS])
    for by, rows in report.by.items():
        for row in rows:
            writer.writerow([by, row.key, *_cells(row.counts, hidden=report.masked)])
    return out.getvalue()


def _sentence(report: Report) -> str:
    total, hidden = report.total, report.masked
    if not (total.visits and report.first and report.last):
        return "No visit."
    shares = ((total.silent, "silent"), (total.chosen, "by the mire"), (total.left, "left there"))
    told = ", ".join(f"{_part(share(count, total.visits))} {how}" for count, how in shares)
    counts = ((total.refused, "refused"), (total.away, "away"), (total.again, "came back within 3 min"))
    more = ", ".join(f"{shown(count, hidden=hidden)} {how}" for count, how in counts)
    period, visits = f"{report.first:%Y-%m-%d} to {report.last:%Y-%m-%d}", shown(total.visits, hidden=hidden)
    quick = "" if total.p50_ms is None else f"; half of them within {total.p50_ms} ms, 99 % within {total.p99_ms} ms"
    noun = "visit" if visits == "1" else "visits"
    return _filled(f"{period}: {visits} {noun}, {told}; {more}{quick}.")


def _filled(sentence: str) -> str:
    """Lines as wide as a terminal, in which a number stays with its unit."""
    held = re.sub(r"(?<=[0-9?]) (?=%|ms|min)", "\N{NO-BREAK SPACE}", sentence)
    return fill(held, _WIDTH).replace("\N{NO-BREAK SPACE}", " ")


def _part(between: tuple[float, float]) -> str:
    """A share; of masked counts what it lies between, if that tells anything."""
    if between[0] == between[1]:
        return f"{100 * between[0]:.1f} %"
    near = percents(between)
    return f"{near[0]}-{near[1]} %" if near else "? %"


def _cells(counts: Counts, *, hidden: bool) -> list[str]:
    values = ((name, getattr(counts, name)) for name in _COLUMNS)
    return ["" if value is None else shown(value, hidden=hidden and not name.endswith("_ms")) for name, value in values]


def _table(by: str, rows: Iterable[Row], *, hidden: bool) -> str:
    lines = [[by, *_COLUMNS.values()], *([row.key or "-", *_cells(row.counts, hidden=hidden)] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    room = _WIDTH - sum(width + 1 for width in widths[1:])
    return "\n".join(_line(line, min(widths[0], room), widths[1:]) for line in lines)


def _line(cells: list[str], room: int, widths: list[int]) -> str:
    """A row; a key that is longer than its column has a line of its own."""
    key, *numbers = cells
    right = "".join(f" {cell:>{width}}" for cell, width in zip(numbers, widths, strict=True))
    return f"{key:<{room}}{right}" if len(key) <= room else f"{key}\n{'':<{room}}{right}"


def _failures(report: Report) -> Counter[str]:
    counts: Counter[str] = Counter()
    for each in report.reasons:
        if each.state == "unknown":
            counts[f"{each.source}, {each.channel}: {each.reason}"] += each.count
    return counts


def _listed(title: str, counts: Counter[str], *, hidden: bool) -> str:
    lines = (f"{shown(count, hidden=hidden):>9}  {what}" for what, count in counts.most_common(_MOST))
    return "\n".join((title, *lines)) if counts else ""


def _regrets(report: Report) -> str:
    some = [each for each in report.regrets.get(Regretted.RULE, ()) if each.again]
    worst = sorted(some, key=lambda each: (-each.rate, each.key))[:_MOST]
    lines = (f"{_part(share(each.again, each.sent)):>10}  {each.key}" for each in worst)
    return "\n".join(("Rules that visitors came back from within 3 min", *lines)) if worst else ""


def _json(value: Any, *, hidden: bool, name: str = "") -> Any:
    if is_dataclass(value):
        pairs: Iterator[tuple[str, Any]] = ((each.name, getattr(value, each.name)) for each in fields(value))
        return {key: _json(each, hidden=hidden, name=key) for key, each in pairs}
    if isinstance(value, Mapping):
        return {str(key): _json(each, hidden=hidden) for key, each in value.items()}
    if isinstance(value, tuple):
        return [_json(each, hidden=hidden) for each in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    is_count = isinstance(value, int) and not isinstance(value, bool) and not name.endswith("_ms") and name != "torn"
    return shown(value, hidden=True) if is_count and hidden and 0 < value < 5 else value
