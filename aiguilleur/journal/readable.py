"""An entry in words for people: one line, or its findings as a table."""

from __future__ import annotations

from datetime import tzinfo

from aiguilleur.core.model import Channel, Finding
from aiguilleur.journal.entry import Event, JournalEntry

_ASKED = {Channel.SIGNAL: "signal", Channel.BACK: "server", Channel.FRONT: "browser"}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def readable(entry: JournalEntry, zone: tzinfo | None = None) -> str:
    """`10:42:07 KOVATI teleservices clg-rochat-rousses → aten-besancon (aten-active) …`, in local time."""
    left = f"{entry.time.astimezone(zone):%H:%M:%S} {entry.code} {entry.target:<12} {entry.etab or '-':<18}"
    right = " ".join(part for part in (_led_to(entry), entry.host, f"{entry.ms} ms") if part)
    findings = "; ".join(
        str(each.reason) if entry.event is Event.SOURCE else f"{each.source}: {each.state} ({_why(each)})"
        for each in entry.findings
    )
    return _printable(f"{left} {right}  {findings}".rstrip())


def heading(entry: JournalEntry, zone: tzinfo | None = None) -> str:
    """`15 March 2021 10:42:07.318 · KOVATI · teleservices · clg-rochat-rousses (besancon) · node … · rules …`."""
    local = entry.time.astimezone(zone)
    clock = f"{local:%H:%M:%S}.{local.microsecond // 1000:03d}"
    school = f"{entry.etab} ({entry.academy or '?'})" if entry.etab else "no school"
    return _printable(
        f"{local.day} {_MONTHS[local.month - 1]} {local.year} {clock} · {entry.code} · {entry.target} · {school}"
        f" · node {entry.node or '?'} · rules {entry.policy[:6] or '?'}"
    )


def conclusion(entry: JournalEntry) -> str:
    """Where the entry led, at which status, and how long it took in all."""
    parts = (_led_to(entry), str(entry.status or ""), entry.host)
    return _printable(f" {' '.join(part for part in parts if part)}   {entry.ms} ms in all")


def findings_table(entry: JournalEntry) -> list[str]:
    """What each source was found to say, who asked, how, why and in how long; aligned, without a title."""
    rows = [
        (each.source, str(each.state), f"{each.by}, {_ASKED[each.channel]}, {_why(each)}") for each in entry.findings
    ]
    sources = max((len(source) for source, _, _ in rows), default=0)
    states = max((len(state) for _, state, _ in rows), default=0)
    return [_printable(f"   {source:<{sources}}  {state:<{states}}  {said}") for source, state, said in rows]


def _led_to(entry: JournalEntry) -> str:
    if entry.event in (Event.SOURCE, Event.CONFIG):
        return " ".join(part for part in (entry.source, entry.outcome, f"[{entry.event}]", *entry.problems) if part)
    place = f"→ {entry.source}" if entry.source else "· mire" if entry.outcome == "discover" else f"· {entry.outcome}"
    rule = f"({entry.rule})" if entry.rule else ""
    event = f"[{entry.event}]" if entry.event is not Event.DECIDED else ""
    return " ".join(part for part in (place.removesuffix("· "), rule, event) if part)


def _why(finding: Finding) -> str:
    return f"{finding.reason}, {finding.ms} ms"


def _printable(line: str) -> str:
    """A terminal obeys control characters: whatever a file holds, none is shown."""
    return line if line.isprintable() else "".join(each if each.isprintable() else "?" for each in line)
