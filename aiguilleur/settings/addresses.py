"""Destinations as the configuration writes them: https, no user name, holes only for what we fill."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

_HOLE = re.compile(r"\{([^{}]*)\}")
_ETAB = "{etab}"
_NETLOC = re.compile(r"[a-z]+://([^/?#]*)")
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
    fault = _fault(url, ("etab", *variables))
    for name, value in variables.items():
        # A variable that is no address (`selection: EDU`) is any text; one that is an address must be a good one.
        inner = _fault(value, ("etab",)) if "://" in value else _strange_hole(value, ("etab",))
        fault = fault or (f"variable '{name}': {inner}" if inner else "")
    if fault:
        return url, fault
    return _HOLE.sub(lambda hole: _encoded(variables[hole[1]]) if hole[1] in variables else _ETAB, url), ""


def _fault(url: str, holes: tuple[str, ...]) -> str:
    if strange := _strange_hole(url, holes):
        return strange
    if not _holds_only_labels(url):
        return "its host may hold {etab} only as a whole label, and nothing else"
    if not is_address(_HOLE.sub("x", url)):
        return f"'{url[:80]}' is not an https address without user name (http is for .localhost only)"
    return ""


def _strange_hole(text: str, known: tuple[str, ...]) -> str:
    for name in _HOLE.findall(text):
        if name not in known:
            return f"unknown hole '{{{name}}}' (known: {', '.join(known)})"
    return "a brace has no partner" if set(_HOLE.sub("", text)) & {"{", "}"} else ""


def _holds_only_labels(url: str) -> bool:
    netloc = _NETLOC.match(url)
    labels = netloc[1].split(".") if netloc else []
    plain = [label for label in labels if label != _ETAB]
    return not any("{" in label for label in plain) and labels[-1:] == plain[-1:]


def _encoded(value: str) -> str:
    return _ETAB.join(quote(part, safe="") for part in value.split(_ETAB))
