"""`aiguilleur secret`: a new signing key."""

from __future__ import annotations

import secrets

import click

KEY_BYTES = 32


@click.command()
def secret() -> None:
    """Print a new signing key.

    Put it at the end of AIGUILLEUR_SECRET_KEYS or of the file that `secret_keys_file` names: the last key signs, those
    before it are still believed. Drop an old key a day after the new one signs everywhere.
    """
    click.echo(secrets.token_urlsafe(KEY_BYTES))
