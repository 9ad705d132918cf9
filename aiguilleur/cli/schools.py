"""`aiguilleur schools`: the directory of schools."""

from __future__ import annotations

from pathlib import Path

import click

from aiguilleur.schools import read_schools


@click.group()
def schools() -> None:
    """Look after the directory of schools."""


@schools.command("check")
@click.argument("path", type=click.Path(path_type=Path), default=Path("config/schools.csv"))
def check_schools(path: Path) -> None:
    """Read a directory and tell every problem with its line."""
    file = path / "schools.csv" if path.is_dir() else path
    directory, problems = read_schools(file, str(file))
    for problem in problems:
        click.echo(str(problem))
    click.echo(f"{file}: {len(directory.schools)} schools, {len(problems) or 'no'} problem{'s'[: len(problems) > 1]}")
    if problems:
        raise click.exceptions.Exit(1)
