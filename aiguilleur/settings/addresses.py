"""Destinations as the configuration writes them: https, no user name, holes only for what we fill."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

_HOLE = re.compile(r"\{([^{}]*)\}")
#: Characters on which parsers of addresses disagree; none belongs in an address written by hand.
_ODD = re.compile(r"[\x00-\x20\x7f-\U0010ffff\\<>\"`|^]")


def is_address(url: str) -> bool:
    """Whether a browser may be sent there: https, or http under `.localhost`, a plain lower-case host, no user name."""
    if _ODD.search(url):
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if "@" in parts.netloc or not host or parts.netloc != parts.netloc.lower():
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host.endswith(".localhost"))


def insert(url: str, variables: Mapping[str, str]) -> tuple[str, str]:
    """The address with its variables percent-encoded where they stand, and what is wrong with it (or nothing)."""
    for name in _HOLE.findall(url):
        if name != "etab" and name not in variables:
            return url, f"unknown hole '{{{name}}}' (known: {', '.join(['etab', *variables])})"
    encoded = {name: _encoded(value) for name, value in variables.items()}
    text = _HOLE.sub(lambda hole: encoded.get(hole[1], "{etab}"), url)
    for written in (text.replace("{etab}", "x"), *(value.replace("{etab}", "x") for value in variables.values())):
        if not is_address(written):
            return text, f"'{written[:80]}' is not an https address without user name (http is for .localhost only)"
    return text, ""


def _encoded(value: str) -> str:
    return "{etab}".join(quote(part, safe="") for part in value.split("{etab}"))
