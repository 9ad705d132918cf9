"""`aiguilleur schools`: the directory of schools."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import click

from aiguilleur.errors import Problem
from aiguilleur.schools import read_schools
from aiguilleur.schools.merging import Row
from aiguilleur.schools.register import KINDS, Only, academy_id, department_id
from aiguilleur.schools.updating import Update, replace_file, update_of

#: Of each list that is printed; `--json` tells all.
_MOST_PRINTED = 20
_PLACE = "a name in the portal's address"


@click.group()
def schools() -> None:
    """Look after the directory of schools."""


@schools.command("check")
@click.argument("path", type=click.Path(path_type=Path), default=Path("config/schools.csv"))
@click.option("--json", "as_json", is_flag=True, help="For a machine.")
def check_schools(path: Path, as_json: bool) -> None:
    """Read a directory and tell every problem with its line.

    PATH is the file or its folder. Ends with 0 when it can be loaded, 1 when not.
    """
    file = path / "schools.csv" if path.is_dir() else path
    directory, problems = read_schools(file, str(file))
    if as_json:
        told = {"schools": len(directory.schools), "waiting": directory.waiting, "problems": [*map(asdict, problems)]}
        click.echo(json.dumps(told))
    else:
        _print(map(str, problems))
        waiting = f", {directory.waiting} without {_PLACE}" if directory.waiting else ""
        count = f"{len(problems) or 'no'} problem{'s'[: len(problems) > 1]}"
        click.echo(f"{file}: {len(directory.schools)} schools{waiting}, {count}")
    if problems:
        raise click.exceptions.Exit(1)


@schools.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--into", type=click.Path(path_type=Path), default=Path("config/schools.csv"), show_default=True)
@click.option("--academy", "academies", multiple=True, help="Only this académie (besancon); may be given again.")
@click.option("--department", "departments", multiple=True, help="Only this département (25, 2A); may be given again.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice([*KINDS.values()]), help="Only schools of this kind.")
@click.option("--portal", metavar="SUFFIX", help="Take labels from websites under it (eclat-bfc.fr).")
@click.option("--refresh", is_flag=True, help="Let FILE rename the schools that are there and move them.")
@click.option("--dry-run", is_flag=True, help="Tell what would be done, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="For a machine.")
def import_schools(  # noqa: PLR0913  one per option
    *,
    file: Path,
    into: Path,
    academies: tuple[str, ...],
    departments: tuple[str, ...],
    kinds: tuple[str, ...],
    portal: str | None,
    refresh: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Merge the « annuaire de l'éducation » in FILE into the directory, by UAI.

    Nothing that the directory says is lost: FILE adds schools and fills in empty cells. Ends with 0 when it is
    written, or would be; 1 when not, and then nothing has changed.
    """
    only = Only({*map(academy_id, academies)}, {*map(department_id, departments)}, kinds)
    update = update_of(file, into, only, portal=portal, refresh=refresh)
    if update.merge and not dry_run:
        try:
            replace_file(into, update.content)
        except OSError as error:
            update = Update(None, b"", (Problem(str(into), 0, 0, "", f"cannot be written: {error.strerror}"),))
    if as_json:
        click.echo(json.dumps(_machine(update, written=update.merge is not None and not dry_run)))
    else:
        _tell(update, into, dry_run=dry_run)
    if update.merge is None:
        raise click.exceptions.Exit(1)


def _tell(update: Update, into: Path, *, dry_run: bool) -> None:
    _print(map(str, update.problems))
    if update.merge is None:
        click.echo(f"{into} is unchanged.")
        return
    merge = update.merge
    taken = [change for change in merge.changes if change.taken]
    differing = [change for change in merge.changes if not change.taken]
    _list("new", map(_named, merge.new))
    _list("filled in", (f"{each.school}: {each.column}: {each.ours} → {each.theirs}" for each in taken))
    _list("differs", (f"{each.school}: {each.column}: {each.ours}; there: {each.theirs}" for each in differing))
    _list("gone", map(_named, merge.gone))
    click.echo(
        f"{into}: {len(merge.new)} new, {len({change.school for change in taken})} changed, "
        f"{len(merge.gone)} gone and kept, {len(merge.waiting)} waiting for {_PLACE}"
    )
    if merge.waiting:
        click.echo("Those are served once the first cell of their line is filled in.")
    if differing:
        click.echo("What differs was left as it is; --refresh takes it.")
    if dry_run:
        click.echo("Nothing was written.")


def _list(title: str, lines: Iterable[str]) -> None:
    every = [*lines]
    if every:
        click.echo(f"{title}:")
        _print([f"  {line}" for line in every[:_MOST_PRINTED]])
        if len(every) > _MOST_PRINTED:
            click.echo(f"  … and {len(every) - _MOST_PRINTED} more (--json tells all)")


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def _named(row: Row) -> str:
    return " ".join(filter(None, (row.cells["uai"], row.cells["etab"], row.cells["name"], row.cells["town"])))


def _machine(update: Update, *, written: bool) -> dict[str, object]:
    told: dict[str, object] = {"written": written, "problems": [*map(asdict, update.problems)]}
    if (merge := update.merge) is None:
        return told
    rows = {"new": merge.new, "gone": merge.gone, "waiting": merge.waiting}
    return (
        told
        | {name: [row.cells for row in each] for name, each in rows.items()}
        | {"changes": [*map(asdict, merge.changes)]}
    )
