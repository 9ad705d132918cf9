"""Which files of the journal a command reads: those it is given, else those of the configuration."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from aiguilleur.journal import paths_in
from aiguilleur.journal.scale import Files, archive_of, files_in, replaced_of
from aiguilleur.settings.model import Settings

#: What names the journal where a command line does not; several with what separates the parts of PATH between.
_VARIABLE = "AIGUILLEUR_JOURNAL"
#: `--journal`, the same in every command that reads more than one file.
journal_option = click.option(
    "--journal",
    "given",
    type=click.Path(path_type=Path),
    multiple=True,
    envvar=_VARIABLE,
    help="A file, folder or pattern of the journal; as often as needed"
    f" (default: {_VARIABLE}, else those of the configuration).",
)
#: The same as arguments, for what is asked of the whole journal.
paths_argument = click.argument(
    "paths", nargs=-1, type=click.Path(path_type=Path), envvar=_VARIABLE, metavar="[FILE|FOLDER|PATTERN]..."
)


#: For what parts or removes files: a variable that was set for reading does not decide of those.
kept_argument = click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE|FOLDER|PATTERN]...")


def files_of(settings: Settings | None, given: Iterable[Path | str] = (), *, everything: bool = False) -> Files:
    """The files of the journal as they are now, compacted days among them. Raises JournalError for one that is not.

    `everything`: also those of file sinks that hold the same once more, and what was kept of the files that days have
    taken the place of.
    """
    if given := tuple(given):
        return files_in(given, replaced=everything)
    sinks = settings.site.journal if settings else ()
    if everything:
        written = [*(path for sink in sinks for path in paths_in([sink])), *replaced_of(sinks)]
    else:
        written = list(paths_in(sinks))
    archives = [archive_of([sink]) for sink in sinks] if everything else [archive_of(sinks)]
    days = [each for each in archives if each and each.is_dir()]
    return files_in(dict.fromkeys([*written, *days]))
