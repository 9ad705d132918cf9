"""Every kind of condition keeps to the contract."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from aiguilleur.core import matchers as m
from aiguilleur.core.model import Arrival, SessionState, Sources
from tests.builders import ATEN
from tests.contracts import MatcherContract

ONE = Sources(ATEN, (ATEN,))
EXAMPLES: Mapping[str, m.Matcher] = {
    "source": m.SourceIs(ONE, SessionState.ACTIVE),
    "only": m.Only(ONE),
    "choice": m.Choice(ONE),
    "remembered": m.Remembered(ONE),
    "entry": m.Entry("eclat"),
    "arrival": m.ArrivalIs(Arrival.NONE),
    "referer": m.Referer("a.example"),
    "cookie": m.Cookie("CT"),
    "target": m.Target("teleservices"),
    "etab": m.Etab("clg-rochat-rousses"),
    "academy": m.Academy("besancon"),
    "school_kind": m.SchoolKind("lycée"),
    "between": m.Between((date(2021, 3, 1), date(2021, 3, 31))),
    "any": m.Any((m.Entry("eclat"), m.SourceIs(ONE, SessionState.INACTIVE))),
    "all": m.All((m.Entry("eclat"), m.SourceIs(ONE, SessionState.ACTIVE))),
    "not": m.Not(m.SourceIs(ONE, SessionState.UNKNOWN)),
}


def test_no_kind_is_forgotten() -> None:
    assert {name: type(matcher) for name, matcher in EXAMPLES.items()} == dict(m.MATCHER_KINDS)


@pytest.mark.parametrize("kind", EXAMPLES)
class TestEveryKind(MatcherContract):
    @pytest.fixture(autouse=True)
    def _of_this_kind(self, kind: str) -> None:
        self.matcher = EXAMPLES[kind]

    def make(self) -> m.Matcher:
        return self.matcher
