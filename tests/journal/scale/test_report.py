from __future__ import annotations

import gzip
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from aiguilleur.core.model import Channel, Finding, Reason, SessionState, Signals
from aiguilleur.errors import JournalError
from aiguilleur.journal import Again, Event, JournalEntry
from aiguilleur.journal.scale import (
    FEW,
    Counts,
    Dimension,
    Migration,
    ReasonWeek,
    Regret,
    Regretted,
    Report,
    Scope,
    Settled,
    SettledWeek,
    as_json,
    files_in,
    masked,
    reading,
    report,
    shown,
    text,
)

AT = datetime(2021, 3, 15, 9, 42, 7, 318000, UTC)
MONDAY = date(2021, 3, 15)
SENT = JournalEntry(
    AT, "KOVATI", Event.DECIDED, "ent", etab="clg-a", academy="besancon", outcome="redirect", source="educonnect",
    rule="came-from", ms=10, signals=Signals(referer_host="portal"), node="ts1",
)  # fmt: skip
MIRE = replace(SENT, outcome="discover", source="", rule="default", ms=20)
CHOSEN = replace(SENT, event=Event.CHOICE, rule="choice", source="aten", ms=5)
ASKED = replace(SENT, event=Event.ASKED, outcome="ask", rule="front", legs=1)
CAME = Finding("educonnect", SessionState.ACTIVE, Channel.FRONT, "edu", Reason.ANSWER)
BACK = Finding("aten", SessionState.INACTIVE, Channel.BACK, "aten-status", Reason.ANSWER)


def later(entry: JournalEntry, **more: float) -> JournalEntry:
    return replace(entry, time=entry.time + timedelta(**more))


def written(folder: Path, *entries: JournalEntry | str, name: str = "journal.jsonl") -> Path:
    path = folder / name
    lines = (each if isinstance(each, str) else each.line() for each in entries)
    text = "".join(f"{line}\n" for line in lines)
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def told(folder: Path, *entries: JournalEntry | str, scope: Scope | None = None) -> Report:
    written(folder, *entries)
    return report(files_in([folder]), scope)


def test_a_visit_is_counted_once_whatever_lines_it_has(tmp_path: Path) -> None:
    entries = (ASKED, later(replace(MIRE, legs=1), seconds=2), later(CHOSEN, minutes=4))

    total = told(tmp_path, *entries).total
    assert total == Counts(1, chosen=1, p50_ms=5, p99_ms=5)


def test_a_code_that_recurs_elsewhere_or_later_is_another_visit(tmp_path: Path) -> None:
    elsewhere, later_on = later(replace(SENT, etab="clg-b"), seconds=1), later(SENT, minutes=31)

    assert told(tmp_path, SENT, elsewhere, later_on).total.visits == 3


def test_each_way_to_end_has_its_count_and_they_sum_up(tmp_path: Path) -> None:
    ways = SENT, CHOSEN, MIRE, replace(SENT, event=Event.REFUSED, outcome="discover"), ASKED
    total = told(tmp_path, *(replace(each, code=f"BA{n}") for n, each in enumerate(ways))).total

    assert total == Counts(5, 1, 1, 1, 1, 1, p50_ms=10, p99_ms=20)
    assert total.sent == 2


def test_what_is_no_visit_is_not_counted_as_one(tmp_path: Path) -> None:
    apart = (Event.CONFIG, Event.SOURCE, Event.DIAGNOSED, Event.RETURNED, Event.AGAIN)
    counted = told(tmp_path, *(replace(SENT, event=each, findings=(BACK,), outcome="open") for each in apart))

    assert (counted.total.visits, counted.lines) == (0, 5)
    assert [(each.outcome, each.node) for each in counted.configs] == [("open", "ts1")]
    assert [(each.source, each.by, each.reason) for each in counted.sources] == [
        ("educonnect", "aten-status", "answer")
    ]


def test_an_address_that_is_none_of_ours_is_no_visit_and_the_host_of_an_ended_guichet_is(tmp_path: Path) -> None:
    page = JournalEntry(AT, "BALADO", Event.REFUSED, status=404)
    ended = replace(page, code="BABABA", status=410, source="aten")
    unknown_school = replace(page, code="BABABE", target="ent")

    counted = told(tmp_path, page, ended, unknown_school)
    assert (counted.lines, counted.total.visits, counted.total.refused) == (3, 2, 2)


def test_torn_and_foreign_lines_are_counted_and_what_stands_behind_one_is_read(tmp_path: Path) -> None:
    far = (SENT.line().replace("2021-03-15", day) for day in ("9999-12-31", "1970-01-01"))
    torn = (
        *far,
        '{"time":"2021-03-',
        SENT.line()[:40] + SENT.line(),
        "nonsense",
        '{"code":"KOVATI"}',
        '"KOVATI"',
        "",
        "\x00é",
    )

    counted = told(tmp_path, *torn)
    assert (counted.torn, counted.lines, counted.total.visits) == (7, 1, 1)


