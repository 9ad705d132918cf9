"""What each situation must give, in a real browser, through the sandbox: the scenarios, and what is no single row."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from aiguilleur.journal import JournalEntry, newest
from tests.conftest import Sandbox, running_sandbox
from tests.flows.explained import assert_told
from tests.flows.family import AIGUILLEUR, Family
from tests.flows.scenario import Held, Scenario, scenarios
from tests.waiting import LATE

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]


def recorded(sandbox: Sandbox) -> list[JournalEntry]:
    """The visits of the journal, the first one first."""
    return list(newest([sandbox.journal]))[::-1]


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.name)
def test_a_situation_gives_what_its_file_says(page: Page, tmp_path: Path, scenario: Scenario) -> None:
    with running_sandbox(tmp_path, scenario.day) as sandbox:
        family = Family(page, sandbox)
        family.prepare(scenario)
        family.forget()
        family.follow(scenario)
        first = assert_answered(family, scenario)
        if scenario.expected.mire:
            assert_mire_then_click(family, scenario)
        assert_landed(family, scenario)

        entries = recorded(sandbox)
        asked = ["asked"] * scenario.expected.trips
        assert entries[len(asked)] == first
        assert [entry.event for entry in entries] == [*asked, first.event, *["choice"] * bool(scenario.expected.mire)]
        assert {entry.code for entry in entries[: len(asked)]} <= {first.code}
        for entry in entries:
            assert_told(sandbox, entry, entries)


def assert_answered(family: Family, scenario: Scenario) -> JournalEntry:
    """The link's own answer: its rule, no trip that was not foreseen, and within the budget."""
    family.where()
    *_, first = recorded(family.sandbox)

    assert (first.rule, first.etab) == (scenario.expected.rule, scenario.school)
    assert first.ms <= (family.sandbox.settings.site.budget + LATE) * 1000
    assert (first.legs, len(family.trips)) == (scenario.expected.trips, scenario.expected.trips)
    return first


def assert_mire_then_click(family: Family, scenario: Scenario) -> None:
    assert family.logins == []
    assert (family.mire(), family.ill()) == (scenario.expected.mire, scenario.expected.ill)
    assert scenario.expected.title in family.page.inner_text("h1")
    family.mend(scenario)
    family.choose(scenario.expected.click)


def assert_landed(family: Family, scenario: Scenario) -> None:
    expected = scenario.expected
    if expected.login:
        assert family.where() == ("login", expected.source)
        family.log_in()

    assert family.where() == (expected.service, expected.source)
    assert len(family.logins) == expected.login, family.logins
    last = recorded(family.sandbox)[-1]
    assert last.source == expected.source


def test_a_second_visit_within_two_minutes_of_weak_evidence_gets_the_mire(page: Page, sandbox: Sandbox) -> None:
    family = Family(page, sandbox)
    family.hold(Held.EDUCONNECT)
    family.into_portal(Held.EDUCONNECT)
    page.click("text=Téléservices")
    page.wait_for_url("http://teleservices.education.localhost:*/")
    page.goto(sandbox.at("clg-rochat-rousses.eclat.localhost", "/sg.do?PROC=PAGE_ACCUEIL"))
    page.click("text=Téléservices")

    assert family.mire() == ("educonnect", "aten-besancon")
    assert "Réessayer avec EduConnect" in page.inner_text("button[value=educonnect]")
    first, second = recorded(sandbox)
    assert (first.rule, second.rule, second.again is not None) == ("inside-eclat", "default", True)
    assert_told(sandbox, second, (first, second))


def test_a_choice_is_remembered_only_when_asked_and_can_be_forgotten(page: Page, sandbox: Sandbox) -> None:
    link = sandbox.at(AIGUILLEUR, "/vers/teleservices/clg-rochat-rousses")
    page.goto(link)
    page.check("[name=souvenir]")
    page.click("button[value=educonnect]")
    assert Family(page, sandbox).where() == ("login", "educonnect")
    page.goto(sandbox.at(AIGUILLEUR, "/oublier"))
    assert "EduConnect" in page.inner_text("main")
    page.click("text=Tout oublier")

    assert "C’est oublié" in page.inner_text("main")
    names = {cookie["name"] for cookie in page.context.cookies(link)}
    assert "__Host-aiguilleur-choix" not in names


def test_inside_another_page_the_link_opens_a_window(page: Page, sandbox: Sandbox) -> None:
    page.goto(sandbox.at("clg-rochat-rousses.eclat.localhost"))
    page.evaluate(
        "src => document.body.replaceChildren(Object.assign(document.createElement('iframe'), {src}))",
        sandbox.at(AIGUILLEUR, "/vers/teleservices/clg-rochat-rousses"),
    )
    with page.context.expect_page() as opened:
        page.frame_locator("iframe").get_by_text("Ouvrir dans une nouvelle fenêtre").click()

    opened.value.wait_for_selector("button[name=source]")
    assert Family(opened.value, sandbox).mire() == ("educonnect", "aten-besancon")


@pytest.mark.parametrize("width", [320, 1280])
def test_the_pages_fit_a_phone_and_a_desk(page: Page, sandbox: Sandbox, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    paths = ("/vers/teleservices/clg-rochat-rousses", "/vers/ent", "/vers/nope", "/mire/inconnu", "/oublier")
    for path in paths:
        page.goto(sandbox.at(AIGUILLEUR, path))

        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_sandbox_fits_a_phone(page: Page, sandbox: Sandbox) -> None:
    page.set_viewport_size({"width": 320, "height": 800})
    page.goto(sandbox.at("sandbox.localhost"))

    assert page.evaluate("document.documentElement.scrollWidth") <= 320
