"""YAML 1.2 with the place of every value; what could surprise (tags, many aliases, duplicate keys) is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)

from aiguilleur.errors import Problem

MOST_BYTES = 1 << 20
MOST_ALIASES = 50
#: The YAML library needs minutes for a few thousand.
MOST_LEVELS = 30
#: Fifty aliases of aliases can still stand for billions of values.
MOST_VALUES = 200_000

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One file: its plain content, and the line and column of each value and key, by path."""

    name: str
    content: Any = None
    places: Mapping[Place, tuple[int, int]] = field(default_factory=dict)
    keys: Mapping[Place, tuple[int, int]] = field(default_factory=dict)
    #: False when it could not be read at all.
    is_read: bool = False

    def problem(self, path: Place, message: str, *, key: bool = False, warning: bool = False) -> Problem:
        """A problem at a value (or at its key), or at the nearest thing around it that is written."""
        places = self.keys if key else self.places
        line, column = next((places[path[:end]] for end in range(len(path), -1, -1) if path[:end] in places), (1, 1))
        return Problem(self.name, line, column, spelled(path), message, warning)

    def line(self, path: Place) -> int:
        """The line of a value."""
        return self.places.get(path, (1, 1))[0]


def spelled(path: Place) -> str:
    """`rules[2].when[0].source`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def read(path: Path, name: str) -> tuple[Document, bytes, tuple[Problem, ...]]:
    """The document in a file, its bytes, and what is wrong with it as YAML."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        return Document(name), b"", (Problem(name, 0, 0, "", f"cannot be read: {error.strerror}"),)
    if len(raw) > MOST_BYTES:
        return Document(name), raw, (Problem(name, 1, 1, "", f"is over {MOST_BYTES} bytes"),)
    line, column = 1, 1
    try:
        document, problems = _parsed(raw.decode("utf-8"), name)
        return document, raw, problems
    except UnicodeDecodeError as error:
        line, message = raw[: error.start].count(b"\n") + 1, "is not UTF-8"
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        message = error.problem or "is not YAML"
    except RecursionError:
        message = "is nested too deeply, or inside itself"
    except (YAMLError, ValueError) as error:
        message = str(error).strip() or "is not YAML"
    return Document(name), raw, (Problem(name, line, column, "", message.splitlines()[0][:200]),)


def _parsed(text: str, name: str) -> tuple[Document, tuple[Problem, ...]]:
    refused, problems = _surprises(text, name)
    if refused:
        return Document(name), problems
    copy = _Copy()
    content = copy.of(_yaml().load(text), ())
    return Document(name, content, copy.places, copy.keys, is_read=True), problems


def _yaml() -> YAML:
    yaml = YAML(typ="rt")
    # They are told by `_surprises`, all of them and without their values.
    yaml.allow_duplicate_keys = True
    return yaml


def _surprises(text: str, name: str) -> tuple[bool, tuple[Problem, ...]]:
    """Whether the content must not be built, and what is wrong: tags, days that are none, aliases, double keys."""
    refused, aliases, keys = False, 0, _Keys()
    problems: list[Problem] = []
    for event in _yaml().parse(text):
        aliases += isinstance(event, AliasEvent)
        refusals = tuple(_refusals(event, aliases))
        refused = refused or bool(refusals)
        place = event.start_mark.line + 1, event.start_mark.column + 1
        problems += [Problem(name, *place, "", message) for message in (*refusals, *keys.twice(event))]
    return refused, tuple(problems)


def _refusals(event: Event, aliases: int) -> Iterator[str]:
    if isinstance(event, AliasEvent) and aliases == MOST_ALIASES + 1:
        yield f"more than {MOST_ALIASES} aliases"
    tag = getattr(event, "tag", None) if isinstance(event, NodeEvent) else None
    if tag is not None:
        yield f"tag '{tag}' is not allowed"
    if isinstance(event, ScalarEvent) and event.implicit[0] and _DAY.fullmatch(event.value):
        try:
            date.fromisoformat(event.value)
        except ValueError:
            yield f"'{event.value}' is not a day of the calendar"


class _Keys:
    """The keys of the mappings that are open, to find those written twice."""

    def __init__(self) -> None:
        self._open: list[set[str] | None] = []
        self._at_key: list[bool] = []

    def twice(self, event: Event) -> Iterator[str]:
        if isinstance(event, CollectionEndEvent):
            self._open.pop()
            self._at_key.pop()
        if not isinstance(event, NodeEvent):
            return
        if self._open and (seen := self._open[-1]) is not None:
            if self._at_key[-1] and isinstance(event, ScalarEvent):
                if event.value in seen:
                    yield f"duplicate key '{event.value[:80]}'"
                seen.add(event.value)
            self._at_key[-1] = not self._at_key[-1]
        if isinstance(event, CollectionStartEvent):
            self._open.append(set() if isinstance(event, MappingStartEvent) else None)
            self._at_key.append(True)
            if len(self._open) > MOST_LEVELS:
                raise RecursionError


class _Copy:
    """Plain mappings, lists and scalars, and where each stood."""

    def __init__(self) -> None:
        self.places: dict[Place, tuple[int, int]] = {(): (1, 1)}
        self.keys: dict[Place, tuple[int, int]] = {}
        self.count = 0

    def of(self, node: Any, path: Place) -> Any:
        self.count += 1
        if self.count > MOST_VALUES:
            raise ValueError(f"stands for more than {MOST_VALUES} values")
        if isinstance(node, CommentedMap):
            return {str(key): self._value(node, key, value, path) for key, value in node.items()}
        if isinstance(node, CommentedSeq):
            return [self._item(node, index, path) for index in range(len(node))]
        return node

    def _value(self, node: CommentedMap, key: Any, value: Any, path: Place) -> Any:
        inner = (*path, str(key))
        if key in node.lc.data:
            row = node.lc.data[key]
            self.keys[inner], self.places[inner] = (row[0] + 1, row[1] + 1), (row[2] + 1, row[3] + 1)
        return self.of(value, inner)

    def _item(self, node: CommentedSeq, index: int, path: Place) -> Any:
        inner = (*path, index)
        if index in node.lc.data:
            row = node.lc.data[index]
            self.places[inner] = self.keys[inner] = (row[0] + 1, row[1] + 1)
        return self.of(node[index], inner)
