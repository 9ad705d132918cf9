"""What is counted of entries and of a worker, in one process."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry

from aiguilleur.core.model import Channel, Finding, Reason, SessionState
from aiguilleur.journal import Again, Event, JournalEntry, Settled, settled_by
from aiguilleur.metrics import Sample
from aiguilleur.metrics.meter import Meter

AT = datetime(2021, 3, 15, 9, 42, 7, 318000, UTC)
BACK = Finding("aten", SessionState.INACTIVE, Channel.BACK, "aten-status", Reason.ANSWER, 38)
FRONT = Finding("educonnect", SessionState.ACTIVE, Channel.FRONT, "educonnect", Reason.ANSWER)


def entry(event: Event = Event.DECIDED, outcome: str = "redirect", **more: object) -> JournalEntry:
    given = {"target": "ent", "source": "aten", "status": 303, "ms": 41, **more}
    return JournalEntry(AT, "KOVATI", event, outcome=outcome, **given)  # type: ignore[arg-type]


class Counted:
    """A meter of its own, and its values."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.meter = Meter(self.registry)

    def __call__(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"aiguilleur_{name}", labels)

    def labels(self) -> set[str]:
        return {
            value for family in self.registry.collect() for each in family.samples for value in each.labels.values()
        }


@pytest.fixture
def counted() -> Counted:
    return Counted()


@pytest.mark.parametrize(
    ("told", "settled"),
    [
        (entry(), Settled.SIGNAL),
        (entry(findings=(BACK,)), Settled.SERVER),
        (entry(findings=(BACK, FRONT)), Settled.BROWSER),
        (entry(outcome="discover", findings=(BACK,)), Settled.MIRE),
        (entry(Event.CHOICE), Settled.MIRE),
        (entry(Event.ASKED, "ask", findings=(BACK,)), Settled.AWAY),
    ],
    ids=lambda value: str(value) if isinstance(value, Settled) else "",
)
def test_a_decision_is_counted_by_what_settled_it(counted: Counted, told: JournalEntry, settled: Settled) -> None:
    counted.meter.write(told)

    assert settled_by(told) is settled
    labels = {"target": "ent", "outcome": told.outcome, "source": "aten", "channel": str(settled)}
    assert counted("decisions_total", **labels) == 1
    assert counted("visit_seconds_sum", channel=settled) == 0.041


def test_what_is_no_decision_is_an_entry_alone(counted: Counted) -> None:
    for event in (Event.RETURNED, Event.REFUSED, Event.DIAGNOSED, Event.SOURCE, Event.CONFIG):
        counted.meter.write(entry(event, status=404))

        assert counted("entries_total", event=event, status="404") == 1
    assert counted("decisions_total", target="ent", outcome="redirect", source="aten", channel="signal") is None


def test_a_finding_is_counted_once_although_a_visit_carries_it_from_leg_to_leg(counted: Counted) -> None:
    counted.meter.write(entry(Event.ASKED, "ask", legs=1, findings=(BACK,)))
    counted.meter.write(entry(legs=1, findings=(BACK, FRONT)))

    assert counted("findings_total", source="aten", channel="server", reason="answer") == 1
    assert counted("findings_total", source="educonnect", channel="browser", reason="answer") == 1
    assert counted("probe_seconds_count", source="aten") == 1
    assert counted("probe_seconds_sum", source="aten") == 0.038


def test_what_was_not_sent_took_no_time(counted: Counted) -> None:
    silent = Finding("aten", SessionState.UNKNOWN, Channel.BACK, "aten-status", Reason.BREAKER)
    counted.meter.write(entry(findings=(silent,)))

    assert counted("findings_total", source="aten", channel="server", reason="breaker") == 1
    assert counted("probe_seconds_count", source="aten") is None


def test_visits_that_broke_and_visitors_who_came_back_are_counted(counted: Counted) -> None:
    counted.meter.write(entry(Event.REFUSED, "floor"))
    counted.meter.write(entry(again=Again("only", 60)))

    assert (counted("floor_total"), counted("regrets_total", target="ent")) == (1, 1)


def test_each_request_of_a_visitor_who_came_back_is_counted(counted: Counted) -> None:
    counted.meter.write(entry(outcome="discover", again=Again("only", 60)))
    counted.meter.write(entry(Event.CHOICE, again=Again("only", 70)))

    [told] = [family.documentation for family in counted.registry.collect() if family.name == "aiguilleur_regrets"]
    assert counted("regrets_total", target="ent") == 2
    assert told.startswith("Requests of visitors who came back within three minutes")


def test_no_school_code_or_host_is_a_label(counted: Counted) -> None:
    counted.meter.write(
        entry(etab="clg-rochat-rousses", academy="besancon", host="ent.example", rule="only", node="ts1")
    )

    assert counted.labels().isdisjoint({"clg-rochat-rousses", "besancon", "ent.example", "only", "ts1", "KOVATI"})


def sample(**more: object) -> Sample:
    return Sample("ff", 1.5, is_wanted=True, **more)  # type: ignore[arg-type]


def test_what_a_worker_has_counted_is_counted_on_when_its_settings_are_read_anew(counted: Counted) -> None:
    for hits, afresh in ((3, True), (5, False), (2, True), (2, False)):
        counted.meter.observe(sample(spared={"hits": hits}, dropped={"FileSink": 0}), afresh=afresh)

    assert counted("cache_spared_total", how="hits") == 7
    assert counted("journal_dropped_total", sink="FileSink") == 0


def test_how_breakers_and_canaries_stand_is_told_and_nothing_of_those_that_are_gone(counted: Counted) -> None:
    counted.meter.observe(sample(breakers={"aten-status": "open"}, canaries={"educonnect": "dead"}), afresh=True)

    assert counted("breaker_workers", probe="aten-status", state="open") == 1
    assert counted("breaker_workers", probe="aten-status", state="resting") == 0
    assert counted("canary", probe="educonnect", standing="dead") == 1
    assert counted("canary", probe="educonnect", standing="good") == 0
    counted.meter.observe(sample(), afresh=True)

    assert counted("breaker_workers", probe="aten-status", state="open") == 0
    assert counted("canary", probe="educonnect", standing="dead") == 0


def test_the_configuration_is_told_by_a_number_that_is_the_same_everywhere(counted: Counted) -> None:
    counted.meter.observe(Sample("ffffffffffff", 1.5, is_wanted=False), afresh=True)

    assert (counted("config_digest"), counted("config_ok")) == (0xFFFFFFFFFFFF, 0)
    assert counted("config_read_timestamp_seconds") == 1.5
