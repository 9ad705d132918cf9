"""From the facts of a visit to its entry, and back, so that a past decision can be judged again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from aiguilleur.core.model import Facts, School
from aiguilleur.journal.entry import UNKNOWN, Event, JournalEntry


def entry_of(facts: Facts, *, event: Event, code: str, **decided: Any) -> JournalEntry:
    """The entry for these facts; `decided` are the remaining fields of `JournalEntry`, by name."""
    school = facts.school or School("")
    return JournalEntry(
        time=facts.at.replace(microsecond=facts.at.microsecond // 1000 * 1000),
        code=code,
        event=event,
        target=facts.target,
        etab=school.etab,
        academy=school.academy,
        school_kind=school.kind,
        entry=facts.signals.entry or "",
        arrival=facts.signals.arrival,
        open=tuple(sorted(facts.open)),
        ill=tuple(sorted(facts.ill)),
        findings=facts.findings,
        signals=facts.signals,
        **decided,
    )


def facts_of(entry: JournalEntry, school: School | None, zone: ZoneInfo) -> Facts:
    """The facts that an entry's decision stood on; `school` is as the directory knows it today, if it does.

    The académie and the kind that count are those of that day.
    """
    if entry.etab not in ("", UNKNOWN):
        school = replace(school or School(entry.etab), academy=entry.academy, kind=entry.school_kind)
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
