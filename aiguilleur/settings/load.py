"""A configuration folder in, frozen settings out; or every problem at once, each with its place."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from aiguilleur.errors import Problem, SettingsError
from aiguilleur.schools import Directory, read_schools
from aiguilleur.settings import schema
from aiguilleur.settings.checks import warnings_of
from aiguilleur.settings.compile import Raw, compiled
from aiguilleur.settings.context import RULES, SCHOOLS, SITE, SOURCES, TARGETS, Context
from aiguilleur.settings.model import Settings
from aiguilleur.settings.notes import Notes
from aiguilleur.settings.reader import Document, Place, read
from aiguilleur.settings.shape import shaped

_SHAPES = {
    SITE: schema.RawSite,
    SOURCES: schema.RawSources,
    TARGETS: schema.RawTargets,
    RULES: schema.RawRules,
}


def load(
    folder: Path, day: date | None = None, *, themed_by: Path | None = None
) -> tuple[Settings, tuple[Problem, ...]]:
    """The settings in a folder, and warnings; `day` is what « soon » is counted from.

    Of a kept copy, `themed_by` is the folder that it is of: a theme is not kept, and no problem when it is gone.

    Raises SettingsError with every problem, in order of place; nothing else.
    """
    notes = Notes()
    files: dict[str, bytes] = {}
    documents: dict[str, Document] = {}
    raw: dict[str, Any] = {}
    for name, shape in _SHAPES.items():
        documents[name], files[name], problems = read(folder / name, f"{folder}/{name}")
        notes.problems += problems
        raw[name] = shaped(shape, documents[name], notes) if documents[name].is_read else None
    directory = _schools(folder, files, documents, notes)
    if any(value is None for value in raw.values()):
        raise _error(notes)
    context = Context(documents, directory, notes, folder, themed_by, files)
    settings = compiled(context, Raw(*raw.values()))
    settings = replace(settings, digest=_digest(files), files=MappingProxyType(files))
    warnings = () if notes.blamed else warnings_of(settings, documents, day)
    if notes.problems:
        raise _error(notes, warnings)
    return settings, warnings


def theme_named(folder: Path) -> Path | None:
    """The folder that the site's file names for its pages, there or not, as far as that file can be read."""
    content = read(folder / SITE, SITE)[0].content
    theme = content.get("theme") if isinstance(content, dict) else None
    return folder / theme if isinstance(theme, str) else None


def _error(notes: Notes, warnings: tuple[Problem, ...] = ()) -> SettingsError:
    # A rule written with `each` tells the same slip once for each source.
    return SettingsError(tuple({*notes.problems, *warnings}))


def _schools(folder: Path, files: dict[str, bytes], documents: dict[str, Document], notes: Notes) -> Directory:
    name = f"{folder}/{SCHOOLS}"
    directory, problems = read_schools(folder / SCHOOLS, name)
    notes.problems += problems
    places: dict[Place, tuple[int, int]] = {}
    if not any(problem.line == 0 for problem in problems):
        files[SCHOOLS] = (folder / SCHOOLS).read_bytes()
        header, column = files[SCHOOLS].decode("utf-8-sig", "replace").partition("\n")[0], 1
        for cell in header.split(";"):
            places[(cell.strip(),)] = 1, column
            column += len(cell) + 1
    # What is wrong with the directory may be the very school, or column, that something refers to.
    documents[SCHOOLS] = Document(name, places={} if problems else places)
    return Directory() if problems else directory


def _digest(files: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{len(files[name])}\0".encode() + files[name])
    return digest.hexdigest()[:12]
