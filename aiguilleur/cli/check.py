"""`aiguilleur check`: every problem of a configuration, before it is live."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path

import click

from aiguilleur.errors import Problem, SettingsError
from aiguilleur.settings.checks import dead_rules
from aiguilleur.settings.load import load
from aiguilleur.settings.model import Settings


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Warnings count as problems.")
@click.option("--at", "day", metavar="DATE", help="The day that « soon » is counted from (default: today).")
@click.option("--json", "as_json", is_flag=True, help="For a machine.")
def check(folder: Path | None, strict: bool, day: str | None, as_json: bool) -> None:
    """Read the configuration in FOLDER and tell every problem at once.

    FOLDER is AIGUILLEUR_CONFIG, else config. Ends with 0 when it can be loaded, 1 when it cannot, 2 on misuse.
    """
    folder = folder or Path(os.environ.get("AIGUILLEUR_CONFIG", "config"))
    if not folder.is_dir():
        raise click.UsageError(f"{folder} is not a folder")
    settings: Settings | None = None
    problems: tuple[Problem, ...]
    try:
        settings, problems = load(folder, _day(day))
        problems += tuple(dead_rules(settings, f"{folder}/rules.yaml"))
    except SettingsError as error:
        problems = error.problems
    if as_json:
        click.echo(json.dumps({"loaded": settings is not None, "problems": [asdict(each) for each in problems]}))
    else:
        for problem in problems:
            click.echo(str(problem))
        click.echo(_summary(folder, settings, problems))
    if settings is None or (strict and problems):
        raise click.exceptions.Exit(1)


def _day(text: str | None) -> date:
    try:
        return date.fromisoformat(text) if text else datetime.now().astimezone().date()
    except ValueError as error:
        raise click.UsageError(f"--at {text}: write 2021-06-25") from error


def _summary(folder: Path, settings: Settings | None, problems: tuple[Problem, ...]) -> str:
    warnings = sum(problem.warning for problem in problems)
    if settings is None:
        errors = _count(len(problems) - warnings, "error")
        return f"{errors}, {_count(warnings, 'warning')}. Nothing was loaded; the running configuration is unchanged."
    rules = max(len(policy.rules) for policy in settings.policies.values())
    parts = (
        _count(len(settings.sources), "source"),
        _count(len(settings.targets), "target"),
        _count(rules, "rule"),
        _count(len(settings.directory.schools), "school"),
    )
    return f"{folder}: {', '.join(parts)}; {_count(warnings, 'warning') if warnings else 'no problem'}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
