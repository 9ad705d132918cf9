"""A secretary takes the links from the kit; each leads where the kit says, without scripts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.conftest import Sandbox
from tests.flows.family import AIGUILLEUR, Family
from tests.flows.scenario import Held
from tests.waiting import LONG

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]
KIT = "/kit/clg-rochat-rousses"
PAGES = ("/kit", KIT, f"{KIT}/affiche", "/readme.html", "/kit/nope")


@pytest.fixture
def office(chromium: Browser) -> Iterator[Page]:
    """A school's browser, without scripts: the kit needs none. (EduConnect's own page, which posts itself, does.)"""
    context = chromium.new_context(locale="fr-FR", java_script_enabled=False)
    context.set_default_timeout(LONG * 1000)
    yield context.new_page()
    context.close()


def copied(page: Page, sandbox: Sandbox, field: str) -> str:
    """The address in a field, copied by keyboard alone and pasted in another."""
    page.goto(sandbox.at(AIGUILLEUR, KIT))
    page.focus(field)
    page.keyboard.press("Control+A")
    page.keyboard.press("Control+C")
    page.goto(sandbox.at(AIGUILLEUR, "/kit"))
    page.focus("#etab")
    page.keyboard.press("Control+V")
    return page.input_value("#etab")


def said(page: Page, index: int) -> dict[str, str]:
    """What the kit says of a link: each case and where it leads."""
    rows = page.locator(".cases").nth(index).locator("div").all()
    return {
        (row.locator("dt").text_content() or "").strip(): (row.locator("dd").text_content() or "").strip()
        for row in rows
    }


def test_the_copied_link_shows_a_secretary_the_choice_that_the_kit_foretold(
    office: Page, page: Page, sandbox: Sandbox
) -> None:
    secretary = Family(page, sandbox)
    link = copied(office, sandbox, "#ailleurs-teleservices")
    office.goto(sandbox.at(AIGUILLEUR, KIT))
    foretold = said(office, 1)["Un parent connecté nulle part"]
    page.goto(link)
    page.wait_for_url("**/mire/**")

    assert link == sandbox.at(AIGUILLEUR, "/vers/teleservices/clg-rochat-rousses")
    assert foretold == "voit la page de choix. Il choisit son compte, puis se connecte."
    assert secretary.mire() == ("educonnect", "aten-besancon")


@pytest.mark.parametrize(
    ("held", "account", "host"),
    [
        (Held.ATEN, "Compte Téléservices de l’académie de Besançon (ATEN)", "teleservices.academie.localhost"),
        (Held.EDUCONNECT, "EduConnect", "teleservices.education.localhost"),
    ],
)
@pytest.mark.parametrize("index", [0, 1], ids=["from the portal", "from elsewhere"])
def test_a_family_arrives_where_the_kit_says(
    office: Page, page: Page, sandbox: Sandbox, held: Held, account: str, host: str, index: int
) -> None:
    office.goto(sandbox.at(AIGUILLEUR, KIT))
    link = office.input_value(("#portail-teleservices", "#ailleurs-teleservices")[index])
    foretold = said(office, index)[f"Un parent déjà connecté avec {account}"]
    family = Family(page, sandbox)
    family.hold(held)
    if index:
        family.forget()
        page.goto(link)
    else:
        family.into_portal(held)
        family.forget()
        page.click(f"a[href='{link}']")
    page.wait_for_url(f"http://{host}:*/**")

    assert foretold == f"arrive sur {host} sans rien taper."
    assert page.locator("body").get_attribute("data-service") == "teleservices"
    assert family.logins == []


def test_the_second_link_and_the_shortcut_lead_to_the_choice(page: Page, sandbox: Sandbox) -> None:
    family = Family(page, sandbox)
    family.hold(Held.ATEN)
    for field in ("#autre-teleservices", "#poste"):
        page.goto(sandbox.at(AIGUILLEUR, KIT))
        page.goto(page.input_value(field))

        assert family.mire() == ("educonnect", "aten-besancon")
    # Where several people sit, nothing is remembered.
    assert page.locator("input[name=souvenir]").count() == 0


def test_the_poster_is_one_sheet_of_a4(page: Page, sandbox: Sandbox) -> None:
    page.goto(sandbox.at(AIGUILLEUR, f"{KIT}/affiche"))
    printed = page.pdf(prefer_css_page_size=True)

    assert printed.count(b"/Type /Page\n") == 1
    assert b"/MediaBox [0 0 594.95996 841.91998]" in printed


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["fr", "ar"])
def test_pages_are_accessible_and_nothing_is_cut(
    chromium: Browser, sandbox: Sandbox, scheme: str, language: str
) -> None:
    context = chromium.new_context(
        locale=language, color_scheme="dark" if scheme == "dark" else "light", viewport={"width": 320, "height": 640}
    )
    page = context.new_page()
    for path in PAGES:
        page.goto(sandbox.at(AIGUILLEUR, path))
        for details in page.locator("summary").all():
            details.click()

        assert [each["id"] for each in Axe().run(page).response["violations"]] == [], path
        assert page.evaluate(_CUT) == [], path
    context.close()


#: What is wider than its box, or scrolls inside it.
_CUT = """[...document.querySelectorAll('body, body *')]
  .filter(e => e.clientWidth && (e.scrollWidth > e.clientWidth + 1
    || (e.localName === 'textarea' && e.scrollHeight > e.clientHeight + 1)))
  .map(e => e.outerHTML.slice(0, 80))"""
