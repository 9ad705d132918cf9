"""A configuration folder in, frozen settings out; or every problem at once, each with its place."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from aiguilleur.errors import Problem, SettingsError
from aiguilleur.schools import Directory, read_schools
from aiguilleur.settings import schema
from aiguilleur.settings.checks import warnings_of
from aiguilleur.settings.compile import Compiler
from aiguilleur.settings.model import Settings
from aiguilleur.settings.notes import Notes, did_you_mean
from aiguilleur.settings.reader import Document, read

_FILES = {
    "aiguilleur.yaml": schema.RawSite,
    "sources.yaml": schema.RawSources,
    "targets.yaml": schema.RawTargets,
    "rules.yaml": schema.RawRules,
}
_SCHOOLS = "schools.csv"
_Raw = TypeVar("_Raw", bound=BaseModel)


def load(folder: Path, day: date | None = None) -> tuple[Settings, tuple[Problem, ...]]:
    """The settings in a folder, and warnings; `day` is what « soon » is counted from.

    Raises SettingsError with every problem, in order of place; nothing else.
    """
    notes = Notes()
    files: dict[str, bytes] = {}
    documents: dict[str, Document] = {}
    raw: dict[str, Any] = {}
    for name, shape in _FILES.items():
        document, files[name], problems = read(folder / name, f"{folder}/{name}")
        notes.problems += problems
        documents[name] = document
        raw[name] = None if problems else _shaped(shape, document, notes)
    directory = _schools(folder, files, notes)
    if notes.problems or any(value is None for value in raw.values()):
        raise SettingsError(tuple(notes.problems))
    settings = Compiler(documents, directory, notes).settings(*raw.values(), digest=_digest(files), files=files)
    if settings is None or notes.problems:
        raise SettingsError(tuple(notes.problems))
    return settings, warnings_of(settings, documents, day)


def _schools(folder: Path, files: dict[str, bytes], notes: Notes) -> Directory:
    directory, problems = read_schools(folder / _SCHOOLS, f"{folder}/{_SCHOOLS}")
    notes.problems += problems
    if (folder / _SCHOOLS).is_file():
        files[_SCHOOLS] = (folder / _SCHOOLS).read_bytes()
    return directory


def _digest(files: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{len(files[name])}\0".encode() + files[name])
    return digest.hexdigest()[:12]


def _shaped(shape: type[_Raw], document: Document, notes: Notes) -> _Raw | None:
    try:
        return shape.model_validate(document.content if document.content is not None else {})
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_context=False):
            place = tuple(part for part in fault["loc"])
            if fault["type"] == "extra_forbidden":
                notes.add(document.problem(place, _unknown_key(shape, place), key=True))
            else:
                notes.add(document.problem(place, fault["msg"]))
        return None


def _unknown_key(shape: type[BaseModel], place: tuple[str | int, ...]) -> str:
    """An unknown key's message, with the nearest key of that model."""
    if str(place[-1]) == "sites":
        return "'sites' is reserved for several public hosts, which this version does not serve"
    return did_you_mean("key", str(place[-1]), _keys_at(shape, place[:-1]))


def _keys_at(shape: type[BaseModel], place: tuple[str | int, ...]) -> list[str]:
    models = [each for each in vars(schema).values() if isinstance(each, type) and issubclass(each, BaseModel)]
    named = {"sources": schema.RawSource, "targets": schema.RawTarget, "rules": schema.RawRule}
    inner = {"presume": schema.RawPresumption, "maintenance": schema.RawWindow, "then": schema.RawThen}
    keys = [part for part in place if isinstance(part, str)]
    model = (named | inner).get(keys[-1], shape) if keys else shape
    return [field.alias or name for name, field in model.model_fields.items()] if model in models else []
