"""`aiguilleur journal report | sql`: what the journal comes to."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import chain, islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from aiguilleur.cli.drawing import write_page
from aiguilleur.cli.files import files_of, paths_argument
from aiguilleur.cli.folder import config_option, settings_of
from aiguilleur.cli.named import etab_of, insist_on_names
from aiguilleur.cli.progress import steps
from aiguilleur.errors import SettingsError
from aiguilleur.journal.scale import Dimension, Report, Scope, as_csv, as_json, masked, reading, text
from aiguilleur.journal.scale import report as report_of
from aiguilleur.settings.load import load
from aiguilleur.settings.model import Settings

PARIS = ZoneInfo("Europe/Paris")
_DEFAULT_BY = (Dimension.WEEK, Dimension.TARGET, Dimension.SOURCE, Dimension.SETTLED)
#: The widths of a table are those of its first rows.
_LOOKED_AT = 100


class _When(click.ParamType[datetime]):
    """A local day, or day and time; a day that ends a period is counted whole."""

    name = "when"

    def __init__(self, *, ends: bool = False) -> None:
        self._ends = ends

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The instant, without a zone unless one was written."""
        try:
            day = date.fromisoformat(str(value))
        except ValueError:
            try:
                return datetime.fromisoformat(str(value))
            except ValueError:
                self.fail(f"'{value}': write 2021-03-15 or « 2021-03-15 10:40 »", param, ctx)
        return datetime.combine(day + timedelta(days=self._ends), time())


@click.command()
@paths_argument
@click.option("--by", multiple=True, type=click.Choice([each.value for each in Dimension]), help="Count by; repeat it.")
@click.option("--since", type=_When(), help="From this local day, or day and time, on.")
@click.option("--until", type=_When(ends=True), help="Up to this day, whole, or this time.")
@click.option("--etab", default="", help="Only this school, in any spelling.")
@click.option("--academy", default="", help="Only this académie.")
@click.option("--target", default="", help="Only this service.")
@click.option("--source", default="", help="Only visits sent to this source.")
@click.option("--masked", "hidden", is_flag=True, help="Hide small counts, for those who are told of one school.")
@click.option("--json", "as_json", is_flag=True, help="Everything, as one JSON object.")
@click.option("--csv", "as_csv", is_flag=True, help="The tables, as CSV.")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a page with pictures into this file; with --etab, small counts are hidden.",
)
@config_option
def report(
    folder: Path,
    paths: tuple[Path, ...],
    by: tuple[str, ...],
    hidden: bool,
    as_json: bool,
    as_csv: bool,
    html: Path | None,
    **scope: Any,
) -> None:
    """Count visits: by day, school, target, source…; how fast, by which way, and what went wrong."""
    as_ = _form(as_json=as_json, as_csv=as_csv)
    if html and (as_ or by):
        raise click.UsageError("--html writes a page with its own tables: ask for it without --json, --csv and --by")
    settings = settings_for(folder, paths)
    asked, zone = _scope(settings, **scope), zone_of(settings).key
    dimensions, files = tuple(map(Dimension, by)) or _DEFAULT_BY, files_of(settings, paths)
    with steps() as step:
        told = report_of(files, asked, by=dimensions, groups=groups_of(settings), zone=zone, step=step)
    if not told.total.visits:
        insist_on_names(asked, settings, files)
    # A page about one school is for those who know its families.
    told = masked(told) if hidden or (html and asked.etab) else told
    if html:
        write_page(html, told, settings)
    else:
        _print(told, as_)
    if not told.total.visits:
        raise click.exceptions.Exit(1)


def _scope(settings: Settings | None, since: datetime | None, until: datetime | None, etab: str, **names: str) -> Scope:
    zone = zone_of(settings)
    return Scope(
        _instant(since, zone), _instant(until, zone), etab_of(settings.directory if settings else None, etab), **names
    )


def _form(*, as_json: bool, as_csv: bool) -> str:
    if as_json and as_csv:
        raise click.UsageError("--json and --csv are two forms: ask for one at a time")
    return "json" if as_json else "csv" if as_csv else ""


def _print(told: Report, as_: str) -> None:
    match as_:
        case "json":
            click.echo(json.dumps(as_json(told), ensure_ascii=False))
        case "csv":
            click.echo(as_csv(told), nl=False)
        case _:
            click.echo(text(told))


@click.command()
@click.argument("query")
@paths_argument
@click.option("--json", "as_json", is_flag=True, help="One JSON object a row.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV.")
@config_option
def sql(folder: Path, query: str, paths: tuple[Path, ...], as_json: bool, as_csv: bool) -> None:
    """Ask in SQL: `journal` has a row for each line, `visits` one for each visit (DuckDB; nothing can be changed)."""
    if not query.strip(" ;\n\t"):
        raise click.UsageError('there is nothing asked; try "SELECT * FROM visits LIMIT 3"')
    written = {"json": _json_lines, "csv": _csv_lines}.get(_form(as_json=as_json, as_csv=as_csv), _table_lines)
    settings = settings_for(folder, paths)
    with reading(files_of(settings, paths), zone_of(settings).key) as database:
        for line in written(*database.table(query)):
            click.echo(line)


def settings_for(folder: Path, paths: tuple[Path, ...]) -> Settings | None:
    """The settings, which a command can do without when it is told what to read."""
    if not paths:
        return settings_of(folder)
    try:
        return load(folder)[0]
    except SettingsError:
        return None


def zone_of(settings: Settings | None) -> ZoneInfo:
    """Where days begin."""
    return settings.site.zone if settings else PARIS


def groups_of(settings: Settings | None) -> dict[str, str]:
    """The group of each source that has one."""
    return {each.id: each.group for each in settings.sources.values() if each.group} if settings else {}


def _instant(at: datetime | None, zone: tzinfo) -> datetime | None:
    return at if at is None or at.tzinfo else at.replace(tzinfo=zone)


def _json_lines(names: list[str], rows: Iterator[tuple[Any, ...]]) -> Iterator[str]:
    return (json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, default=str) for row in rows)


def _csv_lines(names: list[str], rows: Iterator[tuple[Any, ...]]) -> Iterator[str]:
    return map(_csv, chain((names,), rows))


def _csv(cells: Iterable[Any]) -> str:
    class Line(list[str]):
        write = list.append

    line = Line()
    csv.writer(line, lineterminator="").writerow(cells)
    return line[0]


def _table_lines(names: list[str], rows: Iterator[tuple[Any, ...]]) -> Iterator[str]:
    first = [[_cell(value) for value in row] for row in islice(rows, _LOOKED_AT)]
    widths = [max(map(len, column)) for column in zip(names, *first, strict=True)]
    yield _aligned(names, widths)
    for row in chain(first, ([_cell(value) for value in row] for row in rows)):
        yield _aligned(row, widths)


def _cell(value: Any) -> str:
    told = "" if value is None else str(value)
    # A terminal obeys control characters: whatever a file holds, none is shown.
    return told if told.isprintable() else "".join(each if each.isprintable() else "?" for each in told)


def _aligned(cells: list[str], widths: list[int]) -> str:
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()
