"""A document as the raw model of its file; what has the wrong shape is told, the rest is still checked."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from aiguilleur.settings.notes import Notes, did_you_mean
from aiguilleur.settings.reader import Document, Place

_Raw = TypeVar("_Raw", bound=BaseModel)

#: What stands in for a required value of the wrong shape; the place is blamed, so nobody complains of it again.
_BLANKS: dict[str, Any] = {
    "id": "unreadable",
    "name": "?",
    "urls": {"?": "?"},
    "when": [{}],
    "then": {},
    "public_url": "?",
    "default": {"discover": ["?"]},
}
#: The lists that files consist of, and what must stand in each item.
_ITEMS = {"sources": ("id", "name"), "targets": ("id", "name", "urls"), "rules": ("id", "when", "then")}


def shaped(shape: type[_Raw], document: Document, notes: Notes) -> _Raw | None:
    """The document as this model; None when too little of it can be used."""
    content = {} if document.content is None else document.content
    try:
        return shape.model_validate(content)
    except ValidationError as error:
        places = [_blamed(shape, document, notes, fault) for fault in error.errors(include_url=False)]
    try:
        return shape.model_validate(_without(content, places))
    except ValidationError:
        return None


def _blamed(shape: type[BaseModel], document: Document, notes: Notes, fault: ErrorDetails) -> Place:
    place: Place = ()
    for part in fault["loc"]:
        # The location also names branches of unions, which nobody wrote.
        place = (*place, part) if (*place, part) in document.places else place
    if fault["type"] == "missing":
        place = fault["loc"]
        notes.blame(document, place, fault["msg"])
    elif fault["type"] == "extra_forbidden":
        notes.blame(document, place, _unknown_key(shape, place), key=True)
    else:
        notes.blame(document, place, fault["msg"].removeprefix("Value error, "))
    return place


def _unknown_key(shape: type[BaseModel], place: Place) -> str:
    if place == ("sites",):
        return "'sites' is reserved for several public hosts, which this version does not serve"
    return did_you_mean("key", str(place[-1]), _keys_at(shape, place[:-1]))


def _keys_at(shape: type[BaseModel], place: Place) -> list[str]:
    model: type[BaseModel] | None = shape
    for part in place:
        if isinstance(part, str) and model is not None:
            field = next((each for name, each in model.model_fields.items() if part == (each.alias or name)), None)
            model = _model_in(field.annotation) if field else None
    return [each.alias or name for name, each in model.model_fields.items()] if model else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for each in get_args(annotation) if (model := _model_in(each))), None)


def _without(content: Any, places: Iterable[Place]) -> Any:
    """The content with a blank for each unit that holds a fault: a key of an item, an item, a key of the file."""
    content = deepcopy(content)
    for place in places:
        if not place or not isinstance(content, dict):
            return None
        head = str(place[0])
        if head not in _ITEMS or len(place) == 1:
            _blank(content, head)
        elif isinstance(content.get(head), list) and isinstance(place[1], int):
            item = content[head][place[1]]
            if len(place) > 2 and isinstance(item, dict):
                _blank(item, str(place[2]))
            else:
                content[head][place[1]] = {key: _BLANKS[key] for key in _ITEMS[head]}
    return content


def _blank(mapping: dict[str, Any], key: str) -> None:
    if key in _BLANKS:
        mapping[key] = deepcopy(_BLANKS[key])
    else:
        mapping.pop(key, None)
