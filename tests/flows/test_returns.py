"""Returns that come again, late, forged, or to another process, from a real browser: a mire at worst, and no loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page

from aiguilleur.probes import CanaryOff
from aiguilleur.probes.cas import CasPassive
from tests.academy import AIGUILLEUR, ELSEWHERE, KEY, MIRE, RETURN, Academy
from tests.flows.away import BACK, leaves, on_bare_mire, on_its_mire, reasons, serves
from tests.flows.family import Family

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]


def test_a_return_that_is_posted_again_ends_on_its_mire_and_in_another_browser_on_the_bare_one(
    family: Family, academy: Academy, chromium: Browser
) -> None:
    leaves(family.page, academy)
    family.log_in()
    serves(family.page, academy)
    [posted] = [asked for asked in academy.asked() if asked.line == f"POST {RETURN}"]
    stranger = chromium.new_page()
    for _ in range(2):
        family.page.goto(academy.posting(**posted.form))
        on_its_mire(family.page, academy)
        stranger.goto(academy.posting(**posted.form))
        on_bare_mire(stranger, academy)
    stranger.close()

    assert academy.lines() == [f"POST {RETURN}", f"GET {MIRE}", f"POST {RETURN}", "GET /mire"] * 2
    assert reasons(academy) == ["replayed", "expired"] * 2


def test_the_addresses_of_a_return_can_be_kept_and_lead_no_further_than_a_mire(
    family: Family, academy: Academy, chromium: Browser
) -> None:
    trip = leaves(family.page, academy)
    family.log_in()
    serves(family.page, academy)
    academy.lines()
    stranger = chromium.new_page()
    for path, ends in ((f"/retour?trajet={trip}", on_its_mire), (RETURN, on_bare_mire), ("/retour", on_bare_mire)):
        family.page.goto(academy.at(AIGUILLEUR, path))
        ends(family.page, academy)
        stranger.goto(academy.at(AIGUILLEUR, path))
        on_bare_mire(stranger, academy)
    stranger.close()

    assert len(academy.lines()) == 2 * 6


def test_a_return_that_another_site_forges_for_anothers_trip_does_nothing_to_it(
    family: Family, academy: Academy, chromium: Browser
) -> None:
    trip = leaves(family.page, academy)
    academy.lines()
    stranger = chromium.new_page()
    stranger.goto(academy.posting(SAMLResponse="PHg+", RelayState=trip))
    on_bare_mire(stranger, academy)
    stranger.close()
    family.log_in()
    serves(family.page, academy)

    assert academy.lines() == [f"POST {RETURN}", "GET /mire", *BACK]
    assert reasons(academy) == ["expired"]


def test_a_forged_answer_to_ones_own_trip_ends_on_its_mire(page: Page, academy: Academy) -> None:
    trip = leaves(page, academy)
    academy.lines()
    page.goto(academy.posting(SAMLResponse="PHg+", RelayState=trip))
    on_its_mire(page, academy)

    assert academy.lines() == [*BACK, f"GET {MIRE}"]
    assert str(academy.recorded()[-1].findings[-1].reason) == "parse"


def test_the_answer_of_one_source_is_not_taken_for_anothers(family: Family, academy: Academy) -> None:
    other = CasPassive("cas", "aten-dijon", academy.at(ELSEWHERE, "/login"), canary=CanaryOff("nobody asks it here"))
    sources = academy.settings.sources
    dijon = replace(sources["aten-dijon"], probes=(other,))
    academy.settings = replace(academy.settings, sources={**sources, "aten-dijon": dijon})
    academy.restart(KEY)
    trip = leaves(family.page, academy)
    academy.lines()
    tab = family.page.context.new_page()
    tab.goto(academy.at(AIGUILLEUR, f"/retour/cas?parcours={trip}&ticket=ST-1"))
    on_its_mire(tab, academy)
    assert academy.lines() == ["GET /retour/cas", f"GET {MIRE}"]
    assert reasons(academy) == ["parse"]

    family.log_in()
    serves(family.page, academy)
    assert academy.lines() == BACK


def ahead(seconds: float) -> Callable[[Academy], None]:
    """Another node takes over, whose clock is off."""
    return lambda academy: academy.restart(KEY, now=lambda: academy.clock() + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("meanwhile", "ends"),
    [
        pytest.param(lambda academy: academy.clock.pass_s(121), serves, id="two minutes pass"),
        pytest.param(lambda academy: academy.clock.pass_s(1801), on_bare_mire, id="half an hour passes"),
        pytest.param(ahead(10), serves, id="a clock is ten seconds ahead"),
        pytest.param(ahead(-10), serves, id="a clock is ten seconds behind"),
        pytest.param(lambda academy: academy.restart(KEY, "n" * 32), serves, id="a key is added"),
        pytest.param(lambda academy: academy.restart("n" * 32), on_bare_mire, id="the key is taken away"),
    ],
)
def test_what_happens_while_the_browser_is_away_costs_a_click_at_most(
    family: Family, academy: Academy, meanwhile: Callable[[Academy], None], ends: Callable[[Page, Academy], None]
) -> None:
    leaves(family.page, academy)
    academy.lines()
    meanwhile(academy)
    family.log_in()
    ends(family.page, academy)

    assert academy.lines() == (BACK if ends is serves else [f"POST {RETURN}", "GET /mire"])
