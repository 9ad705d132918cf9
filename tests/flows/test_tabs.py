"""Tabs, the Back button and reloads around a trip, in a real browser that shows every page it asks for."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.academy import MIRE, RETURN, Academy
from tests.flows.away import BACK, THERE_AND_BACK, lands, leaves, on_its_mire, reasons, serves
from tests.flows.family import EDUCONNECT, Family
from tests.flows.scenario import ROCHAT, Held

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]
PORTAL = f"{ROCHAT}.eclat.localhost"


def opened(page: Page, link: str) -> Page:
    """A new window, before anything has come into it."""
    with page.expect_popup() as window:
        page.evaluate("link => void window.open(link)", link)
    return window.value


def test_two_tabs_come_back_each_to_its_own_visit(page: Page, academy: Academy) -> None:
    other = page.context.new_page()
    leaves(page, academy)
    leaves(other, academy, f"/vers/ent/{ROCHAT}")
    academy.lines()
    Family(other, academy).log_in()
    lands(other, academy.at(PORTAL))
    Family(page, academy).log_in()
    serves(page, academy)

    assert other.get_attribute("body", "data-service") == "ent"
    assert academy.lines() == BACK * 2


def test_two_tabs_that_open_at_once_both_arrive(family: Family, academy: Academy) -> None:
    family.hold(Held.EDUCONNECT)
    family.page.goto(academy.at(PORTAL))
    tabs = [opened(family.page, academy.link) for _ in range(2)]
    for tab in tabs:
        serves(tab, academy)

    assert sorted(academy.lines()) == sorted(THERE_AND_BACK * 2)


def test_back_and_forward_after_a_trip_ask_nothing_again(family: Family, academy: Academy) -> None:
    family.hold(Held.EDUCONNECT)
    page = family.page
    page.goto(academy.at(PORTAL))
    page.click("text=Téléservices (lien public)")
    serves(page, academy)
    assert academy.lines() == THERE_AND_BACK

    page.go_back()
    lands(page, academy.at(PORTAL))
    page.go_forward()
    serves(page, academy)
    page.reload()
    serves(page, academy)
    assert academy.lines() == []


def test_back_to_the_portal_and_the_link_again_is_a_visit_like_the_first_until_it_looks_like_a_loop(
    family: Family, academy: Academy
) -> None:
    family.hold(Held.EDUCONNECT)
    page = family.page
    page.goto(academy.at(PORTAL))
    for _ in range(3):
        page.click("text=Téléservices (lien public)")
        serves(page, academy)
        page.go_back()
        lands(page, academy.at(PORTAL))
    assert academy.lines() == THERE_AND_BACK * 3

    page.click("text=Téléservices (lien public)")
    on_its_mire(page, academy)
    assert "plusieurs fois" in page.inner_text("main")
    assert academy.lines() == [*THERE_AND_BACK, f"GET {MIRE}"]


def test_the_mire_after_a_trip_can_be_reloaded_and_come_back_to(page: Page, academy: Academy) -> None:
    page.goto(academy.link)
    on_its_mire(page, academy)
    code = page.inner_text("main .code")
    page.reload()
    page.goto(academy.at(PORTAL))
    page.go_back()
    on_its_mire(page, academy)

    assert page.inner_text("main .code") == code
    assert academy.lines() == [*THERE_AND_BACK, *[f"GET {MIRE}"] * 3]
    assert [str(entry.event) for entry in academy.recorded()] == ["asked", "decided"]


def test_back_to_the_form_and_a_second_login_end_on_its_mire(family: Family, academy: Academy) -> None:
    leaves(family.page, academy)
    family.log_in()
    serves(family.page, academy)
    academy.lines()
    for _ in range(2):
        family.page.go_back()
        lands(family.page, academy.at(EDUCONNECT))
        family.log_in()
        on_its_mire(family.page, academy)

    assert academy.lines() == [f"POST {RETURN}", f"GET {MIRE}"] * 2
    assert reasons(academy) == ["replayed"] * 2
