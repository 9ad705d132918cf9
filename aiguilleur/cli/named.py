"""What an operator means by a name: of a school, also one that is forgotten since, or of a part of the visits."""

from __future__ import annotations

from collections.abc import Iterable

import click

from aiguilleur.journal.entry import UNKNOWN
from aiguilleur.journal.scale import Files, Scope, named_in
from aiguilleur.schools import Directory, is_label, spelled
from aiguilleur.settings.model import Settings


def etab_of(directory: Directory | None, typed: str) -> str:
    """Its label. Without a directory, or for a school that is no longer in it, what was typed, if it can be a label.

    Raises click.UsageError for anything else.
    """
    if directory is None or not typed:
        return typed.strip().lower()
    label, near = label_of(directory, typed)
    if label is None:
        meant = f" (did you mean {', '.join(near)}?)" if near else ""
        raise click.UsageError(f"unknown school '{typed}'{meant}")
    if label not in directory.schools:
        click.echo(f"The directory knows no '{label}' today.", err=True)
    return label


def label_of(directory: Directory, typed: str) -> tuple[str | None, tuple[str, ...]]:
    """The label of a school, or of one that is no longer in the directory; else those that what was typed is near."""
    if school := directory.find(typed):
        return school.etab, ()
    near = tuple(each.etab for each in directory.search(typed, 3).schools)
    label = spelled(typed)
    return (None, near) if near or not is_label(label) else (label, ())


def known(name: str | None, among: Iterable[str], option: str) -> None:
    """Raises click.UsageError, with the names that there are, for one that is none of them."""
    names = tuple(among)
    if name and name not in names:
        raise click.UsageError(f"{option}: unknown '{name}'; known: {', '.join(names) or 'none'}")


def insist_on_names(scope: Scope, settings: Settings | None, files: Files) -> None:
    """Raises click.UsageError for a target, source or académie of which neither configuration nor journal has heard."""
    for kind, configured in _configured(settings).items():
        if (name := getattr(scope, kind)) and name not in configured:
            known(name, sorted(configured | named_in(files, kind) - {UNKNOWN}), f"--{kind}")


def _configured(settings: Settings | None) -> dict[str, frozenset[str]]:
    if settings is None:
        return dict.fromkeys(("target", "source", "academy"), frozenset())
    return {
        "target": frozenset(settings.targets),
        "source": frozenset(settings.sources),
        "academy": academies_of(settings),
    }


def academies_of(settings: Settings) -> frozenset[str]:
    """The académies of its schools and sources."""
    have_schools = {school.academy for school in settings.directory.schools.values() if school.academy}
    return frozenset(have_schools.union(*(source.academies or () for source in settings.sources.values())))
