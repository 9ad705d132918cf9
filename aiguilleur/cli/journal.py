"""`aiguilleur journal`: what was decided, and why."""

from __future__ import annotations

import glob
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from aiguilleur.cli.advice import advice
from aiguilleur.cli.counted import counted
from aiguilleur.cli.figures import report, sql
from aiguilleur.cli.files import files_of, journal_option
from aiguilleur.cli.folder import config_option, settings_of
from aiguilleur.cli.keeping import compact_
from aiguilleur.cli.named import etab_of
from aiguilleur.cli.purging import purge
from aiguilleur.cli.trace import trace_of
from aiguilleur.errors import JournalError, SettingsError
from aiguilleur.journal import JournalEntry, Torn, by_age, follow, newest, normal_code, paths_in
from aiguilleur.journal.readable import conclusion, findings_table, heading, readable
from aiguilleur.journal.scale import Files, files_in, find_code, find_near
from aiguilleur.settings.load import load
from aiguilleur.settings.model import Settings

_UNITS = {"s": 1, "m": 60, "h": 3600}
#: A code recurs a few times a year; more of them than this on one screen help nobody.
_MOST = 20
_NONE_YET = "there is no journal yet; --journal FILE names another"
_NO_LINES = "there is no file of lines in {}; what is put away is read by show, find and report"
_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


class _Group(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        """A file that cannot be read is a sentence and exit 1, not a traceback."""
        try:
            return super().invoke(ctx)
        except JournalError as error:
            raise _nothing(str(error)) from error
        except OverflowError as error:
            raise click.UsageError("a day or a span too far from today") from error


@click.group(cls=_Group)
def journal() -> None:
    """Read the journal."""


@journal.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE|FOLDER|PATTERN]...")
@click.option("-n", "count", type=click.IntRange(min=0), default=20, show_default=True, help="How many entries.")
@click.option("-f", "--follow", "following", is_flag=True, help="Go on with new entries until Ctrl-C.")
@journal_option
@_json_option
@config_option
def tail(
    folder: Path, paths: tuple[Path, ...], count: int, following: bool, given: tuple[Path, ...], as_json: bool
) -> None:
    """Print the last entries that are not put away yet, the newest last."""
    desk = _desk(folder, paths or given)
    if not following:
        desk.insist()
    # Whoever follows may be there before the first entry.
    torn, files = Torn(), tuple(each for each in desk.files() if each.exists() or not following)
    # Where the first part ends, the second begins: nothing is told twice, or not at all.
    since = files[0].stat().st_size if files else 0
    ends = {each: since for each in files[:1] if each.suffix != ".gz"}
    _print(reversed(list(islice(newest(files, torn=torn, ends=ends), count))), desk.zone, as_json)
    _tell(torn)
    if not following:
        return
    try:
        _print(follow(desk.latest, since=since), desk.zone, as_json)
    except KeyboardInterrupt:
        return


@journal.command()
@click.argument("code")
@journal_option
@_json_option
@config_option
def show(folder: Path, code: str, given: tuple[Path, ...], as_json: bool) -> None:
    """Print a visit by its code: what was seen, asked and answered, and what today's rules would do.

    With --json each line is the journal's own, and holds the trace under `explained` where there are rules.
    """
    name = normal_code(code)
    if name is None:
        raise click.UsageError(f"'{code}' is not a code: six letters, as KOVATI")
    desk, torn = _desk(folder, given), Torn()
    found = find_code(name, desk.all_files(), _MOST, torn)
    texts = map(desk.for_machine, found) if as_json else told(found, desk.trace(), desk.zone)
    shown = 0
    for shown, text in enumerate(texts, 1):
        click.echo(text if as_json or shown == 1 else f"\n{text}")
    _tell(torn)
    if not shown:
        raise _nothing(f"no visit has the code {name}")
    if shown == _MOST:
        click.echo(f"Only the last {_MOST} entries are shown.", err=True)