def test_a_line_longer_than_any_reader_takes_is_torn(tmp_path: Path) -> None:
    long = "x" * 17_000_000
    written(tmp_path, SENT, long, replace(SENT, code="BABABA"))
    written(tmp_path, long, name="journal.jsonl.1.gz")

    counted = report(files_in([tmp_path]))
    assert (counted.torn, counted.lines, counted.total.visits) == (2, 2, 2)


def test_plain_and_packed_files_of_several_nodes_are_one_journal(tmp_path: Path) -> None:
    for node in ("ts1", "ts2"):
        (tmp_path / node).mkdir()
        written(tmp_path / node, replace(SENT, node=node, code=f"BA{node}"), name="journal.jsonl")
        written(tmp_path / node, replace(MIRE, node=node, code=f"MI{node}"), name="journal-20210314.jsonl.gz")

    by_folder, by_pattern = (
        report(files_in([each]), by=[Dimension.NODE]) for each in (tmp_path, f"{tmp_path}/ts*/*jsonl*")
    )
    assert by_folder == by_pattern
    assert [(row.key, row.counts.visits) for row in by_folder.by[Dimension.NODE]] == [("ts1", 2), ("ts2", 2)]


def test_a_visit_goes_on_at_another_node(tmp_path: Path) -> None:
    written(tmp_path, MIRE, name="ts1.jsonl")
    written(tmp_path, later(replace(CHOSEN, node="ts2"), seconds=20), name="ts2.jsonl")

    assert report(files_in([tmp_path])).total == Counts(1, chosen=1, p50_ms=5, p99_ms=5)


def test_days_and_weeks_are_those_of_the_schools(tmp_path: Path) -> None:
    midnight = replace(SENT, time=datetime(2021, 3, 14, 23, 30, tzinfo=UTC))
    counted = told(tmp_path, midnight)

    assert [row.key for row in counted.by[Dimension.DAY]] == ["2021-03-15"]
    assert counted.schools == (Migration(MONDAY, "besancon", "clg-a", "educonnect", 1),)


def test_a_scope_keeps_to_its_period_school_academy_target_and_source(tmp_path: Path) -> None:
    others = (
        replace(SENT, etab="clg-b"),
        replace(SENT, academy="dijon", code="BABABA"),
        replace(SENT, target="teleservices"),
        replace(SENT, source="aten", code="BABABE"),
        later(SENT, days=-1),
        later(SENT, days=1),
    )
    scope = Scope(AT, AT + timedelta(hours=1), "clg-a", "besancon", "ent", "educonnect")

    assert told(tmp_path, SENT, *others, scope=scope).total.visits == 1
    assert told(tmp_path, SENT, *others).total.visits == 7


def test_the_rule_that_is_regretted_is_that_of_the_visit_before(tmp_path: Path) -> None:
    back = later(replace(MIRE, code="BALADO", again=Again("came-from", 40)), seconds=40)
    stranger = replace(SENT, code="BABABA", etab="clg-b")

    counted = told(tmp_path, SENT, back, stranger)
    assert counted.total.again == 1
    assert counted.regrets[Regretted.RULE] == (Regret("came-from", 2, 1),)
    assert counted.regrets[Regretted.ETAB] == (Regret("clg-a", 1, 1), Regret("clg-b", 1, 0))
    assert Regret("referer:portal", 2, 1) in counted.regrets[Regretted.SIGNAL]
    assert counted.regrets[Regretted.RULE][0].rate == 0.5


@pytest.mark.parametrize("ms", [0, 499, 500, 999])
def test_a_visit_is_known_again_by_its_second(ms: int, tmp_path: Path) -> None:
    sent = replace(SENT, time=SENT.time.replace(microsecond=ms * 1000))
    back = replace(MIRE, code="BALADO", time=sent.time + timedelta(seconds=3), again=Again("came-from", 3))

    assert told(tmp_path, sent, back).total.again == 1


def test_what_settled_a_visit_is_the_strongest_channel_that_told(tmp_path: Path) -> None:
    by_server = replace(SENT, findings=(BACK,), code="BABABA")
    by_browser = replace(SENT, findings=(BACK, CAME), code="BABABE")
    counted = told(tmp_path, SENT, by_server, by_browser, replace(CHOSEN, code="BABABI"), replace(ASKED, code="BABABO"))

    assert {each.how for each in counted.settled} == set(Settled)
    assert counted.settled[0] == SettledWeek(MONDAY, Settled.AWAY, 1)
    assert ReasonWeek(MONDAY, "aten", "inactive", "back", "answer", 2) in counted.reasons


