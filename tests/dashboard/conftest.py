from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from aiguilleur.dashboard import Desk
from aiguilleur.journal.scale import Report, Scope
from tests.report.figures import NAMES, year

NOW = datetime(2021, 7, 8, 6, tzinfo=UTC)
VISIT = "15 March 2021 10:42:07.318 · KOVATI\n\n * aten-active   <b>aten</b>: active"


class Journal:
    """A journal that a dashboard reads, and what it was asked."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []
        self.read: Callable[[Scope], Report] = lambda scope: replace(year(schools=2, scope=scope), academies=())

    def report(self, scope: Scope) -> Report:
        self.scopes.append(scope)
        return self.read(scope)

    def visits(self, code: str) -> tuple[str, ...]:
        return (VISIT,) if code == "KOVATI" else ()

    def etab(self, text: str) -> str | None:
        return "clg-1" if text.lower() == "clg-1" else None

    def desk(self) -> Desk:
        return Desk(self.report, self.visits, self.etab, NAMES, ZoneInfo("Europe/Paris"), lambda: NOW)


@pytest.fixture
def journal() -> Journal:
    return Journal()
