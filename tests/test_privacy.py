"""Nothing of a visitor is kept: the list of what is written is closed, and the guard of the suite does see."""

from __future__ import annotations

import gzip
import logging
import re
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask, request

from aiguilleur import journey
from aiguilleur.core.model import Finding, Signals
from aiguilleur.journal import Again, Event, Journal, JournalEntry
from aiguilleur.sandbox.sessions import ACCOUNTS, Login, Sessions
from aiguilleur.web import create_app, diagnostic, ending, languages, visit
from tests.conftest import ROOT, Sandbox
from tests.privacy import PLANTED, Guard, planted

#: All that a line of the journal may hold. A field more is a decision, to be told in docs/privacy.md.
FIELDS = (
    *("time", "code", "event", "target", "page", "etab", "academy", "school_kind", "entry", "arrival", "outcome"),
    *("source", "rule", "status", "host", "legs", "ms", "open", "ill", "findings", "signals", "again", "shadow"),
    *("problems", "policy", "node", "version"),
)
NOTHING = JournalEntry(datetime(2021, 3, 15, tzinfo=UTC), "KOVATI", Event.DECIDED)
PAGE = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")


def test_the_list_of_what_the_journal_holds_is_closed() -> None:
    assert JournalEntry.__struct_fields__ == FIELDS
    assert {each.name for each in fields(Signals)} == {
        *("choice", "remembered", "entry", "arrival", "referer_host", "cookies"),
    }
    assert {each.name for each in fields(Finding)} == {"source", "state", "channel", "by", "reason", "ms", "rest_s"}
    assert {each.name for each in fields(Again)} == {"rule", "after_s"}


def test_the_data_protection_officer_s_page_tells_each_field_once() -> None:
    table = PAGE[PAGE.index("| champ |") : PAGE.index("## Ce que garde le navigateur")]

    assert re.findall(r"^\| `(\w+)` ", table, re.M) == list(FIELDS)


def test_and_each_cookie_that_is_set() -> None:
    table = PAGE[PAGE.index("| cookie |") : PAGE.index("## Durées")]
    cookies = {
        visit.REMEMBERED_COOKIE,
        visit.RECENT_COOKIE,
        f"{journey.COOKIE}…",
        ending.ANNOUNCED_COOKIE,
        diagnostic.TRIED_COOKIE,
        languages.COOKIE,
    }

    assert set(re.findall(r"^\| `([\w…-]+)` ", table, re.M)) == cookies


@pytest.fixture
def mine() -> Guard:
    """A guard of this test's own, whose leaks fail nothing."""
    return Guard()


@pytest.mark.parametrize("text", [f"x {PLANTED}-cookie", "canary-aten-7", "Dominique Martin", "parent1"])
def test_the_guard_finds_what_is_planted_in_what_is_kept(mine: Guard, text: str) -> None:
    mine.look("journal", text)
    assert len(mine.leaks) == 1


def test_the_guard_finds_a_session(mine: Guard) -> None:
    session = "A" * 31 + "-"
    mine.look("page", f"a={session};")
    mine.session(session)
    mine.look("page", f"a={session};")
    mine.look("page", f"a={session}B;")
    assert len(mine.leaks) == 1


def test_the_guard_finds_it_in_files_that_were_left(mine: Guard, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("journal.jsonl", "deep/log", "deep/counter_1.db", "heard.txt"):
        (tmp_path / name).write_text(f'{{"agent": "{PLANTED}"}}')
    (tmp_path / "day.jsonl.gz").write_bytes(gzip.compress(PLANTED.encode()))
    mine.look_into(tmp_path)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            path.unlink()

    assert sorted(leak.split(" of ")[0] for leak in mine.leaks) == [
        *("file counter_1.db", "file day.jsonl.gz", "file journal.jsonl", "file log")
    ]


def test_the_guard_of_the_suite_sees_pages_journals_and_logs(sandbox: Sandbox, guard: Guard) -> None:
    before = guard.looked.copy()
    client = create_app(sandbox.settings, ("k" * 32,)).test_client()
    client.get("/vers/teleservices/clg-rochat-rousses")
    logging.getLogger("aiguilleur").error("nothing of interest")

    assert all(guard.looked[kind] > before[kind] for kind in ("page", "journal", "log"))


def test_the_guard_of_the_suite_does_plant_and_does_find(guard: Guard) -> None:
    app = Flask("leaky")
    app.extensions["aiguilleur"] = None
    app.add_url_rule("/", "all", lambda: f"{request.user_agent} {request.cookies} {request.referrer} {request.url}")
    sent = {"Cookie": "a=b", "Referer": "https://x.example/"}
    found = len(guard.leaks)
    text = app.test_client(use_cookies=False).get("/?q=1", headers=sent).text
    Journal().write(JournalEntry(NOTHING.time, PLANTED, NOTHING.event))
    session = Sessions().open(Login(ACCOUNTS[0], "aten"))
    guard.look("page", session)
    leaks, guard.leaks[found:] = guard.leaks[found:], []

    assert re.findall(rf"{PLANTED}-(\w+)", text) == ["agent", "cookie", "referer", "query"]
    assert [leak.split(" of ")[0] for leak in leaks] == ["page", "journal", "page"]


def test_nothing_is_planted_where_it_would_change_what_is_tested() -> None:
    assert planted({"HTTP_USER_AGENT": "x"}) == {"HTTP_USER_AGENT": f"x {PLANTED}-agent"}
