"""A browser that is held at EduConnect while something happens, and where it ends when it comes back."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page

from aiguilleur.sandbox import Mode
from tests.academy import AIGUILLEUR, LINK, MIRE, RETURN, Academy
from tests.flows.family import NATIONAL

#: What is asked of aiguilleur while a browser comes back, and in a whole trip.
BACK = [f"POST {RETURN}", "GET /retour"]
THERE_AND_BACK = [f"GET {LINK}", *BACK]


def lands(page: Page, address: str) -> None:
    """Wait for the page that begins so; the addresses on the way there are passed through."""
    page.wait_for_url(lambda url: url.startswith(address))


def serves(page: Page, academy: Academy) -> None:
    """The browser ends on the Téléservices, in session."""
    lands(page, academy.at(NATIONAL))
    assert page.get_attribute("body", "data-service") == "teleservices"


def on_its_mire(page: Page, academy: Academy) -> None:
    """The browser ends on the mire of the school that the visit was for, with a way on."""
    lands(page, academy.at(AIGUILLEUR, f"{MIRE}?vers=teleservices&trajet="))
    assert page.locator("button[name=source]").count() == 2


def on_bare_mire(page: Page, academy: Academy) -> None:
    """The browser ends on the mire that asks for the school."""
    page.wait_for_url(academy.at(AIGUILLEUR, "/mire"))
    assert page.locator("a[href*='/mire/']").count() > 1


def leaves(page: Page, academy: Academy, path: str = LINK) -> str:
    """Follow a link to an EduConnect that shows its form although it must not; the id of the trip."""
    academy.world.switches.set("educonnect", Mode.LOGIN_FORM)
    with page.expect_request(lambda request: "RelayState=" in request.url) as asked:
        page.goto(academy.at(AIGUILLEUR, path))
    page.locator("input[name=user]").wait_for()
    return parse_qs(urlsplit(asked.value.url).query)["RelayState"][0]


def reasons(academy: Academy) -> list[str]:
    """Why the returns were not listened to, in their order."""
    return [str(entry.findings[0].reason) for entry in academy.recorded() if entry.event == "returned"]
