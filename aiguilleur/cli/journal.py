"""`aiguilleur journal`: what was decided, and why."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import click

from aiguilleur.cli.folder import config_option, settings_of
from aiguilleur.cli.trace import trace_of
from aiguilleur.journal import JournalEntry, find_code, find_near, newest, normal_code, paths_in
from aiguilleur.journal.readable import readable
from aiguilleur.settings.model import Settings

_UNITS = {"s": 1, "m": 60, "h": 3600}
_path_option = click.option(
    "--journal", "path", type=click.Path(path_type=Path), help="A journal file (default: those of the configuration)."
)
_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@click.group()
def journal() -> None:
    """Read the journal."""


@journal.command()
@click.option("-n", "count", default=20, show_default=True, help="How many entries.")
@_path_option
@_json_option
@config_option
def tail(folder: Path, count: int, path: Path | None, as_json: bool) -> None:
    """Print the last entries, the newest last."""
    settings = settings_of(folder)
    entries = list(islice(newest(_paths(settings, path)), count))
    _print(reversed(entries), settings, as_json)


@journal.command()
@click.argument("code")
@_path_option
@_json_option
@config_option
def show(folder: Path, code: str, path: Path | None, as_json: bool) -> None:
    """Print a visit by its code: what was seen, asked and answered, and what today's rules would do."""
    settings = settings_of(folder)
    name = normal_code(code)
    if name is None:
        raise click.UsageError(f"'{code}' is not a code: six letters, as KOVATI")
    entries = list(find_code(name, _paths(settings, path)))
    if not entries:
        _nothing(f"no visit has the code {name}")
    if as_json:
        _print(entries, settings, as_json)
        return
    click.echo("\n\n".join(trace_of(entry, settings).text() for entry in entries))


@journal.command()
@click.option("--etab", required=True, help="The school, in any spelling.")
@click.option("--around", required=True, metavar="TIME", help="As « 2021-03-15 10:40 », local time.")
@click.option("--within", default="10m", show_default=True, help="As 90s, 10m or 2h.")
@_path_option
@_json_option
@config_option
def find(folder: Path, etab: str, around: str, within: str, path: Path | None, as_json: bool) -> None:
    """Print the visits of a school near a time, for families who have no code."""
    settings = settings_of(folder)
    school = settings.directory.find(etab)
    if school is None:
        raise click.UsageError(f"unknown school '{etab}'")
    span = re.fullmatch(r"([0-9]{1,6})([smh])", within)
    if not span:
        raise click.UsageError(f"--within {within}: write 90s, 10m or 2h")
    try:
        instant = datetime.fromisoformat(around)
    except ValueError as error:
        raise click.UsageError(f"--around {around}: write 2021-03-15 10:40") from error
    near = timedelta(seconds=int(span[1]) * _UNITS[span[2]])
    local = instant if instant.tzinfo else instant.replace(tzinfo=settings.site.zone)
    entries = find_near(school.etab, local, near, _paths(settings, path))
    if not entries:
        _nothing(f"no visit of {school.etab} within {within} of {around}")
    _print(entries, settings, as_json)


def _paths(settings: Settings, given: Path | None) -> tuple[Path, ...]:
    paths = paths_in(settings.site.journal, given)
    if not paths or not paths[0].exists():
        _nothing("there is no journal yet; --journal FILE names another")
    return paths


def _print(entries: Iterable[JournalEntry], settings: Settings, as_json: bool) -> None:
    for entry in entries:
        click.echo(json.dumps(entry.as_json()) if as_json else readable(entry, settings.site.zone))


def _nothing(message: str) -> None:
    click.echo(f"{message[0].upper()}{message[1:]}.", err=True)
    raise click.exceptions.Exit(1)
