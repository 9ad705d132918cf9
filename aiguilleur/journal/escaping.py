"""JSON in ASCII alone, so that whatever reads a line of the journal finds one line."""

from __future__ import annotations

import codecs
import json
from functools import lru_cache
from typing import Any

import msgspec

#: How a letter that is not ASCII is written (RFC 8259 7).
_ESCAPED = "aiguilleur.json"


def in_ascii(row: Any) -> bytes:
    """A value as JSON without any space; the library writes UTF-8, in which a few letters of a line are not ASCII."""
    try:
        line = msgspec.json.encode(row)
    except UnicodeEncodeError:
        # Half a letter, which no encoding has, and a Python's text may hold.
        return json.dumps(msgspec.to_builtins(row), separators=(",", ":")).encode("ascii")
    return line if line.isascii() else line.decode().encode("ascii", _ESCAPED)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return _as_codes(error.object[error.start : error.end]), error.end


@lru_cache(1024)
def _as_codes(letters: str) -> str:
    units = letters.encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


codecs.register_error(_ESCAPED, _escaped)
