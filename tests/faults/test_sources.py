"""Rows F01 to F15, F27 and F28 of `docs/faults.md`: what becomes of visits when a source's server is sick."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import mkdtemp

import pytest

from aiguilleur.core.model import ILL_REASONS, Reason
from aiguilleur.probes.breaker import FAILURES, RESTS
from aiguilleur.sandbox.faults import Authority, Fault
from tests.faults.felt import SEEN
from tests.faults.town import BUDGET, LONGEST, Town, town
from tests.nodes import SERVICES
from tests.waiting import LATE, await_that, undisturbed

#: By the row of the matrix.
ROWS = {
    "F01": (Fault.REFUSED,),
    "F02": (Fault.SILENT, Fault.SWALLOWED),
    "F03": (Fault.SLOW_HEADERS,),
    "F04": (Fault.SLOW_BODY,),
    "F05": (Fault.ENDLESS_CONTINUE,),
    "F06": (Fault.RESET_IN_HEADERS, Fault.RESET_IN_BODY),
    "F07": (Fault.ERROR_500, Fault.ERROR_502),
    "F08": (Fault.THROTTLED, Fault.THROTTLED_120),
    "F09": (Fault.RESTING_120, Fault.RESTING_DATE, Fault.RESTING_GARBAGE, Fault.RESTING_FOREVER),
    "F10": (Fault.NOISE, Fault.WRONG_TYPE, Fault.LOGIN_PAGE),
    "F11": (Fault.HUGE,),
    "F12": (Fault.GZIP_BOMB,),
    "F13": (Fault.REDIRECT_LOOP, Fault.REDIRECT_ELSEWHERE),
    "F14": (Fault.TLS_EXPIRED, Fault.TLS_WRONG_HOST, Fault.TLS_SELF_SIGNED, Fault.TLS_OLD),
    "F15": (Fault.TLS_STALL, Fault.TLS_DRIP),
}
EACH = [pytest.param(fault, id=f"{row}-{fault}") for row, faults in ROWS.items() for fault in faults]
#: A status that the configuration gives a meaning to is an answer; a page without the words it looks for is none.
SAID = {
    Fault.NOISE: Reason.PARSE,
    Fault.WRONG_TYPE: Reason.PARSE,
    Fault.LOGIN_PAGE: Reason.PARSE,
    Fault.REDIRECT_LOOP: Reason.ANSWER,
    Fault.REDIRECT_ELSEWHERE: Reason.ANSWER,
}
#: For how long a source rests that asks for it: what it says, five minutes at most, half a minute when that cannot be read.
RESTS_S = {
    Fault.THROTTLED: 30,
    Fault.THROTTLED_120: 120,
    Fault.RESTING_120: 120,
    Fault.RESTING_DATE: 120,
    Fault.RESTING_GARBAGE: 30,
    Fault.RESTING_FOREVER: 300,
}
#: EduConnect is asked only once ATEN has failed.
ONE_AFTER_THE_OTHER = """
rules:
  - {id: aten-active, when: [{source: aten, is: active}], then: {redirect: aten}}
  - {id: aten-remembered, when: [{remembered: aten}], then: {redirect: aten}}
  - {id: educonnect-active, when: [{source: educonnect, is: active}], then: {redirect: educonnect}}
