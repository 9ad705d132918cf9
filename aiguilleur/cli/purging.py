"""`aiguilleur journal purge`: how long the journal is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click

from aiguilleur.cli.counted import counted
from aiguilleur.cli.figures import settings_for
from aiguilleur.cli.files import files_of, kept_argument
from aiguilleur.cli.folder import config_option
from aiguilleur.errors import JournalError
from aiguilleur.journal import forget, kept
from aiguilleur.journal.purging import Purge, purge_of, refusal
from aiguilleur.journal.scale import Files, homes_of, named_in
from aiguilleur.settings.model import Settings

#: Half a year, as the journal of what a minute's work has decided may be kept.
_DAYS = 183


@dataclass(frozen=True, slots=True)
class _Purged:
    """What is gone, or would be: of the journal, and of the configurations that were live."""

    journal: Purge
    rules: tuple[Path, ...]
    stuck: tuple[tuple[Path, str], ...]
    before: date
    dry_run: bool

    def text(self) -> str:
        verb, files = "would be removed" if self.dry_run else "removed", self.journal.old
        lines = (f"{path}: {verb}" for path in (*files, *self.journal.folders, *self.rules))
        sums = f"{counted(len(files), 'file')} and {counted(len(self.rules), 'configuration')}"
        return "\n".join((*lines, f"{sums} older than {self.before} {verb}."))

    def as_json(self) -> dict[str, object]:
        return {
            "dry_run": self.dry_run,
            "files": [str(path) for path in self.journal.old],
            "folders": [str(path) for path in self.journal.folders],
            "configurations": [str(path) for path in self.rules],
            "mixed": [str(path) for path in self.journal.mixed],
            "stuck": {str(path): why for path, why in self.stuck},
        }

    def notes(self) -> list[str]:
        """What else there is to do."""
        mixed = f"has lines older than {self.before} and newer ones; `aiguilleur journal compact` first."
        return [
            *(f"{path}: {mixed}" for path in self.journal.mixed),
            *(f"{path}: stays: {why}." for path, why in self.stuck),
        ]


@click.command()
@kept_argument
@click.option("--days", type=click.IntRange(1, 36500), default=_DAYS, show_default=True, help="How many days are kept.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@config_option
def purge(folder: Path, paths: tuple[Path, ...], days: int, dry_run: bool, as_json: bool) -> None:
    """Remove what is older than half a year, and the configurations that no line names any longer."""
    settings, since = settings_for(folder, paths), datetime.now(UTC) - timedelta(days=days)
    files = files_of(settings, paths, everything=True)
    homes = paths or (homes_of(settings.site.journal) if settings else ())
    found = purge_of(files, since.date(), (each for each in homes if each.is_dir()))
    if not dry_run:
        found = found.removed()
    rest = Files(*(tuple(each for each in kind if each not in found.old) for kind in (files.lines, files.days)))
    rules = [] if paths or settings is None else _unnamed(settings, rest, since)
    held = () if dry_run else tuple(_forgotten(rules))
    gone = tuple(path for path in rules if path not in dict(held))
    done = _Purged(found, gone, (*found.stuck, *held), since.date(), dry_run)
    click.echo(json.dumps(done.as_json()) if as_json else done.text())
    for note in () if as_json else done.notes():
        click.echo(note, err=True)
    if done.stuck:
        raise click.exceptions.Exit(1)


def _unnamed(settings: Settings, files: Files, since: datetime) -> list[Path]:
    """The configurations that no line which is left names; not the one in force."""
    if settings.site.state_dir is None:
        return []
    try:
        named = named_in(files, "policy") | {settings.digest}
    except JournalError as error:
        click.echo(f"The configurations are left as they are: {error}.", err=True)
        return []
    return kept(Path(settings.site.state_dir), since=since, named=named)


def _forgotten(rules: list[Path]) -> Iterator[tuple[Path, str]]:
    """Remove these; those that stay, and why."""
    for path in rules:
        try:
            forget(path)
        except OSError as error:
            yield path, refusal(path, error)
