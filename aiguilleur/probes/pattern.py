"""What an answer must look like to mean that a session is active, or that it is not."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, TypeAlias

from aiguilleur.probes.exchange import Answer

#: In a `json:` pattern, this value only asks that the field be there.
PRESENT = "*"
Scalar: TypeAlias = str | int | float | bool | None
_TOO_MANY_REQUESTS, _SERVER_ERROR = 429, 500


@dataclass(frozen=True, slots=True)
class Pattern:
    """What an answer must look like; all the parts that are given must hold."""

    #: Without it, any status but 429 and 5xx: a server in trouble may dress its error as any page.
    status: int | tuple[int, ...] | None = None
    #: What the absolute `Location` is; `*` stands for anything, and nothing else is special.
    location: str | None = None
    contains: str | None = None
    #: Must not be in the body; an empty body proves nothing.
    absent: str | None = None
    #: By dotted path, the value of a field of a JSON body; `*` for any.
    json: Mapping[str, Scalar] | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        """Refuse a pattern that would fit any answer, or none."""
        for status in self._statuses:
            if not 200 <= status <= 599:
                raise ValueError(f"status: {status} is not the status of an answer; give one from 200 to 599")
        for name in ("status", "location", "contains", "absent", "json"):
            if getattr(self, name) in ("", (), {}):
                raise ValueError(f"{name}: is empty; remove it or give what to look for")
        if all(part is None for part in (self.status, self.location, self.contains, self.json)):
            raise ValueError("says nothing positive; give at least one of status, location, contains, json")

    def fits(self, answer: Answer) -> bool:
        """Whether the answer looks like this; only of an answer that is readable, if the body is needed."""
        return (
            self._status_fits(answer.status)
            and self._location_fits(answer.location)
            and (self.contains is None or _says(answer.body, self.contains))
            # An empty body proves no absence: headers that were cut short look the same.
            and (self.absent is None or (answer.body != b"" and not _says(answer.body, self.absent)))
            and (self.json is None or _json_fits(self.json, answer.body))
        )

    @property
    def needs_body(self) -> bool:
        """Whether the body must be known whole."""
        return any(part is not None for part in (self.contains, self.absent, self.json))

    @property
    def _statuses(self) -> tuple[int, ...]:
        if self.status is None:
            return ()
        return self.status if isinstance(self.status, tuple) else (self.status,)

    def _status_fits(self, status: int) -> bool:
        if self.status is None:
            return status != _TOO_MANY_REQUESTS and status < _SERVER_ERROR
        return status in self._statuses

    def _location_fits(self, location: str | None) -> bool:
        if self.location is None:
            return True
        # `?` and `[` belong to addresses.
        return location is not None and fnmatchcase(location, re.sub(r"([?[])", r"[\1]", self.location))


def _says(body: bytes, text: str) -> bool:
    """Whether a body contains a text, in either of the encodings that French pages are written in."""
    return text.encode() in body or text.encode("cp1252", "xmlcharrefreplace") in body


def _json_fits(wanted: Mapping[str, Scalar], body: bytes) -> bool:
    try:
        document: Any = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return all(_field_fits(document, path.split("."), value) for path, value in wanted.items())


def _field_fits(document: Any, path: list[str], value: Scalar) -> bool:
    for name in path:
        if not isinstance(document, dict) or name not in document:
            return False
        document = document[name]
    return bool(value == PRESENT or (document == value and isinstance(document, bool) == isinstance(value, bool)))
