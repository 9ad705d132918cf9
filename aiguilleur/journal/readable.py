"""An entry as one line for people."""

from __future__ import annotations

from datetime import tzinfo

from aiguilleur.journal.entry import JournalEntry


def readable(entry: JournalEntry, zone: tzinfo | None = None) -> str:
    """`10:42:07 KOVATI teleservices clg-rochat-rousses → aten-besancon (aten-active) …`, in local time."""
    outcome = f"→ {entry.source}" if entry.source else f"· {'mire' if entry.outcome == 'discover' else entry.outcome}"
    findings = "; ".join(
        f"{finding.source}: {finding.state} ({finding.reason}, {finding.ms} ms)" for finding in entry.findings
    )
    parts = (
        f"{entry.time.astimezone(zone):%H:%M:%S}",
        entry.code,
        entry.event,
        entry.target,
        entry.etab or "-",
        outcome,
        f"({entry.rule})",
        entry.host,
        f"{entry.ms} ms",
        findings,
    )
    return " ".join(part for part in parts if part)