default: {discover: [educonnect, aten]}
"""
ILL = "Ce service répond mal en ce moment"


def stalls(fault: Fault) -> bool:
    return SEEN[fault] is Reason.DEADLINE


def able(folder: Path, authority: Authority, fault: Fault) -> AbstractContextManager[Town]:
    """A new town in which ATEN can have this fault."""
    over_tls = fault.startswith("tls-")
    return town(
        Path(mkdtemp(dir=folder)),
        authority=authority if over_tls else None,
        budget=BUDGET if stalls(fault) else LONGEST,
    )


@pytest.fixture
def place(tmp_path: Path, request: pytest.FixtureRequest, authority: Authority) -> Iterator[Town]:
    with able(tmp_path, authority, request.node.callspec.params["fault"]) as running:
        yield running


@pytest.mark.parametrize("fault", EACH)
def test_a_sick_source_costs_no_more_than_the_budget_is_named_and_gets_no_cookie_but_its_own(
    tmp_path: Path, authority: Authority, fault: Fault
) -> None:
    def visits() -> None:
        with able(tmp_path, authority, fault) as place:
            _costs_the_budget_and_is_named(place, fault)

    # The source that is well has no more time than the one that stalls.
    undisturbed(visits)


def _costs_the_budget_and_is_named(place: Town, fault: Fault) -> None:
    reason = SAID.get(fault) or SEEN[fault]
    place.aten.set(fault)
    at_both = place.visit("aten", "educonnect", jar="other=canary-other")
    at_aten = place.visit("aten", jar="other=canary-other")

    # Whoever is known elsewhere goes there; whoever is not sees the page, where the sick source can be chosen still.
    assert (at_both.response.status_code, at_both.place) == (303, SERVICES["educonnect"])
    assert at_aten.response.status_code == 200
    assert 'value="aten"' in at_aten.response.text
    assert (ILL in at_aten.response.text) is (reason in ILL_REASONS)
    assert (at_both.of("aten").reason, at_both.of("aten").state) == (
        reason,
        "inactive" if reason is Reason.ANSWER else "unknown",
    )
    for seen in (at_both, at_aten):
        assert seen.seconds < BUDGET * stalls(fault) + LATE
    _no_cookie_elsewhere(place)


def _no_cookie_elsewhere(place: Town) -> None:
    assert place.elsewhere.connections == 0
    assert len(place.educonnect.sent("Cookie")) == 1
    for server, own in ((place.aten, "CTSESSION=canary-aten-"), (place.educonnect, "EDUSESSION=canary-educonnect-")):
        assert all(cookie.startswith(own) and ";" not in cookie for cookie in server.sent("Cookie"))
        assert "canary-other" not in "".join(server.heard)


@pytest.mark.parametrize("fault", EACH)
def test_a_source_that_fails_is_soon_left_alone_and_nobody_waits_for_it(place: Town, fault: Fault) -> None:
    reason = SAID.get(fault) or SEEN[fault]
    place.aten.set(fault)
    for _ in range(3):
        place.visit("aten")
    if reason in FAILURES | RESTS:
        # The breaker may hear of the last one after the visitor has gone on.
        await_that(lambda: place.ready()["probes"]["aten-status"]["breaker"] != "closed")
    told = place.ready()["probes"]["aten-status"]
    heard = place.aten.connections
    later = [place.visit("aten") for _ in range(3)]

    if reason in FAILURES | RESTS:
        assert (told["breaker"], told["reason"]) == ("resting" if reason in RESTS else "open", reason)
        assert max(1, RESTS_S.get(fault, 4) - LATE) <= told["again_in_s"] <= RESTS_S.get(fault, 6)
        # No rule that leads there is looked at, so that nobody is asked: all that the journal needs to say.
        assert [seen.entry.ill for seen in later] == [("aten",)] * 3
        assert {finding.source for seen in later for finding in seen.entry.findings} == {"educonnect"}
        # The best of three: another process may have had the machine.
        assert min(seen.seconds for seen in later) < BUDGET
        assert all(ILL in seen.response.text for seen in later)
        assert place.aten.connections == heard
        assert place.changes() == [(told["breaker"], reason)]
    else:
        # It answers, at once; only what it says means nothing.
        assert (told["breaker"], told["reason"]) == ("closed", None)
        assert [seen.of("aten").reason for seen in later] == [reason] * 3
        assert place.changes() == []


@pytest.mark.parametrize("remembered", ["aten", "educonnect"])
def test_with_all_sources_down_the_page_has_every_entry_and_the_last_choice_first(
    tmp_path: Path, remembered: str
) -> None:
    with town(tmp_path, budget=LONGEST) as place:
        kept = place.remembering(remembered)
        for server in (place.aten, place.educonnect):
            server.set(Fault.REFUSED)
        seen = place.visit("aten", "educonnect", jar=kept)

    page = seen.response.text
    assert seen.response.status_code == 200
    assert seen.seconds < LATE
    entries = [page.index(f'value="{source}"') for source in ("aten", "educonnect")]
    assert (entries[0] < entries[1]) is (remembered == "aten")
    assert page.count(ILL) == 2
    assert "Votre choix de la dernière fois" in page


def test_the_shipped_budget_bounds_a_visit_to_two_silent_sources(tmp_path: Path) -> None:
    with town(tmp_path, budget=1.2) as place:
        for server in (place.aten, place.educonnect):
            server.set(Fault.SILENT)
        seen = place.visit("aten", "educonnect")

    assert seen.response.status_code == 200
    assert 1.1 < seen.seconds < 1.2 + LATE
    assert {finding.reason for finding in seen.entry.findings} == {Reason.DEADLINE}


def test_a_source_that_is_not_asked_for_want_of_time_is_not_held_to_be_silent(tmp_path: Path) -> None:
    def visits() -> None:
        with town(Path(mkdtemp(dir=tmp_path)), rules=ONE_AFTER_THE_OTHER) as place:
            kept = place.remembering("aten")
            place.aten.set(Fault.SILENT)
            seen = [place.visit("aten", "educonnect", jar=kept) for _ in range(3)]
            unasked = place.educonnect.connections
            await_that(lambda: place.ready()["probes"]["aten-status"]["breaker"] == "open")
            told = place.ready()["probes"]["educonnect-status"]
            later = place.visit("aten", "educonnect", jar=kept)

        assert [each.of("educonnect").reason for each in seen] == [Reason.DEADLINE] * 3
        assert unasked == 0
        assert (told["breaker"], told["reason"]) == ("closed", None)
        assert (later.place, place.educonnect.connections) == (SERVICES["educonnect"], 1)

    # The source that is well has no more time than the one that stalls.
    undisturbed(visits)
