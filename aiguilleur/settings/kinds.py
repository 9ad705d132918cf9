"""Plug-ins of a literal table, built from YAML: the fields of a kind's dataclass are its settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

from aiguilleur.probes import ConfigFile
from aiguilleur.settings.context import Context
from aiguilleur.settings.notes import did_you_mean
from aiguilleur.settings.reader import Place


def plugin(
    context: Context,
    what: str,
    kinds: Mapping[str, Any],
    file: str,
    place: Place,
    raw: Mapping[str, Any],
    **given: str,
) -> Any:
    """The plug-in that `raw` describes, `given` added to its settings; None when the notes say why not."""
    settings = dict(raw)
    name = settings.pop("kind", None)
    try:
        kind = kinds.get(str(name))
    except ImportError as error:
        context.wrong(file, (*place, "kind"), f"'{name}' needs a library that is not installed: {error}")
        return None
    if kind is None:
        message = did_you_mean(f"{what} kind", str(name), kinds) if name else f"a {what} needs its 'kind'"
        context.wrong(file, (*place, "kind"), message)
        return None
    before = len(context.notes.problems)
    wanted = {each.name: each for each in fields(kind) if each.init and each.name not in given}
    for key in settings.keys() - wanted.keys():
        context.wrong(file, (*place, key), did_you_mean("key", key, wanted), key=True)
    for key in wanted.keys() - settings.keys():
        if _is_required(wanted[key]):
            context.wrong(file, place, f"'{name}' needs '{key}'")
    hints = get_type_hints(kind)
    values = {key: typed(context, file, (*place, key), hints[key], settings[key]) for key in wanted if key in settings}
    if len(context.notes.problems) > before:
        return None
    try:
        return kind(**values, **given)
    except ValueError as error:
        context.wrong(file, place, str(error))
        return None


def typed(context: Context, file: str, place: Place, hint: Any, raw: Any) -> Any:
    """A raw value as the type it must have; None when the notes say why not."""
    if hint in (ConfigFile, ConfigFile | None) and isinstance(raw, str):
        return context.attached(file, place, raw)
    known = context.documents[file].places
    strange = list(_unknown_keys(hint, raw, place))
    for where, message in strange:
        context.wrong(file, where, message, key=True)
    try:
        return TypeAdapter(hint).validate_python(raw)
    except ValidationError as error:
        told: set[Place] = set()
        for fault in error.errors(include_url=False):
            where = place
            for part in fault["loc"]:
                # The location also names branches of unions, which nobody wrote.
                where = (*where, part) if (*where, part) in known else where
            if where not in told:
                context.wrong(file, where, fault["msg"].removeprefix("Value error, "))
            told.add(where)
        return None


def _unknown_keys(hint: Any, raw: Any, place: Place) -> Iterator[tuple[Place, str]]:
    """Keys of nested settings that their dataclass does not have; pydantic would pass over them."""
    nested = next((each for each in (hint, *get_args(hint)) if isinstance(each, type) and is_dataclass(each)), None)
    if nested is None or not isinstance(raw, dict):
        return
    hints = get_type_hints(nested)
    wanted = [each.name for each in fields(nested) if each.init]
    for key, value in raw.items():
        if key in wanted:
            yield from _unknown_keys(hints[key], value, (*place, key))
        else:
            yield (*place, key), did_you_mean("key", key, wanted)


def _is_required(each: Field[Any]) -> bool:
    return each.default is MISSING and each.default_factory is MISSING
