"""What a family meets beside the situations: coming back at once, being remembered, frames, small screens."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.conftest import Sandbox
from tests.flows.browsing import AIGUILLEUR, ETAB, into_portal, log_in, mire_sources, portal, where

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]

LINK = f"/vers/teleservices/{ETAB}"


def test_a_second_visit_within_two_minutes_of_weak_evidence_gets_the_mire(page: Page, sandbox: Sandbox) -> None:
    into_portal(page, sandbox, "EDU")
    log_in(page)
    page.click("text=Téléservices")
    page.goto(sandbox.at(portal(), "/sg.do?PROC=PAGE_ACCUEIL"))
    page.click("text=Téléservices")

    assert mire_sources(page) == ["educonnect", "aten-besancon"]
    assert "Réessayer avec EduConnect" in page.inner_text("button[value=educonnect]")


def test_a_choice_is_remembered_only_when_asked_and_can_be_forgotten(page: Page, sandbox: Sandbox) -> None:
    link = sandbox.at(AIGUILLEUR, LINK)
    page.goto(link)
    page.check("[name=souvenir]")
    page.click("button[value=educonnect]")
    assert where(page) == ("login", "educonnect")
    page.goto(sandbox.at(AIGUILLEUR, "/oublier"))
    assert "EduConnect" in page.inner_text("main")
    page.click("text=Tout oublier")

    assert "C’est oublié" in page.inner_text("main")
    names = {cookie["name"] for cookie in page.context.cookies(link)}
    assert "__Host-aiguilleur-choix" not in names


def test_inside_another_page_the_link_opens_a_window(page: Page, sandbox: Sandbox) -> None:
    page.goto(sandbox.at(portal()))
    page.evaluate(
        "url => { document.body.innerHTML = ''; document.body.append(Object.assign(document.createElement('iframe'), {src: url})) }",
        sandbox.at(AIGUILLEUR, LINK),
    )
    with page.context.expect_page() as opened:
        page.frame_locator("iframe").get_by_text("Ouvrir dans une nouvelle fenêtre").click()
    window = opened.value
    window.wait_for_load_state()

    assert mire_sources(window) == ["educonnect", "aten-besancon"]


@pytest.mark.parametrize("width", [320, 1280])
def test_the_pages_fit_a_phone_and_a_desk(page: Page, sandbox: Sandbox, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for path in (LINK, "/vers/ent", "/vers/nope", "/mire/inconnu", "/oublier"):
        page.goto(sandbox.at(AIGUILLEUR, path))

        assert page.evaluate("document.documentElement.scrollWidth") <= width
