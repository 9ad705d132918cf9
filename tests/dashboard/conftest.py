from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from aiguilleur.dashboard import Desk
from aiguilleur.journal.scale import Counts, Migration, Report, Scope
from tests.report.figures import NAMES

NOW = datetime(2021, 7, 8, 6, tzinfo=UTC)
#: One week of one school: enough to be drawn, and quick.
LITTLE = Report(
    first=NOW,
    last=NOW,
    total=Counts(visits=9, silent=9, p50_ms=12, p99_ms=40),
    schools=(Migration(date(2021, 7, 5), "besancon", "clg-1", "aten", 9),),
)
VISIT = "15 March 2021 10:42:07.318 · KOVATI\n\n * aten-active   <b>aten</b>: active"


class Journal:
    """A journal that a dashboard reads, and what it was asked."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []
        self.read: Callable[[Scope], Report] = lambda scope: replace(LITTLE, scope=scope)

    def report(self, scope: Scope) -> Report:
        self.scopes.append(scope)
        return self.read(scope)

    def visits(self, code: str) -> tuple[str, ...]:
        return (VISIT,) if code == "KOVATI" else ()

    def etab(self, text: str) -> str | None:
        return {"clg-1": "clg-1", "clg-gone": "clg-gone"}.get(text.lower())

    def desk(self) -> Desk:
        return Desk(self.report, self.visits, self.etab, NAMES, ZoneInfo("Europe/Paris"), lambda: NOW)


@pytest.fixture
def journal() -> Journal:
    return Journal()
