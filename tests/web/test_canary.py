"""What visitors and operators see of the canaries."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from aiguilleur.core.model import Reason, SessionState
from aiguilleur.probes.canary import Canaries, Flight
from aiguilleur.settings.model import Settings
from aiguilleur.web import create_app
from aiguilleur.web.service import canaries_of
from tests.web.conftest import KEY, MARCH
from tests.web.test_retour import EDU, LINK, asking, comes_back, is_its_mire, leaves
from tests.web.test_route import NATIONAL, entries

FLOWN = replace(EDU, canary=None)


@pytest.fixture
def family(settings: Settings) -> FlaskClient:
    """A browser at an aiguilleur that asks EduConnect through it, once its canary has come back."""
    return create_app(asking(settings, FLOWN), (KEY,), now=lambda: MARCH).test_client()


@pytest.fixture
def canaries(family: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> Canaries:
    monkeypatch.setattr("aiguilleur.probes.canary.canaries._FRESH_S", -1.0)
    return canaries_of(family.application)


def sees(monkeypatch: pytest.MonkeyPatch, canaries: Canaries, reason: Reason) -> None:
    flight = Flight(reason, SessionState.UNKNOWN, 2, 40, "educonnect.example")
    monkeypatch.setattr("aiguilleur.probes.canary.canaries.fly", lambda *_: flight)
    canaries.fly("educonnect")


def ready(family: FlaskClient) -> Any:
    return json.loads(family.get("/readyz").text)


def test_before_it_has_come_back_a_family_gets_the_mire_at_once(
    family: FlaskClient, canaries: Canaries, journal: Path
) -> None:
    response = family.get(LINK)

    assert (response.status_code, "Set-Cookie" in response.headers) == (200, False)
    assert "répond mal" not in response.text
    [decided] = entries(journal)
    assert [(each["by"], each["channel"], each["reason"]) for each in decided["findings"]] == [  # type: ignore[attr-defined]
        ("educonnect", "front", "unproven")
    ]
    assert decided["legs"] == 0


def test_once_it_has_the_browser_is_sent(
    family: FlaskClient, canaries: Canaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    sees(monkeypatch, canaries, Reason.ANSWER)

    assert comes_back(family, leaves(family), "yes").location == NATIONAL


def test_a_source_whose_front_is_dead_is_ill_for_everyone(
    family: FlaskClient, canaries: Canaries, monkeypatch: pytest.MonkeyPatch, journal: Path
) -> None:
    sees(monkeypatch, canaries, Reason.DEADLINE)
    mire = family.get(LINK)

    assert mire.status_code == 200
    assert "répond mal" in mire.text
    assert ready(family)["sources"]["educonnect"] == "ill"
    assert entries(journal)[-1]["ill"] == ["educonnect"]
    # An explicit choice goes there all the same.
    assert family.get(f"{LINK}?source=educonnect").location == NATIONAL


def test_a_source_that_is_asked_by_its_server_too_is_not_ill_for_that(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = asking(settings, FLOWN, replace(FLOWN, id="other", url="https://other.example/"))
    sources = dict(both.sources)
    sources["educonnect"] = replace(sources["educonnect"], probes=(FLOWN, *sources["educonnect"].probes))
    family = create_app(replace(both, sources=sources), (KEY,), now=lambda: MARCH).test_client()
    sees(monkeypatch, canaries_of(family.application), Reason.DEADLINE)

    assert ready(family)["sources"]["educonnect"] == "ok"


def test_readyz_tells_how_a_canary_stands(
    family: FlaskClient, canaries: Canaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ready(family)["probes"]["educonnect"] == {"canary": "unproven"}

    # The clock stands still, so that no time is told that the test has taken.
    monkeypatch.setattr("aiguilleur.probes.canary.canaries.wall_clock", MARCH.timestamp)
    sees(monkeypatch, canaries, Reason.UNPROVEN)
    assert ready(family)["probes"]["educonnect"] == {
        "canary": "unproven",
        "reason": "unproven",
        "state": "unknown",
        "host": "educonnect.example",
        "seen_s_ago": 0,
    }


def test_the_journal_tells_when_it_stands_otherwise(
    family: FlaskClient, canaries: Canaries, monkeypatch: pytest.MonkeyPatch, journal: Path
) -> None:
    for reason in (Reason.UNPROVEN, Reason.ANSWER, Reason.DEADLINE):
        sees(monkeypatch, canaries, reason)
        canaries.tend()

    told = [
        (each["event"], each["source"], each["outcome"], each["host"], each["findings"][0]["reason"])  # type: ignore[index]
        for each in entries(journal)
    ]
    assert told == [
        ("source", "educonnect", "good", "educonnect.example", "answer"),
        ("source", "educonnect", "dead", "educonnect.example", "deadline"),
    ]
    assert {each["findings"][0]["channel"] for each in entries(journal)} == {"front"}  # type: ignore[index]


def navigating(client: FlaskClient) -> FlaskClient:
    """A client that says, as browsers do, that its visitor is on the way."""
    client.environ_base["HTTP_SEC_FETCH_MODE"] = "navigate"
    return client


def test_who_is_no_browser_is_not_missed(
    family: FlaskClient, canaries: Canaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    sees(monkeypatch, canaries, Reason.ANSWER)
    for _ in range(20):
        leaves(family.application.test_client())

    assert canaries.board._run("SELECT * FROM trips", ()) == []


def test_browsers_that_leave_and_come_back_are_counted(
    family: FlaskClient, canaries: Canaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    sees(monkeypatch, canaries, Reason.ANSWER)
    for number in range(10):
        browser = navigating(family.application.test_client())
        location = leaves(browser)
        if number == 0:
            comes_back(browser, location, "no")
    later = datetime.now(UTC).timestamp() + 61
    monkeypatch.setattr("aiguilleur.probes.canary.canaries.wall_clock", lambda: later)
    canaries.tend()

    told = ready(family)["probes"]["educonnect"]
    assert (told["canary"], family.get(LINK).status_code) == ("few-back", 200)


def test_a_return_played_again_is_counted_once(
    family: FlaskClient, canaries: Canaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    sees(monkeypatch, canaries, Reason.ANSWER)
    location = leaves(navigating(family))
    comes_back(family, location, "no")
    assert is_its_mire(comes_back(family, location, "no"))

    [(rows,)] = canaries.board._run("SELECT COUNT(*) FROM trips", ())
    assert rows == 1
