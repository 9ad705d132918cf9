"""YAML 1.2 with the place of every value; what could surprise (tags, many aliases, duplicate keys) is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, NodeEvent

from aiguilleur.errors import Problem

MOST_BYTES = 1 << 20
MOST_ALIASES = 50

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One file: its plain content, and the line and column of each value and key, by path."""

    name: str
    content: Any = None
    places: Mapping[Place, tuple[int, int]] = field(default_factory=dict)
    keys: Mapping[Place, tuple[int, int]] = field(default_factory=dict)

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
    """The document in a file, its bytes, and why it cannot be read."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        return Document(name), b"", (Problem(name, 0, 0, "", f"cannot be read: {error.strerror}"),)
    if len(raw) > MOST_BYTES:
        return Document(name), raw, (Problem(name, 1, 1, "", f"is over {MOST_BYTES} bytes"),)
    try:
        text = raw.decode("utf-8")
        problems = _surprises(text, name)
        content = None if problems else _yaml().load(text)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        return Document(name), raw, (Problem(name, line, 1, "", "is not UTF-8"),)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return Document(name), raw, (Problem(name, line, column, "", _first(error.problem or "is not YAML")),)
    except YAMLError as error:
        return Document(name), raw, (Problem(name, 1, 1, "", _first(str(error))),)
    if problems:
        return Document(name), raw, problems
    places: dict[Place, tuple[int, int]] = {(): (1, 1)}
    keys: dict[Place, tuple[int, int]] = {}
    return Document(name, _plain(content, (), places, keys), places, keys), raw, ()


def _yaml() -> YAML:
    yaml = YAML(typ="rt")
    yaml.allow_duplicate_keys = False
    return yaml


def _first(text: str) -> str:
    return text.strip().splitlines()[0]


def _surprises(text: str, name: str) -> tuple[Problem, ...]:
    """Tags, and more aliases than anybody writes by hand."""
    problems: list[Problem] = []
    aliases = 0
    for event in _yaml().parse(text):
        place = event.start_mark.line + 1, event.start_mark.column + 1
        aliases += isinstance(event, AliasEvent)
        if isinstance(event, AliasEvent) and aliases == MOST_ALIASES + 1:
            problems.append(Problem(name, *place, "", f"more than {MOST_ALIASES} aliases"))
        tag = getattr(event, "tag", None) if isinstance(event, NodeEvent) else None
        if tag is not None:
            problems.append(Problem(name, *place, "", f"tag '{tag}' is not allowed"))
    return tuple(problems)


def _plain(node: Any, path: Place, places: dict[Place, Any], keys: dict[Place, Any]) -> Any:
    if isinstance(node, CommentedMap):
        plain = {}
        for key, value in node.items():
            inner = (*path, str(key))
            if key in node.lc.data:
                row = node.lc.data[key]
                keys[inner], places[inner] = (row[0] + 1, row[1] + 1), (row[2] + 1, row[3] + 1)
            plain[str(key)] = _plain(value, inner, places, keys)
        return plain
    if isinstance(node, CommentedSeq):
        for index in range(len(node)):
            if index in node.lc.data:
                row = node.lc.data[index]
                places[(*path, index)] = keys[(*path, index)] = (row[0] + 1, row[1] + 1)
        return [_plain(value, (*path, index), places, keys) for index, value in enumerate(node)]
    return node