def test_sources_of_a_group_are_one_in_the_migration(tmp_path: Path) -> None:
    path = written(tmp_path, SENT, replace(CHOSEN, code="BABABA", source="aten-besancon"))

    counted = report(files_in([path]), groups={"aten-besancon": "aten"})
    assert [(each.source, each.visits) for each in counted.academies] == [("aten", 1), ("educonnect", 1)]


def test_a_masked_report_tells_the_days_of_its_visits_and_no_instant(tmp_path: Path) -> None:
    counted = masked(told(tmp_path, SENT))
    assert counted.first == counted.last == datetime(2021, 3, 15, 12, tzinfo=ZoneInfo("Europe/Paris"))


def test_a_masked_report_tells_the_day_of_a_change_and_not_whose_visit_saw_it(tmp_path: Path) -> None:
    late = replace(SENT, time=datetime(2021, 3, 15, 23, 30, tzinfo=UTC), policy="5f3c9a")
    ill, loaded = replace(late, event=Event.SOURCE, outcome="open"), replace(late, event=Event.CONFIG, outcome="loaded")
    counted = masked(told(tmp_path, late, loaded, ill))

    assert [each.outcome for each in counted.configs] == ["loaded", "seen"]
    assert [each.outcome for each in counted.sources] == ["open"]
    assert {each["at"] for name in ("configs", "sources") for each in as_json(counted)[name]} == {
        "2021-03-16T11:00:00+00:00"
    }


def test_the_period_is_of_local_days(tmp_path: Path) -> None:
    late = replace(SENT, time=datetime(2021, 3, 15, 23, 30, tzinfo=UTC))
    counted = told(tmp_path, late)

    for each in (counted, masked(counted)):
        assert text(each).startswith("2021-03-16 to 2021-03-16: ")
    assert as_json(counted)["first"] == "2021-03-15T23:30:00+00:00"
    assert report(files_in([tmp_path]), zone="America/Cayenne").first == late.time
    assert text(report(files_in([tmp_path]), zone="America/Cayenne")).startswith("2021-03-15 to 2021-03-15: ")


def test_small_counts_are_masked_and_no_difference_gives_them_away(tmp_path: Path) -> None:
    many = (replace(SENT, code=f"B{number}") for number in range(11))
    few = (replace(CHOSEN, code=f"C{number}") for number in range(2))

    counted = masked(told(tmp_path, *many, *few))
    assert (counted.total.visits, counted.total.silent, counted.total.chosen, counted.total.left) == (15, 10, FEW, 0)
    assert [(each.source, shown(each.visits, hidden=True)) for each in counted.schools] == [
        ("aten", "< 5"),
        ("educonnect", "10"),
    ]
    assert [row.counts.p50_ms for row in counted.by[Dimension.SOURCE]] == [None, 10]
    assert counted.masked


def test_the_shares_of_a_masked_report_are_true_and_tell_no_more_than_its_counts(tmp_path: Path) -> None:
    texts = set()
    for number, chosen in enumerate((1, 3)):
        folder = tmp_path / str(number)
        folder.mkdir()
        many = (later(replace(SENT, code=f"B{each}"), minutes=each) for each in range(23 - chosen))
        few = (replace(CHOSEN, code=f"C{each}") for each in range(chosen))
        back = later(replace(MIRE, code="D", again=Again("came-from", 40)), seconds=40)
        texts.add(text(masked(told(folder, *many, *few, back))))

    [same] = texts
    assert "25 visits, 66-96 % silent, 3-18 % by the mire, 3-18 % left there" in same.replace("\n", " ")
    assert "    4-23 %  came-from" in same


def test_an_empty_journal_has_an_empty_report(tmp_path: Path) -> None:
    assert told(tmp_path) == Report(by=dict.fromkeys(Dimension, ()), regrets=dict.fromkeys(Regretted, ()))


def test_a_journal_without_any_file_has_an_empty_report_too(tmp_path: Path) -> None:
    assert report(files_in([tmp_path]), by=()).total == Report().total
    assert text(report(files_in([tmp_path]))) == "No visit."


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="there is no such file, folder or pattern"):
        files_in([tmp_path / "none.jsonl"])


def test_nothing_but_the_named_files_can_be_read_or_written(tmp_path: Path) -> None:
    path = written(tmp_path, SENT)
    other = written(tmp_path, SENT, name="other.jsonl")
    queries = (
        f"FROM read_text('{other}')",
        f"COPY (SELECT 1) TO '{tmp_path}/x.csv'",
        "INSTALL httpfs",
        "SET threads = 1",
    )
    with reading(files_in([path])) as database:
        for query in queries:
            with pytest.raises(JournalError):
                database.run(query)
        assert database.run("SELECT count(*) FROM visits") == [(1,)]
