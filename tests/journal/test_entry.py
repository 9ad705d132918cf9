from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields
from msgspec.structs import replace as changed

from aiguilleur.core.model import Arrival, Channel, Facts, Finding, Reason, School, SessionState, Signals
from aiguilleur.errors import JournalError
from aiguilleur.journal import UNKNOWN, Again, Event, JournalEntry, entry_of, facts_of
from aiguilleur.journal.entry import from_line

PARIS = ZoneInfo("Europe/Paris")
SCHOOL = School("clg-rochat-rousses", kind="clg", academy="besancon", name="Collège Rochat")
FULL = JournalEntry(
    time=datetime(2021, 3, 15, 9, 42, 7, 318000, UTC),
    code="KOVATI",
    event=Event.DECIDED,
    target="teleservices",
    page="bourse",
    etab="clg-rochat-rousses",
    academy="besancon",
    school_kind="clg",
    entry="eclat",
    arrival=Arrival.CROSS_SITE,
    outcome="redirect",
    source="aten-besancon",
    rule="aten-active",
    status=303,
    host="teleservices.ac-besancon.fr",
    legs=1,
    ms=41,
    open=("aten-besancon", "educonnect"),
    ill=("educonnect",),
    findings=(Finding("aten-besancon", SessionState.ACTIVE, Channel.BACK, "status", Reason.ANSWER, 38),),
    signals=Signals(
        choice="educonnect",
        remembered="aten-besancon",
        entry="eclat",
        arrival=Arrival.CROSS_SITE,
        referer_host="other",
        cookies=frozenset({"ACTSESSION=blank", "CTSESSION"}),
    ),
    again=Again("had-aten", 90),
    shadow="tomorrow",
    problems=("config/rules.yaml:14:21",),
    policy="5f3c9a",
    node="ts1",
    version="1.2.3",
)
LINE = (
    '{"time":"2021-03-15T09:42:07.318Z","code":"KOVATI","event":"decided","target":"teleservices","page":"bourse",'
    '"etab":"clg-rochat-rousses","academy":"besancon","school_kind":"clg","entry":"eclat","arrival":"cross-site",'
    '"outcome":"redirect","source":"aten-besancon","rule":"aten-active","status":303,'
    '"host":"teleservices.ac-besancon.fr","legs":1,"ms":41,"open":["aten-besancon","educonnect"],'
    '"ill":["educonnect"],"findings":[{"source":"aten-besancon","state":"active","channel":"back","by":"status",'
    '"reason":"answer","ms":38}],"signals":{"choice":"educonnect","remembered":"aten-besancon",'
    '"referer_host":"other","cookies":["ACTSESSION=blank","CTSESSION"]},"again":{"rule":"had-aten","after_s":90},'
    '"shadow":"tomorrow","problems":["config/rules.yaml:14:21"],"policy":"5f3c9a","node":"ts1","version":"1.2.3"}'
)
TEXTS = [each.name for each in fields(JournalEntry) if each.type is str]


def test_a_full_entry_is_exactly_the_documented_list_in_its_order() -> None:
    assert FULL.line() == LINE
    assert json.loads(FULL.line()) == FULL.as_json()


def test_a_line_gives_its_entry_back() -> None:
    assert from_line(LINE) == FULL


def test_an_entry_with_nothing_to_say_is_short() -> None:
    entry = JournalEntry(datetime(2021, 3, 15, tzinfo=UTC), "KOVATI", Event.CONFIG, version="")

    assert entry.line() == (
        '{"time":"2021-03-15T00:00:00.000Z","code":"KOVATI","event":"config","target":"?","arrival":"none",'
        '"legs":0,"ms":0}'
    )
    assert from_line(entry.line()) == entry


def test_what_a_later_version_adds_is_passed_over() -> None:
    row = json.loads(LINE) | {"colour": "blue"}
    row["signals"]["smell"] = 3
    row["findings"][0]["age"] = 12

    assert from_line(json.dumps(row)) == FULL


