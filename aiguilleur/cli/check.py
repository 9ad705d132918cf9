"""`aiguilleur check`: every problem of a configuration, before it is live."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path

import click

from aiguilleur.cli.counted import counted
from aiguilleur.cli.live import table, tried
from aiguilleur.errors import Problem, SettingsError
from aiguilleur.settings.checks import dead_rules
from aiguilleur.settings.load import load
from aiguilleur.settings.model import Settings
from aiguilleur.web.trial import themed


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--live", is_flag=True, help="Try each probe once against its source, without any session.")
@click.option("--strict", is_flag=True, help="Warnings count as problems.")
@click.option("--at", "day", metavar="DATE", help="The day that « soon » is counted from (default: today).")
@click.option("--json", "as_json", is_flag=True, help="For a machine.")
def check(folder: Path | None, live: bool, strict: bool, day: str | None, as_json: bool) -> None:
    """Read the configuration in FOLDER and tell every problem at once.

    FOLDER is AIGUILLEUR_CONFIG, else config. Ends with 0 when it can be loaded (and, with --live, every probe works),
    1 when not, 2 on misuse.
    """
    folder = folder or Path(os.environ.get("AIGUILLEUR_CONFIG", "config"))
    if not folder.is_dir():
        raise click.UsageError(f"{folder} is not a folder")
    settings: Settings | None = None
    problems: tuple[Problem, ...]
    try:
        settings, problems = load(folder, _day(day))
        problems += tuple(dead_rules(settings, f"{folder}/rules.yaml"))
        if broken := themed(settings):
            settings, problems = None, (*problems, *broken)
    except SettingsError as error:
        problems = error.problems
    rows = tried(settings) if live and settings is not None else ()
    if as_json:
        told: dict[str, object] = {"loaded": settings is not None, "problems": [asdict(each) for each in problems]}
        click.echo(json.dumps(told | ({"live": [row.as_json() for row in rows]} if live else {})))
    else:
        for line in (*map(str, problems), _summary(folder, settings, problems), *table(rows)):
            click.echo(line)
    if settings is None or (strict and problems) or not all(row.good for row in rows):
        raise click.exceptions.Exit(1)


def _day(text: str | None) -> date:
    try:
        return date.fromisoformat(text) if text else datetime.now().astimezone().date()
    except ValueError as error:
        raise click.UsageError(f"--at {text}: write 2021-06-25") from error


def _summary(folder: Path, settings: Settings | None, problems: tuple[Problem, ...]) -> str:
    warnings = sum(problem.warning for problem in problems)
    if settings is None:
        errors = counted(len(problems) - warnings, "error")
        return f"{errors}, {counted(warnings, 'warning')}. Nothing was loaded; the running configuration is unchanged."
    rules = max(len(policy.rules) for policy in settings.policies.values())
    parts = (
        counted(len(settings.sources), "source"),
        counted(len(settings.targets), "target"),
        counted(rules, "rule"),
        counted(len(settings.directory.schools), "school"),
    )
    return f"{folder}: {', '.join(parts)}; {counted(warnings, 'warning') if warnings else 'no problem'}"
