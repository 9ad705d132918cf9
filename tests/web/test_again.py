"""Who comes back within three minutes regrets the rule that sent them; a choice is of the visit that it was made in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from aiguilleur.settings.model import Settings
from aiguilleur.web import create_app
from tests.web.conftest import KEY, MARCH

LINK = "/vers/teleservices/clg-rochat-rousses"
MIRE = "/mire/clg-rochat-rousses?vers=teleservices"
LEAVE = "/quitter?vers=teleservices&etab=clg-rochat-rousses"
FORM = {"vers": "teleservices", "etab": "clg-rochat-rousses", "source": "aten-besancon"}


class Clock:
    def __init__(self) -> None:
        self.at = MARCH

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def visitor(settings: Settings, clock: Clock) -> FlaskClient:
    return create_app(settings, (KEY,), now=clock).test_client()


def entries(journal: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in journal.read_text().splitlines()]


def choose(visitor: FlaskClient) -> None:
    visitor.post("/choix", data=FORM)


WAYS_BACK: dict[str, Callable[[FlaskClient], object]] = {
    "the same link": lambda visitor: visitor.get(f"{LINK}?source=educonnect"),
    "the mire": lambda visitor: visitor.get(MIRE),
    "a choice": choose,
    "an account that is not open": lambda visitor: visitor.get(f"{LINK}?source=aten-dijon"),
    "a link in a frame": lambda visitor: visitor.get(LINK, headers={"Sec-Fetch-Dest": "iframe"}),
    "another person": lambda visitor: visitor.get(LEAVE),
    "another person, from anywhere": lambda visitor: visitor.get("/quitter"),
}


@pytest.mark.parametrize("way", WAYS_BACK)
def test_whoever_comes_back_regrets_the_rule_of_the_visit_before(
    way: str, visitor: FlaskClient, clock: Clock, journal: Path
) -> None:
    visitor.get(f"{LINK}?source=educonnect")
    clock.at += timedelta(seconds=179)
    WAYS_BACK[way](visitor)

    first, second = entries(journal)
    assert "again" not in first
    assert second["again"] == {"rule": "chosen[educonnect]", "after_s": 179}
    assert (second["target"], second["etab"]) == ("teleservices", "clg-rochat-rousses")


@pytest.mark.parametrize("way", WAYS_BACK)
def test_later_it_is_a_visit_like_any_other(way: str, visitor: FlaskClient, clock: Clock, journal: Path) -> None:
    visitor.get(f"{LINK}?source=educonnect")
    clock.at += timedelta(seconds=181)
    WAYS_BACK[way](visitor)

    assert not [each for each in entries(journal) if "again" in each]


@pytest.mark.parametrize(
    "elsewhere", ["/mire/clg-rochat-rousses?vers=ent", "/mire/clg-pasteur-arbois?vers=teleservices"]
)
def test_another_service_or_school_is_no_regret(elsewhere: str, visitor: FlaskClient, journal: Path) -> None:
    visitor.get(f"{LINK}?source=educonnect")
    visitor.get(elsewhere)
    visitor.get(elsewhere.replace("/mire/", "/quitter?etab=").replace("?vers", "&vers"))

    assert [each["event"] for each in entries(journal)] == ["decided", "decided"]
    assert not [each for each in entries(journal) if "again" in each]


def test_the_rule_judged_is_that_of_the_last_redirect_not_of_the_first(visitor: FlaskClient, journal: Path) -> None:
    visitor.get(f"{LINK}?source=educonnect")
    choose(visitor)
    visitor.get(MIRE)

    assert [each.get("again", {}).get("rule") for each in entries(journal)] == [None, "chosen[educonnect]", "choice"]


def test_only_looking_is_no_regret(visitor: FlaskClient, journal: Path) -> None:
    visitor.get(f"{LINK}?source=educonnect")
    visitor.get("/diagnostic")
    visitor.head(LEAVE)
    visitor.get(LEAVE, headers={"Sec-Purpose": "prefetch"})

    assert [(each["event"], each.get("again")) for each in entries(journal)] == [("decided", None), ("diagnosed", None)]


def form_of(page: str) -> dict[str, str]:
    [suite] = re.findall(r'<input type="hidden" name="suite" value="([^"]+)">', page)
    return FORM | {"suite": suite}


def test_a_choice_is_told_under_the_code_that_stood_on_its_page(
    visitor: FlaskClient, clock: Clock, journal: Path
) -> None:
    page = visitor.get(MIRE)
    clock.at += timedelta(minutes=29)
    sent = visitor.post("/choix", data=form_of(page.text))

    shown, chosen = entries(journal)
    assert shown["code"] == chosen["code"] == page.headers["Aiguilleur-Code"] == sent.headers["Aiguilleur-Code"]
    assert chosen["event"] == "choice"


@pytest.mark.parametrize(
    "changed", [{"suite": "KOVATI"}, {"suite": ""}, {"vers": "ent"}, {"etab": "clg-pasteur-arbois"}], ids=str
)
def test_a_choice_of_something_else_or_by_a_forged_form_has_a_code_of_its_own(
    changed: dict[str, str], visitor: FlaskClient, journal: Path
) -> None:
    page = visitor.get(MIRE)
    sent = visitor.post("/choix", data=form_of(page.text) | changed)

    shown, chosen = entries(journal)
    assert sent.status_code == 303
    assert shown["code"] == page.headers["Aiguilleur-Code"] != chosen["code"] == sent.headers["Aiguilleur-Code"]


def test_a_page_kept_for_long_begins_another_visit(visitor: FlaskClient, clock: Clock, journal: Path) -> None:
    page = visitor.get(MIRE)
    clock.at += timedelta(minutes=31)
    visitor.post("/choix", data=form_of(page.text))

    shown, chosen = entries(journal)
    assert shown["code"] != chosen["code"]
