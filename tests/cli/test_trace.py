"""What `explain --code` prints when something else than the rules answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as changed

from aiguilleur.cli.trace import Trace, trace_of
from aiguilleur.core.decision import Rule
from aiguilleur.core.model import Channel, ProbeRef, Reason, Redirect
from aiguilleur.journal import Again, Event, JournalEntry, entry_of
from aiguilleur.settings.load import load
from aiguilleur.settings.model import Settings
from tests.builders import facts, found, source_is
from tests.conftest import ROOT

MARCH = datetime(2021, 3, 15, 9, 42, tzinfo=UTC)
BOTH = ("aten-besancon", "educonnect")
ACTIVE = found("aten-besancon", "active", by="aten-besancon-status")


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load(Path(ROOT / "config"))[0]


def traced(settings: Settings, event: Event, *, open: tuple[str, ...] = BOTH, **recorded: Any) -> Trace:
    choice = recorded.pop("choice", None)
    decided = {"outcome": "discover", "rule": "default", "status": 200, "policy": settings.digest} | recorded
    return trace_of(entry_of(facts(ACTIVE, open=open, choice=choice), event=event, code="KOVATI", **decided), settings)


def asking(settings: Settings) -> Settings:
    """The same with one rule, which asks educonnect through the browser."""
    probe = ProbeRef("educonnect", "educonnect", Channel.FRONT)
    rule = Rule("edu-active", (source_is("educonnect"),), Redirect("educonnect"), "config/rules.yaml:9")
    policies = {
        target: replace(policy, rules=(rule,), probes={"educonnect": (probe,)})
        for target, policy in settings.policies.items()
    }
    return replace(settings, policies=policies)


def steps(trace: Trace) -> tuple[object, object, str]:
    told = trace.as_json()
    return told["then"]["step"], told["today"]["step"], told["then"]["rule"]


def test_a_click_on_the_mire_is_told_as_one(settings: Settings) -> None:
    recorded: dict[str, Any] = {"outcome": "redirect", "source": "educonnect", "rule": "choice", "status": 303}
    trace = traced(settings, Event.CHOICE, choice="educonnect", **recorded)

    assert steps(trace) == ({"redirect": "educonnect"}, {"redirect": "educonnect"}, "choice")
    assert " * choice  a click on the mire chose educonnect" in trace.text()
    assert "   A click on the mire chose educonnect: the rules were not what answered." in trace.text()
    assert "Today's rules: the same." in trace.text()


def test_a_choice_that_is_not_open_is_told(settings: Settings) -> None:
    trace = traced(settings, Event.REFUSED, open=("educonnect",), choice="aten-besancon")

    assert steps(trace) == ({"discover": ["educonnect"]}, {"discover": ["educonnect"]}, "default")
    assert " * default  aten-besancon was chosen and is not open" in trace.text()


def test_the_host_name_of_a_source_that_has_ended_is_told(settings: Settings) -> None:
    entry = JournalEntry(MARCH, "KOVATI", Event.REFUSED, source="aten-besancon", status=410, policy=settings.digest)
    text = trace_of(entry, settings).text()

    assert (
        "   The host name of aten-besancon, which has ended, was asked for: the rules were not what answered." in text
    )
    assert " → 410   0 ms in all" in text


@pytest.mark.parametrize(
    ("event", "again", "why"),
    [
        (Event.REFUSED, None, "framed, or not a click"),
        (Event.DECIDED, Again("inside-eclat", 40), "back 40 s after inside-eclat"),
        (Event.DECIDED, None, "the mire's own address, an unknown school or a shared computer"),
    ],
)
def test_the_mire_that_no_rule_gave_is_told(settings: Settings, event: Event, again: Again | None, why: str) -> None:
    trace = traced(settings, event, again=again)

    assert steps(trace)[2] == "default"
    assert f" * default  {why}\n" in trace.text()
    assert "Today's rules: the same." in trace.text()


def test_rules_that_are_not_kept_do_not_pass_for_something_else(settings: Settings) -> None:
    trace = traced(settings, Event.DECIDED, policy="0123456789ab")

    assert (trace.aside, trace.then.rule) == ("", "aten-active[aten-besancon]")


@pytest.mark.parametrize(
    ("recorded", "led", "today"),
    [
        ({}, " mire (default) 200   0 ms in all\n", "redirect to aten-besancon (aten-active[aten-besancon])"),
        (
            {"outcome": "redirect", "source": "educonnect", "rule": "inside-eclat", "status": 303},
            " → educonnect (inside-eclat) 303   0 ms in all\n",
            "redirect to aten-besancon (aten-active[aten-besancon])",
        ),
        (
            {"outcome": "redirect", "source": "aten-besancon", "rule": "old", "status": 303},
            " → aten-besancon (old) 303   0 ms in all\n",
            "the same",
        ),
    ],
)
def test_without_the_rules_of_that_day_today_s_are_compared_with_what_was_recorded(
    settings: Settings, recorded: dict[str, Any], led: str, today: str
) -> None:
    text = traced(settings, Event.DECIDED, policy="0123456789ab", **recorded).text()

    assert f"{led}   Today's rules: {today}.\n" in text
    assert text.endswith("(The rules of that day are not kept here; today's are shown.)")


@pytest.mark.parametrize(("outcome", "today"), [("ask", "the same"), ("discover", "would ask educonnect first")])
def test_a_question_of_rules_that_are_not_kept_is_the_same_as_one_of_today(
    settings: Settings, outcome: str, today: str
) -> None:
    trace = traced(asking(settings), Event.ASKED, outcome=outcome, policy="0123456789ab")

    assert f"Today's rules: {today}.\n" in trace.text()


def test_every_finding_is_told_also_those_that_the_rule_did_not_look_at(settings: Settings) -> None:
    presumed = found("aten-besancon", "active", by="CTSESSION", channel=Channel.SIGNAL, reason=Reason.PRESUMED)
    trace = traced(settings, Event.DECIDED)
    text = replace(trace, entry=changed(trace.entry, findings=(presumed, ACTIVE))).text()

    assert "   aten-besancon  active  CTSESSION, signal, presumed, 0 ms\n" in text
    assert "   aten-besancon  active  aten-besancon-status, server, answer, 0 ms\n" in text


def test_a_return_that_was_not_listened_to_is_told(settings: Settings) -> None:
    replayed = found("educonnect", "unknown", channel=Channel.FRONT, reason=Reason.REPLAYED)
    recorded = entry_of(
        facts(replayed, open=BOTH), event=Event.RETURNED, code="KOVATI", source="educonnect", policy=settings.digest
    )

    told = trace_of(recorded, settings).text()
    assert "A return from educonnect that was not listened to (replayed): the rules were not what answered." in told


def test_a_trip_is_told_with_what_it_waits_for(settings: Settings) -> None:
    trace = traced(asking(settings), Event.ASKED, outcome="ask", source="educonnect", rule="edu-active")

    assert steps(trace) == ({"ask": ["educonnect"]}, {"ask": ["educonnect"]}, "edu-active")
    assert "Rule 'edu-active' cannot be settled before educonnect has answered." in trace.text()
    assert "Today's rules: the same." in trace.text()
