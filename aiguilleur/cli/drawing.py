"""Where commands get their pictures from: libraries that no other command needs, and that take a while to load."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from aiguilleur.journal.scale import Report
from aiguilleur.settings.model import Settings


@contextmanager
def drawing(what: str) -> Iterator[None]:
    """Import what draws in this block: where it is not installed, the command says so and ends with 1."""
    try:
        yield
    except ImportError as error:
        click.echo(f"{what} needs pip install 'aiguilleur[ops]': {error}", err=True)
        raise click.exceptions.Exit(1) from error


def write_page(file: Path, report: Report, settings: Settings | None) -> None:
    """Write the page of a report; where the file cannot be written, the command says so and ends with 1."""
    with drawing("A page with pictures"):
        from aiguilleur.cli.pictures import page_of  # noqa: PLC0415
    text = page_of(report, settings)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        click.echo(f"{file} cannot be written: {error.strerror}", err=True)
        raise click.exceptions.Exit(1) from error
    click.echo(f"Wrote {file}, {len(text.encode()) // 1000} kB.")
