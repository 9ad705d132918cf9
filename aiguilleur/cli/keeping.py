"""`aiguilleur journal compact`: in how many bytes the journal is kept."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import click

from aiguilleur.cli.counted import counted
from aiguilleur.cli.figures import settings_for, zone_of
from aiguilleur.cli.files import files_of, kept_argument
from aiguilleur.cli.folder import config_option
from aiguilleur.cli.progress import bar
from aiguilleur.journal import FileSink
from aiguilleur.journal.scale import Compacted, archive_of, compact, rotated

_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


@click.command("compact")
@kept_argument
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


def _told(done: Compacted, archive: Path) -> str:
    if not done.lines:
        return "Nothing to compact."
    torn = f" ({done.torn} unreadable, kept as it was written)" if done.torn else ""
    return (
        f"Put away {counted(done.lines, 'line')}{torn} of {counted(len(done.replaced), 'file')}, {done.before} bytes, "
        f"in {counted(len(done.days), 'day')} below {archive}, {done.after} bytes."
    )


def _left(done: Compacted) -> str:
    """How many files were left alone, for which reasons, with one of them for each."""
    parts = []
    for why, count in Counter(why for _, why in done.left).items():
        first = next(path for path, reason in done.left if reason == why)
        parts.append(f"{count} × {why} ({first}{', …' if count > 1 else ''})")
    return f"Left alone: {counted(len(done.left), 'file')}: {'; '.join(parts)}."


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
