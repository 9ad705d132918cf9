"""An entry as a message of syslog (RFC 5424)."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Literal

from aiguilleur.core.model import Finding
from aiguilleur.journal.entry import JournalEntry
from aiguilleur.journal.readable import readable

Facility = Literal["user", "daemon", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"]
#: RFC 5424, 6.2.1.
FACILITIES: Mapping[str, int] = {"user": 1, "daemon": 3} | {f"local{n}": 16 + n for n in range(8)}
_NOTICE = 5
#: A message that is not ASCII begins with it (RFC 5424, 6.4).
_BOM = b"\xef\xbb\xbf"
#: What an entry is told by apart from the header, in structured data.
_TOLD = (
    *("code", "target", "page", "etab", "academy", "entry", "arrival", "outcome", "source", "rule", "status"),
    *("host", "legs", "ms", "policy", "version"),
)


def message(entry: JournalEntry, *, facility: int, app_name: str, sd_id: str) -> bytes:
    """The header, structured data if it has a name, and the entry in JSON or, beside structured data, for people."""
    time = entry.time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    priority = facility * 8 + _NOTICE
    header = f"<{priority}>1 {time} {_host(entry.node)} {app_name} {os.getpid()} {entry.event} "
    if not sd_id:
        return (header + "- " + entry.line()).encode("ascii")
    text = f"[{sd_id}{''.join(_parameters(entry))}] "
    return (header + text).encode("utf-8", "replace") + _BOM + readable(entry, UTC).encode("utf-8", "replace")


def _host(node: str) -> str:
    name = "".join(letter for letter in node or socket.gethostname() if "!" <= letter <= "~")
    return name[:255] or "-"


def _parameters(entry: JournalEntry) -> Iterator[str]:
    for name in _TOLD:
        if (value := getattr(entry, name)) not in ("", None):
            yield f' {name}="{_escaped(str(value))}"'
    for finding in entry.findings:
        yield f' finding="{_escaped(_in_words(finding))}"'


def _in_words(finding: Finding) -> str:
    channel = finding.channel.name.lower()
    return f"{finding.source} {finding.state} {channel} {finding.by} {finding.reason} {finding.ms}"


def _escaped(value: str) -> str:
    """RFC 5424, 6.3.3; a line stays a line."""
    printable = "".join(letter if letter.isprintable() else "?" for letter in value)
    return printable.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")
