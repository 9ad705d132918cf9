"""`aiguilleur schools`: the directory of schools."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from aiguilleur.schools import read_schools


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
        for problem in problems:
            click.echo(str(problem))
        waiting = f", {directory.waiting} without a name in the portal's address" if directory.waiting else ""
        count = f"{len(problems) or 'no'} problem{'s'[: len(problems) > 1]}"
        click.echo(f"{file}: {len(directory.schools)} schools{waiting}, {count}")
    if problems:
        raise click.exceptions.Exit(1)
