"""Where commands find the configuration, and how they say that it is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import click

from aiguilleur.errors import SettingsError
from aiguilleur.settings.load import load
from aiguilleur.settings.model import Settings

#: `--config DIR`, the same in every command that needs one.
config_option = click.option(
    "--config",
    "folder",
    type=click.Path(path_type=Path),
    default=lambda: Path(os.environ.get("AIGUILLEUR_CONFIG", "config")),
    help="The configuration folder (default: AIGUILLEUR_CONFIG, else config).",
)


def settings_of(folder: Path) -> Settings:
    """The settings in a folder; on a problem, all of them are printed and the command ends with 1."""
    try:
        return load(folder)[0]
    except SettingsError as error:
        for problem in error.problems:
            click.echo(problem, err=True)
        raise click.exceptions.Exit(1) from error