@journal.command()
@click.option("--etab", required=True, help="The school, in any spelling.")
@click.option("--around", required=True, metavar="TIME", help="As « 2021-03-15 10:40 », local time.")
@click.option("--within", default="10m", show_default=True, help="As 90s, 10m or 2h.")
@journal_option
@_json_option
@config_option
def find(folder: Path, etab: str, around: str, within: str, given: tuple[Path, ...], as_json: bool) -> None:
    """Print the visits of a school near a time, for families who have no code."""
    desk, torn = _desk(folder, given), Torn()
    name, instant, near = desk.etab(etab), _instant(around, desk.zone), _span(within)
    entries = find_near(name, instant, near, desk.all_files(), torn)
    _print(entries, desk.zone, as_json)
    _tell(torn)
    if not entries:
        raise _nothing(f"no visit of {name} within {within} of {around}")


for command in (report, compact_, purge, sql):
    journal.add_command(command)


def told(
    entries: Iterable[JournalEntry], trace: Callable[[JournalEntry], str] | None, zone: tzinfo | None = None
) -> Iterator[str]:
    """Each entry as an operator reads it: the rules' trace, or without rules what was found and where it led.

    Below it, what can be said to the family.
    """
    for entry in entries:
        text = trace(entry) if trace and entry.outcome else _without_rules(entry, zone)
        yield "\n".join((text, *advice(entry)))


def _without_rules(entry: JournalEntry, zone: tzinfo | None) -> str:
    findings = findings_table(entry)
    return "\n".join((heading(entry, zone), "", *findings, *(("",) if findings else ()), conclusion(entry)))


@dataclass(frozen=True, slots=True)
class _Desk:
    """What a command reads: the files it was given, and the settings, which it can do without if it was given some."""

    given: tuple[Path, ...]
    settings: Settings | None

    @property
    def zone(self) -> ZoneInfo:
        return self.settings.site.zone if self.settings else ZoneInfo("Europe/Paris")

    def files(self) -> tuple[Path, ...]:
        """Those of lines; a file that is given by its name may not be there yet."""
        if self.given:
            return by_age(each for path in self.given for each in _lines_of(path))
        return paths_in(self.settings.site.journal if self.settings else ())

    def all_files(self) -> Files:
        """With the days that are compacted; at least one."""
        files = files_of(self.settings, self.given)
        if not files.all:
            raise _nothing(_NONE_YET)
        return files

    def latest(self) -> Path | None:
        return next(iter(self.files()), None)

    def trace(self) -> Callable[[JournalEntry], str] | None:
        settings = self.settings
        return (lambda entry: trace_of(entry, settings).text()) if settings else None

    def for_machine(self, entry: JournalEntry) -> str:
        if self.settings is None or not entry.outcome:
            return entry.line()
        return json.dumps(entry.as_json() | {"explained": trace_of(entry, self.settings).as_json()})

    def etab(self, text: str) -> str:
        return etab_of(self.settings.directory if self.settings else None, text)

    def insist(self) -> _Desk:
        if not any(path.exists() for path in self.files()):
            empty = next((path for path in self.given if path.is_dir()), None)
            raise _nothing(_NO_LINES.format(empty) if empty else _NONE_YET)
        return self


def _lines_of(path: Path) -> tuple[Path, ...]:
    return files_in([path]).lines if path.is_dir() or glob.has_magic(str(path)) else (path,)


def _desk(folder: Path, given: tuple[Path, ...]) -> _Desk:
    if not given:
        return _Desk((), settings_of(folder))
    try:
        return _Desk(given, load(folder)[0])
    except SettingsError:
        click.echo(f"The configuration in {folder} is refused: its rules are not shown.", err=True)
        return _Desk(given, None)


def _span(text: str) -> timedelta:
    span = re.fullmatch(r"([0-9]{1,6})([smh])", text)
    if not span:
        raise click.UsageError(f"--within {text}: write 90s, 10m or 2h")
    return timedelta(seconds=int(span[1]) * _UNITS[span[2]])


def _instant(text: str, zone: tzinfo) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError(f"--around {text}: write 2021-03-15 10:40") from error
    return instant if instant.tzinfo else instant.replace(tzinfo=zone)


def _print(entries: Iterable[JournalEntry], zone: tzinfo, as_json: bool) -> None:
    for entry in entries:
        click.echo(entry.line() if as_json else readable(entry, zone))


def _tell(torn: Torn) -> None:
    if torn.count:
        click.echo(f"{counted(torn.count, 'torn line')} passed over ({torn.first}).", err=True)


def _nothing(message: str) -> click.exceptions.Exit:
    click.echo(f"{message[0].upper()}{message[1:]}.", err=True)
    return click.exceptions.Exit(1)
