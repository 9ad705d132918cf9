"""The school that an operator means, also one that the directory has forgotten since."""

from __future__ import annotations

import click

from aiguilleur.schools import Directory, is_label, spelled


def etab_of(directory: Directory | None, typed: str) -> str:
    """Its label. Without a directory, or for a school that is no longer in it, what was typed, if it can be a label.

    Raises click.UsageError for anything else.
    """
    if directory is None or not typed:
        return typed.strip().lower()
    if school := directory.find(typed):
        return school.etab
    near = ", ".join(each.etab for each in directory.search(typed, 3).schools)
    label = spelled(typed)
    if not is_label(label) or near:
        raise click.UsageError(f"unknown school '{typed}'{f' (did you mean {near}?)' if near else ''}")
    click.echo(f"The directory knows no '{label}' today.", err=True)
    return label
