"""One entry of the journal: a closed list of fields, none of which says who the visitor was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from math import floor
from typing import Any

from msgspec import UNSET, Struct, defstruct, field
from msgspec.structs import astuple, fields

from aiguilleur import __version__
from aiguilleur.core.model import Arrival, Channel, Finding, Reason, SessionState, Signals
from aiguilleur.errors import JournalError
from aiguilleur.journal.escaping import in_ascii, quoted

#: What stands for a target or a school that the configuration does not know.
UNKNOWN = "?"


@lru_cache(16)
def _to_the_second(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat()[:19]


#: What follows the second.
_MS = tuple(f".{number:03d}Z" for number in range(1000))


class Event(StrEnum):
    """What happened."""

    DECIDED = "decided"
    ASKED = "asked"
    RETURNED = "returned"
    CHOICE = "choice"
    AGAIN = "again"
    REFUSED = "refused"
    CONFIG = "config"
    SOURCE = "source"
    #: Someone looked at what would be decided; nothing was.
    DIAGNOSED = "diagnosed"


@dataclass(frozen=True, slots=True)
class Again:
    """The rule that a visitor comes back from, and after how many seconds."""

    rule: str
    after_s: int


class JournalEntry(Struct, frozen=True):
    """One decision: the facts it stood on, the rule, where it led."""

    time: datetime
    code: str
    event: Event
    target: str = UNKNOWN
    page: str = ""
    etab: str = ""
    academy: str = ""
    #: What the `school_kind` matcher looks at.
    school_kind: str = ""
    entry: str = ""
    arrival: Arrival = Arrival.NONE
    #: `redirect`, `discover` or `ask`.
    outcome: str = ""
    source: str = ""
    rule: str = ""
    status: int = 0
    #: The host of the destination.
    host: str = ""
    #: How many times the browser was sent away, and the milliseconds of this request.
    legs: int = 0
    ms: int = 0
    #: Sources that were open, and ill, when the decision was taken.
    open: tuple[str, ...] = ()
    ill: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    signals: Signals = field(default_factory=Signals)
    again: Again | None = None
    shadow: str = ""
    #: Of a configuration that was refused, where each mistake stands: file, line and column. Not what it says there.
    problems: tuple[str, ...] = ()
    #: The digest of the configuration that was live.
    policy: str = ""
    node: str = ""
    version: str = __version__

    def as_json(self) -> dict[str, Any]:
        """The entry as it is written, in the order of the fields; empty ones are left out."""
        row: dict[str, Any] = json.loads(self.encoded())
        return row

    def line(self) -> str:
        """One line of ASCII, without its newline."""
        return self.encoded().decode("ascii")

    def encoded(self) -> bytes:
        """The line in bytes."""
        row, at = _Row(*astuple(self)), self.time
        row.time = _to_the_second(floor(at.timestamp())) + _MS[at.microsecond // 1000]
        if self.school_kind:
            # Of nearly all lines the one text with an accent: `collège`, `lycée`.
            row.school_kind = quoted(self.school_kind)
        if self.findings:
            row.findings = [_finding_row(finding) for finding in self.findings]
        row.signals = _signals_row(self.signals)
        return in_ascii(row)


#: What each field is when there is nothing to tell, if that is no empty text; of the type that it has in an entry.
_EMPTY = {"status": 0, "legs": None, "ms": None, "open": (), "ill": (), "findings": (), "again": None, "problems": ()}
#: What is written of each field, by the library that writes it; what is empty is left out, but for the two that are
#: always told.
_Row: Any = defstruct(
    "_Row",
    [(each, Any, _EMPTY.get(each, "")) for each in JournalEntry.__struct_fields__],
    omit_defaults=True,
)
_SignalsRow: Any = defstruct(
    "_SignalsRow",
    [("choice", Any, None), ("remembered", Any, None), ("referer_host", Any, None), ("cookies", Any, ())],
    omit_defaults=True,
)


def from_line(line: str | bytes, place: str = "") -> JournalEntry:
    """The entry in a line; fields of a later version are passed over. Raises JournalError naming the place."""
    try:
        return from_row(json.loads(line))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise JournalError(f"{place}: not a line of the journal ({type(error).__name__})") from error


#: The fields that are written as they are, and what each is when it was left out.
_PLAIN: dict[str, Any] = {
    each.name: each.default for each in fields(JournalEntry) if each.type in (str, int) and each.name != "code"
} | {"version": "", "target": ""}


def from_row(row: Mapping[str, Any]) -> JournalEntry:
    """The entry in what a line says; KeyError, TypeError or ValueError where it is none."""
    again, signals = row.get("again"), row.get("signals", {})
    arrival = Arrival(row.get("arrival", Arrival.NONE))
    return JournalEntry(
        time=_time(row["time"]),
        code=_typed("code", row["code"], ""),
        event=Event(row["event"]),
        arrival=arrival,
        open=_names(row.get("open", [])),
        ill=_names(row.get("ill", [])),
        problems=_names(row.get("problems", [])),
        findings=tuple(_finding(each) for each in row.get("findings", ())),
        signals=Signals(
            choice=signals.get("choice"),
            remembered=signals.get("remembered"),
            entry=row.get("entry"),
            arrival=arrival,
            referer_host=signals.get("referer_host"),
            cookies=frozenset(_names(signals.get("cookies", []))),
        ),
        again=Again(again["rule"], again["after_s"]) if again else None,
        **{name: _typed(name, row.get(name, default), default) for name, default in _PLAIN.items()},
    )


def _time(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("time without a zone")
    return instant.astimezone(UTC)


def _typed(name: str, value: Any, like: Any) -> Any:
    if type(value) is not type(like):
        raise TypeError(name)
    return value


def _names(values: Any) -> tuple[str, ...]:
    return tuple(_typed("name", value, "") for value in _typed("names", values, []))


def _finding(row: Mapping[str, Any]) -> Finding:
    channel = Channel[row["channel"].upper()]
    return Finding(row["source"], SessionState(row["state"]), channel, row["by"], Reason(row["reason"]), row["ms"])


def _finding_row(finding: Finding) -> dict[str, Any]:
    return {
        "source": finding.source,
        "state": finding.state,
        "channel": finding.channel.name.lower(),
        "by": finding.by,
        "reason": finding.reason,
        "ms": finding.ms,
    }


def _signals_row(seen: Signals) -> Any:
    if not (seen.referer_host or seen.cookies or seen.remembered or seen.choice):
        return UNSET
    cookies = sorted(seen.cookies) if seen.cookies else ()
    return _SignalsRow(seen.choice or None, seen.remembered or None, seen.referer_host or None, cookies)
