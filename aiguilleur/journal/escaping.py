"""JSON in ASCII alone, so that whatever reads a line of the journal finds one line."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode


def in_ascii(row: Any) -> bytes:
    """A value as JSON without any space; the quick library writes UTF-8, so that other letters take the slow one."""
    try:
        line = _encode(row)
    except UnicodeEncodeError:
        # Half a letter, which no encoding has, and a Python's text may hold.
        return _slowly(row)
    return line if line.isascii() else _slowly(row)


def _slowly(row: Any) -> bytes:
    plain = msgspec.to_builtins(row, enc_hook=lambda raw: json.loads(bytes(raw)))
    return json.dumps(plain, separators=(",", ":")).encode("ascii")


@lru_cache(64)
def quoted(text: str) -> msgspec.Raw:
    """A text that many lines have, as JSON in ASCII: it keeps these lines on the quick way, whatever its letters."""
    return msgspec.Raw(json.dumps(text))
