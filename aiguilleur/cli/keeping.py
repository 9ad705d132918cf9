"""`aiguilleur journal compact | purge`: how long the journal is kept, and in how many bytes."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from aiguilleur.cli.figures import settings_for, zone_of
from aiguilleur.cli.files import files_of, paths_argument
from aiguilleur.cli.folder import config_option
from aiguilleur.cli.progress import bar
from aiguilleur.errors import JournalError
from aiguilleur.journal import FileSink, forget, kept
from aiguilleur.journal.purging import Purge, purge_of
from aiguilleur.journal.scale import Compacted, Files, archive_of, compact, homes_of, named_in, rotated
from aiguilleur.settings.model import Settings

#: Half a year, as the journal of what a minute's work has decided may be kept.
_DAYS = 183
_dry_option = click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


@click.command("compact")
@paths_argument
@click.option(
    "--into", type=click.Path(path_type=Path), help="The folder of compacted days (default: beside the journal)."
)
@click.option("--keep", is_flag=True, help="Move the files that are replaced into a folder « replaced » beside them.")
@_json_option
@config_option
def compact_(folder: Path, paths: tuple[Path, ...], into: Path | None, keep: bool, as_json: bool) -> None:
    """Put days that are over away as Parquet, one file a day, and remove the files that held their lines."""
    settings, now = settings_for(folder, paths), datetime.now(UTC)
    archive = into or (archive_of(settings.site.journal) if settings and not paths else None)
    if archive is None:
        raise click.UsageError("--into FOLDER says where the days are kept, when files are given")
    if settings and not paths:
        for sink in settings.site.journal:
            if isinstance(sink, FileSink):
                rotated(sink, now)
    with bar("compacting") as step:
        done = compact(files_of(settings, paths), archive, now=now, keep=keep, zone=zone_of(settings).key, step=step)
    click.echo(json.dumps(_compacted(done)) if as_json else _told(done, archive))
    if done.left:
        click.echo(_left(done), err=True)


@click.command()
@paths_argument
@click.option("--days", type=click.IntRange(1, 36500), default=_DAYS, show_default=True, help="How many days are kept.")
@_dry_option
@_json_option
@config_option
def purge(folder: Path, paths: tuple[Path, ...], days: int, dry_run: bool, as_json: bool) -> None:
    """Remove what is older than half a year, and the configurations that no line names any longer."""
    settings = settings_for(folder, paths)
    before = (datetime.now(UTC) - timedelta(days=days)).date()
    files = files_of(settings, paths)
    homes = paths or (homes_of(settings.site.journal) if settings else ())
    found = purge_of(files, before, (each for each in homes if each.is_dir()))
    if not dry_run:
        found.remove()
    rest = Files(*(tuple(each for each in kind if each not in found.old) for kind in (files.lines, files.days)))
    rules = [] if paths or settings is None else _unnamed(settings, rest, days, dry_run=dry_run)
    if as_json:
        click.echo(json.dumps(_purged(found, rules, dry_run=dry_run)))
        return
    verb = "would be removed" if dry_run else "removed"
    for path in (*found.old, *found.folders, *rules):
        click.echo(f"{path}: {verb}")
    click.echo(f"{len(found.old)} file(s) and {len(rules)} configuration(s) older than {before} {verb}.")
    for path in found.mixed:
        click.echo(
            f"{path}: has lines older than {before} and newer ones; `aiguilleur journal compact` first.", err=True
        )


def _unnamed(settings: Settings, files: Files, days: int, *, dry_run: bool) -> list[Path]:
    """The configurations that no line which is left names, removed unless it is only asked; not the one in force."""
    if settings.site.state_dir is None:
        return []
    state, since = Path(settings.site.state_dir), datetime.now(UTC) - timedelta(days=days)
    try:
        named = named_in(files, "policy") | {settings.digest}
    except JournalError as error:
        click.echo(f"The configurations are left as they are: {error}.", err=True)
        return []
    old = kept(state, since=since, named=named)
    for path in () if dry_run else old:
        forget(path)
    return old


def _told(done: Compacted, archive: Path) -> str:
    if not done.lines:
        return "Nothing to compact."
    torn = f", {done.torn} of which cannot be read and are kept as they are" if done.torn else ""
    return (
        f"{done.lines} lines{torn}, of {len(done.replaced)} file(s), {done.before} bytes, are now in {len(done.days)} "
        f"day(s) below {archive}, {done.after} bytes."
    )


def _left(done: Compacted) -> str:
    """How many files were left alone, for which reasons, with one of them for each."""
    parts = []
    for why, count in Counter(why for _, why in done.left).items():
        first = next(path for path, reason in done.left if reason == why)
        parts.append(f"{count} × {why} ({first}{', …' if count > 1 else ''})")
    return f"{len(done.left)} file(s) left as they are: {'; '.join(parts)}."


def _compacted(done: Compacted) -> dict[str, object]:
    return {
        "lines": done.lines,
        "torn": done.torn,
        "days": [str(path) for path in done.days],
        "replaced": [str(path) for path in done.replaced],
        "bytes_before": done.before,
        "bytes_after": done.after,
        "left": {str(path): why for path, why in done.left},
    }


def _purged(found: Purge, rules: list[Path], *, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "files": [str(path) for path in found.old],
        "folders": [str(path) for path in found.folders],
        "configurations": [str(path) for path in rules],
        "mixed": [str(path) for path in found.mixed],
    }
