"""The journeys of families in WebKit: its cookies, its Fetch Metadata and its Back button are not Chromium's."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiguilleur.sandbox import Mode
from tests.academy import AIGUILLEUR, ELSEWHERE, LINK, MIRE, RETURN, Academy, running_academy
from tests.flows.away import BACK, THERE_AND_BACK, reasons
from tests.flows.family import ATEN, EDUCONNECT, NATIONAL, SELECTIONS
from tests.flows.scenario import ROCHAT, Held
from tests.webkit.driver import WebKit

pytestmark = [pytest.mark.webkit, pytest.mark.enable_socket]
PORTAL = f"{ROCHAT}.eclat.localhost"


def log_in(browser: WebKit) -> None:
    """Type a name and a password where they are asked for."""
    browser.fill("[name=user]", "parent1")
    browser.fill("[name=password]", "parent1")
    browser.click("form button")


def hold_educonnect(browser: WebKit, academy: Academy) -> None:
    browser.get(academy.at(EDUCONNECT))
    log_in(browser)
    browser.sees("body[data-service=educonnect]")


def serves(browser: WebKit, academy: Academy, host: str = NATIONAL, path: str = "/") -> None:
    """The browser ends on the Téléservices of this host, in session."""
    browser.arrives(academy.at(host, path))
    browser.sees("body[data-service=teleservices]")


def on_its_mire(browser: WebKit, academy: Academy) -> None:
    """The browser ends on the mire of the school that the visit was for, with a way on."""
    browser.arrives(academy.at(AIGUILLEUR, f"{MIRE}?vers=teleservices&trajet="))
    browser.sees("button[value=educonnect]")


def leaves(browser: WebKit, academy: Academy, path: str = LINK) -> None:
    """Follow a link to an EduConnect that shows its form although it must not."""
    academy.world.switches.set("educonnect", Mode.LOGIN_FORM)
    browser.get(academy.at(AIGUILLEUR, path))
    browser.arrives(academy.at(EDUCONNECT, "/idp/profile/SAML2/login"))


def test_a_qr_code_and_a_session_at_educonnect_need_no_click(browser: WebKit, academy: Academy) -> None:
    hold_educonnect(browser, academy)
    browser.get(f"{academy.link}?de=affiche")
    serves(browser, academy)

    assert academy.lines() == THERE_AND_BACK
    assert academy.recorded()[-1].rule == "educonnect-active"


def test_without_a_session_there_is_one_click_and_one_login(browser: WebKit, academy: Academy) -> None:
    browser.get(f"{academy.link}?de=affiche")
    on_its_mire(browser, academy)
    browser.click("button[value=educonnect]")
    browser.arrives(academy.at(EDUCONNECT))
    log_in(browser)
    serves(browser, academy)

    assert academy.lines() == [*THERE_AND_BACK, f"GET {MIRE}", "POST /choix"]


def test_a_choice_goes_on_over_the_sites_that_the_service_redirects_to(browser: WebKit, academy: Academy) -> None:
    hold_educonnect(browser, academy)
    browser.get(academy.at(AIGUILLEUR, f"{MIRE}?vers=ent"))
    browser.click("button[value=educonnect]")
    browser.arrives(academy.at(PORTAL, "/sg.do"))
    browser.sees("body[data-service=ent][data-source=educonnect]")

    assert academy.lines() == [f"GET {MIRE}", "POST /choix"]


def test_the_link_in_a_portal_is_followed_although_webkit_tells_of_no_click(browser: WebKit, academy: Academy) -> None:
    browser.get(academy.at(ATEN, "/ts"))
    log_in(browser)
    serves(browser, academy, ATEN, "/ts")
    browser.get(academy.at(PORTAL))
    browser.click("#login")
    browser.click(f"a[href*='{SELECTIONS[Held.ATEN]}']")
    browser.click("#teleservices")
    serves(browser, academy, ATEN, "/ts")

    [asked] = academy.asked()
    assert asked.line == f"GET {LINK}"
    assert asked.headers["HTTP_SEC_FETCH_SITE"] == "cross-site"
    assert asked.headers["HTTP_REFERER"] == academy.at(PORTAL)
    assert "HTTP_SEC_FETCH_USER" not in asked.headers
    assert academy.recorded()[-1].rule == "aten-active[aten-besancon]"


def test_a_link_in_a_page_that_is_no_portal_costs_a_click(browser: WebKit, academy: Academy) -> None:
    hold_educonnect(browser, academy)
    browser.get(academy.at(ELSEWHERE))
    browser.run(f"location.assign('{academy.link}')")
    browser.arrives(academy.link)
    browser.click("button[value=educonnect]")
    serves(browser, academy)

    assert academy.lines() == [f"GET {LINK}", "POST /choix"]


def test_two_tabs_come_back_each_to_its_own_visit(browser: WebKit, academy: Academy) -> None:
    first = browser.tab
    leaves(browser, academy)
    browser.new_tab()
    leaves(browser, academy, f"/vers/ent/{ROCHAT}")
    academy.lines()
    log_in(browser)
    browser.arrives(academy.at(PORTAL))
    browser.turn_to(first)
    log_in(browser)
    serves(browser, academy)

    assert academy.lines() == BACK * 2


def test_back_and_forward_after_a_trip_ask_nothing_again(browser: WebKit, academy: Academy) -> None:
    hold_educonnect(browser, academy)
    browser.get(academy.at(PORTAL))
    browser.click("#teleservices-public")
    serves(browser, academy)
    assert academy.lines() == THERE_AND_BACK

    browser.back()
    browser.arrives(academy.at(PORTAL))
    browser.forward()
    serves(browser, academy)
    assert academy.lines() == []

    browser.back()
    browser.arrives(academy.at(PORTAL))
    browser.click("#teleservices-public")
    serves(browser, academy)
    assert academy.lines() == THERE_AND_BACK


def test_a_return_that_is_posted_again_ends_on_its_mire(browser: WebKit, academy: Academy) -> None:
    hold_educonnect(browser, academy)
    browser.get(academy.link)
    serves(browser, academy)
    [posted] = [asked for asked in academy.asked() if asked.line == f"POST {RETURN}"]
    for _ in range(2):
        browser.get(academy.posting(**posted.form))
        on_its_mire(browser, academy)

    assert academy.lines() == [f"POST {RETURN}", f"GET {MIRE}"] * 2
    assert reasons(academy) == ["replayed"] * 2


def test_on_plain_http_it_keeps_no_cookie_of_ours_and_ends_on_the_bare_mire(browser: WebKit, tmp_path: Path) -> None:
    with running_academy(tmp_path) as academy:
        hold_educonnect(browser, academy)
        browser.get(academy.link)
        browser.arrives(academy.at(AIGUILLEUR, "/mire"))

        assert academy.lines() == [f"GET {LINK}", f"POST {RETURN}", "GET /mire"]