def test_a_time_in_another_zone_is_read_as_utc() -> None:
    entry = from_line(LINE.replace("09:42:07.318Z", "10:42:07.318+01:00"))

    assert entry == FULL


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("time", "2021-03-15T09:42:07.318"),
        ("time", "0001-01-01T00:00:00+23:00"),
        ("time", 12),
        ("code", None),
        ("event", "danced"),
        ("status", "303"),
        ("ms", True),
        ("open", "aten"),
        ("ill", [1]),
        ("findings", [{"source": "aten"}]),
        ("signals", []),
        ("again", {"rule": "x"}),
    ],
)
def test_a_field_of_the_wrong_shape_is_a_torn_line(name: str, value: Any) -> None:
    with pytest.raises(JournalError, match="j:4: not a line"):
        from_line(json.dumps(json.loads(LINE) | {name: value}), "j:4")


def test_a_line_nested_without_end_is_a_torn_line() -> None:
    with pytest.raises(JournalError):
        from_line("[" * 100_000)


def _rows(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(json.loads(LINE), inner))


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | _rows(inner))
)
def test_any_json_is_an_entry_or_a_torn_line(row: Any) -> None:
    try:
        entry = from_line(json.dumps(row))
    except JournalError:
        return
    assert isinstance(entry, JournalEntry)


@given(st.sampled_from(TEXTS), st.text(st.characters(exclude_categories=())))
def test_a_hostile_text_in_any_field_stays_one_line_of_ascii(name: str, hostile: str) -> None:
    told: dict[str, Any] = {name: hostile}
    line = changed(FULL, **told).line()

    assert line.isascii()
    assert line.splitlines() == [line]
    assert json.loads(line).get(name, "") in (hostile, "?" if name == "target" else hostile)


@given(st.text(st.characters(exclude_categories=())), st.frozensets(st.text()))
def test_a_hostile_text_in_what_is_nested_stays_one_line_of_ascii(hostile: str, cookies: frozenset[str]) -> None:
    finding = Finding(hostile, SessionState.ACTIVE, Channel.FRONT, hostile, Reason.ANSWER)
    signals = Signals(choice=hostile or None, entry="eclat", arrival=Arrival.CROSS_SITE, cookies=cookies)
    entry = changed(FULL, findings=(finding,), signals=signals, again=Again(hostile, 1), open=(hostile,))

    assert entry.line().isascii()
    assert entry.line().splitlines() == [entry.line()]
    assert from_line(entry.line()) == entry


def facts(school: School | None = SCHOOL) -> Facts:
    return Facts(
        target="teleservices",
        school=school,
        at=datetime(2021, 3, 15, 23, 30, 7, 318999, UTC),
        day=date(2021, 3, 16),
        open=frozenset({"educonnect", "aten-besancon"}),
        ill=frozenset({"educonnect"}),
        signals=FULL.signals,
        findings=FULL.findings,
    )


def test_facts_become_an_entry() -> None:
    decided = {
        "outcome": "redirect",
        "source": "aten-besancon",
        "rule": "aten-active",
        "status": 303,
        "legs": 1,
    }
    entry = entry_of(
        facts(),
        event=Event.DECIDED,
        code="KOVATI",
        **decided,
        host="teleservices.ac-besancon.fr",
        ms=41,
        page="bourse",
        again=Again("had-aten", 90),
        shadow="tomorrow",
        problems=FULL.problems,
        policy="5f3c9a",
        node="ts1",
        version="1.2.3",
    )

    assert entry == changed(FULL, time=datetime(2021, 3, 15, 23, 30, 7, 318000, UTC))


def test_facts_come_back_to_the_millisecond_with_the_local_day() -> None:
    entry = from_line(entry_of(facts(), event=Event.DECIDED, code="KOVATI").line())

    assert facts_of(entry, SCHOOL, PARIS) == replace(facts(), at=datetime(2021, 3, 15, 23, 30, 7, 318000, UTC))


def test_a_school_counts_as_it_was_that_day() -> None:
    entry = entry_of(facts(), event=Event.DECIDED, code="KOVATI")
    moved = replace(SCHOOL, academy="dijon", kind="lyc")
    gone = School("clg-rochat-rousses", academy="besancon", kind="clg")

    assert facts_of(entry, moved, PARIS).school == SCHOOL
    assert facts_of(entry, None, PARIS).school == gone


@pytest.mark.parametrize("etab", ["", UNKNOWN])
def test_no_school_stays_none(etab: str) -> None:
    assert facts_of(changed(FULL, etab=etab), None, PARIS).school is None
