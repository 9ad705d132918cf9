"""One entry of the journal: a closed list of fields, none of which says who the visitor was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from aiguilleur import __version__
from aiguilleur.core.model import Arrival, Channel, Facts, Finding, Reason, School, SessionState, Signals
from aiguilleur.errors import JournalError

#: What stands for a target or a school that the configuration does not know.
UNKNOWN = "?"


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


@dataclass(frozen=True, slots=True)
class Again:
    """The rule that a visitor comes back from, and after how many seconds."""

    rule: str
    after_s: int


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One decision: the facts it stood on, the rule, where it led."""

    time: datetime
    code: str
    event: Event
    target: str = UNKNOWN
    page: str = ""
    etab: str = ""
    academy: str = ""
    entry: str = ""
    arrival: Arrival = Arrival.NONE
    outcome: str = ""
    source: str = ""
    rule: str = ""
    status: int = 0
    host: str = ""
    legs: int = 0
    ms: int = 0
    open: tuple[str, ...] = ()
    ill: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    signals: Signals = field(default_factory=Signals)
    again: Again | None = None
    shadow: str = ""
    policy: str = ""
    node: str = ""
    version: str = __version__

    def as_json(self) -> dict[str, Any]:
        """The entry as it is written; empty fields are left out."""
        row = {
            "time": self.time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "code": self.code,
            "event": str(self.event),
            "target": self.target,
            "page": self.page,
            "etab": self.etab,
            "academy": self.academy,
            "entry": self.entry,
            "arrival": str(self.arrival),
            "outcome": self.outcome,
            "source": self.source,
            "rule": self.rule,
            "status": self.status,
            "host": self.host,
            "legs": self.legs,
            "ms": self.ms,
            "open": list(self.open),
            "ill": list(self.ill),
            "findings": [_finding_row(finding) for finding in self.findings],
            "signals": _signals_row(self.signals),
            "again": {"rule": self.again.rule, "after_s": self.again.after_s} if self.again else None,
            "shadow": self.shadow,
            "policy": self.policy,
            "node": self.node,
            "version": self.version,
        }
        return {name: value for name, value in row.items() if value or name in ("legs", "ms")}

    def line(self) -> str:
        """One line of ASCII, without its newline."""
        return json.dumps(self.as_json(), separators=(",", ":"), ensure_ascii=True)


def entry_of(facts: Facts, *, event: Event, code: str, **decided: Any) -> JournalEntry:
    """The entry for these facts; `decided` are the remaining fields of `JournalEntry`, by name."""
    return JournalEntry(
        time=facts.at,
        code=code,
        event=event,
        target=facts.target,
        etab=facts.school.etab if facts.school else "",
        academy=facts.school.academy if facts.school else "",
        entry=facts.signals.entry or "",
        arrival=facts.signals.arrival,
        open=tuple(sorted(facts.open)),
        ill=tuple(sorted(facts.ill)),
        findings=facts.findings,
        signals=facts.signals,
        **decided,
    )


def facts_of(entry: JournalEntry, school: School | None, zone: ZoneInfo) -> Facts:
    """The facts that an entry's decision stood on; `school` as the directory knows it today."""
    return Facts(
        target=entry.target,
        school=school,
        at=entry.time,
        day=entry.time.astimezone(zone).date(),
        open=frozenset(entry.open),
        ill=frozenset(entry.ill),
        signals=entry.signals,
        findings=entry.findings,
    )


def from_line(line: str, place: str = "") -> JournalEntry:
    """The entry in a line; fields of a later version are passed over. Raises JournalError naming the place."""
    try:
        return _from_row(json.loads(line))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise JournalError(f"{place}: not a line of the journal ({type(error).__name__})") from error


def _from_row(row: Mapping[str, Any]) -> JournalEntry:
    again, signals = row.get("again"), row.get("signals", {})
    plain = {name: row[name] for name in _PLAIN if name in row}
    arrival = Arrival(row.get("arrival", Arrival.NONE))
    return JournalEntry(
        time=datetime.fromisoformat(row["time"]),
        code=str(row["code"]),
        event=Event(row["event"]),
        arrival=arrival,
        open=tuple(row.get("open", ())),
        ill=tuple(row.get("ill", ())),
        findings=tuple(map(_finding, row.get("findings", ()))),
        signals=Signals(
            choice=signals.get("choice"),
            remembered=signals.get("remembered"),
            entry=row.get("entry"),
            arrival=arrival,
            referer_host=signals.get("referer_host"),
            cookies=frozenset(signals.get("cookies", ())),
        ),
        again=Again(again["rule"], again["after_s"]) if again else None,
        **plain,
    )


_PLAIN = (
    *("target", "page", "etab", "academy", "entry", "outcome", "source", "rule", "status", "host", "legs", "ms"),
    *("shadow", "policy", "node", "version"),
)


def _finding_row(finding: Finding) -> dict[str, Any]:
    return {
        "source": finding.source,
        "state": str(finding.state),
        "channel": finding.channel.name.lower(),
        "by": finding.by,
        "reason": str(finding.reason),
        "ms": finding.ms,
    }


def _finding(row: Mapping[str, Any]) -> Finding:
    channel = Channel[row["channel"].upper()]
    return Finding(row["source"], SessionState(row["state"]), channel, row["by"], Reason(row["reason"]), row["ms"])


def _signals_row(signals: Signals) -> dict[str, Any]:
    row = {
        "choice": signals.choice,
        "remembered": signals.remembered,
        "referer_host": signals.referer_host,
        "cookies": sorted(signals.cookies),
    }
    return {name: value for name, value in row.items() if value}
