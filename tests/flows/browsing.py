"""What a family does in its browser, on the simulated sites."""

from __future__ import annotations

from playwright.sync_api import Page

from aiguilleur.journal import JournalEntry, newest
from tests.conftest import Sandbox

ETAB = "clg-rochat-rousses"
ATEN = "teleservices.academie.localhost"
NATIONAL = "teleservices.education.localhost"
EDUCONNECT = "educonnect.education.localhost"
AIGUILLEUR = "aiguilleur.academie.localhost"


def portal(etab: str = ETAB) -> str:
    return f"{etab}.eclat.localhost"


def where(page: Page) -> tuple[str | None, str | None]:
    """The simulated site that a browser is on: which service, by which source."""
    body = page.locator("body")
    return body.get_attribute("data-service"), body.get_attribute("data-source")


def log_in(page: Page) -> None:
    page.fill("[name=user]", "parent1")
    page.fill("[name=password]", "parent1")
    page.click("text=Se connecter")


def log_in_at_aten(page: Page, sandbox: Sandbox) -> None:
    page.goto(sandbox.at(ATEN, "/ts"))
    log_in(page)


def into_portal(page: Page, sandbox: Sandbox, selection: str, etab: str = ETAB) -> None:
    """Enter Éclat through one source, as a family that starts at the portal does."""
    page.goto(sandbox.at(portal(etab)))
    page.click("text=Se connecter")
    page.click(f"a[href*='{selection}']")


def recorded(sandbox: Sandbox) -> JournalEntry:
    return next(newest([sandbox.journal]))


def mire_sources(page: Page) -> list[str | None]:
    return [button.get_attribute("value") for button in page.locator("button[name=source]").all()]
