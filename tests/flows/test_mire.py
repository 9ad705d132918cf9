"""The mire in a real browser: how many clicks it costs, what the keyboard alone can do, and where choices lead."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from playwright.sync_api import Page, Request

from aiguilleur.cli import main
from tests.academy import Academy
from tests.flows.away import lands
from tests.flows.explained import explain
from tests.flows.family import AIGUILLEUR, EDUCONNECT, Family
from tests.flows.scenario import ROCHAT, Held

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]
PORTAL, CAS = f"{ROCHAT}.eclat.localhost", "cas.eclat.localhost"
MIRE = f"/mire/{ROCHAT}?vers=ent"
#: What has the focus: a button by its value, a heading of a folded part or a link by its text, a box by its name.
_FOCUSED = """() => {
  const at = document.activeElement;
  return at.value && at.name === 'source' ? at.value : at.type === 'checkbox' ? at.name : at.textContent.trim();
}"""


@pytest.fixture
def clicks(page: Page) -> list[str]:
    """The hosts of the pages that were clicked or pressed on, one for each time."""
    clicked: list[str] = []
    page.expose_binding("clicked", lambda source: clicked.append(urlsplit(source["frame"].url).hostname or ""))
    page.add_init_script("addEventListener('click', event => event.isTrusted && window.clicked(), true)")
    return clicked


@pytest.mark.parametrize("held", [Held.ATEN, Held.EDUCONNECT])
def test_with_a_session_the_link_in_the_portal_needs_no_other_click(
    family: Family, academy: Academy, clicks: list[str], held: Held
) -> None:
    family.hold(held)
    family.into_portal(held)
    clicks.clear()
    family.page.click("text=Téléservices")

    assert family.where() == ("teleservices", "educonnect" if held is Held.EDUCONNECT else "aten-besancon")
    assert clicks == [PORTAL]


def test_without_a_session_it_needs_one_click_and_the_login(
    family: Family, academy: Academy, clicks: list[str]
) -> None:
    family.page.goto(academy.at(PORTAL))
    family.page.click("text=Téléservices (lien public)")
    family.choose("educonnect")
    family.log_in()

    assert family.where() == ("teleservices", "educonnect")
    assert clicks == [PORTAL, AIGUILLEUR, EDUCONNECT]


def tab(page: Page, times: int) -> list[str]:
    """Go on with the Tab key; what has the focus each time, which must be seen to have it."""
    stops = []
    for _ in range(times):
        page.keyboard.press("Tab")
        style = page.evaluate("getComputedStyle(document.activeElement).outline")
        assert "solid 3px" in style, style
        stops.append(page.evaluate(_FOCUSED))
    return stops


def test_the_keyboard_alone_goes_through_the_mire_in_its_order(page: Page, academy: Academy) -> None:
    page.goto(academy.at(AIGUILLEUR, MIRE))

    assert tab(page, 9) == [
        "souvenir",
        "educonnect",
        "aten-besancon",
        "Personnel · Enseignement agricole · Autre ou invité",
        "Je ne sais pas quel compte choisir",
        "Je n’ai pas encore de compte",
        "J’ai oublié mon mot de passe",
        "Changer de personne",
        "Ce n’est pas mon établissement",
    ]


def test_enter_in_the_checkbox_sends_nobody_away_and_space_ticks_it(page: Page, academy: Academy) -> None:
    page.goto(academy.at(AIGUILLEUR, MIRE))
    tab(page, 1)
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    page.wait_for_timeout(200)

    assert page.url == academy.at(AIGUILLEUR, MIRE)
    assert page.is_checked("[name=souvenir]")


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_the_keyboard_opens_the_folded_part_and_chooses_there(page: Page, academy: Academy, key: str) -> None:
    page.goto(academy.at(AIGUILLEUR, MIRE))
    tab(page, 4)
    page.keyboard.press(key)
    stops = tab(page, 3)
    page.keyboard.press(key)
    lands(page, academy.at(CAS, "/login?service="))

    assert stops == ["eclat-staff", "eclat-agricultural", "eclat-guest"]
    assert "Autre et invité" in page.inner_text("main")


def passed(page: Page) -> list[str]:
    """The hosts that the browser is sent over from here on, each once where it stays."""
    hosts: list[str] = []

    def note(request: Request) -> None:
        host = urlsplit(request.url).hostname or ""
        if request.is_navigation_request() and hosts[-1:] != [host]:
            hosts.append(host)

    page.on("request", note)
    return hosts


def test_a_choice_goes_on_over_the_sites_that_the_service_redirects_to(family: Family, academy: Academy) -> None:
    family.hold(Held.EDUCONNECT)
    family.page.goto(academy.at(AIGUILLEUR, MIRE))
    hosts = passed(family.page)
    family.choose("educonnect")
    lands(family.page, academy.at(PORTAL, "/sg.do"))

    assert family.where()[0] == "ent"
    assert hosts == [AIGUILLEUR, CAS, EDUCONNECT, CAS, PORTAL]


def with_form_action(site: WSGIApplication) -> WSGIApplication:
    """The same site, whose pages say that their forms lead to itself alone."""

    def strict(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        def start_strictly(status: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[[bytes], object]:
            policy = "Content-Security-Policy"
            said = [(name, f"{value}; form-action 'self'" if name == policy else value) for name, value in headers]
            return start(status, said, *rest)

        return site(environ, start_strictly)

    return strict


def test_a_form_action_would_stop_every_choice(family: Family, academy: Academy) -> None:
    academy.around = with_form_action
    family.hold(Held.EDUCONNECT)
    family.page.goto(academy.at(AIGUILLEUR, MIRE))
    with family.page.expect_event("console", lambda said: "form-action" in said.text):
        family.choose("educonnect")

    assert family.page.url == academy.at(AIGUILLEUR, MIRE)


def test_back_from_a_login_is_the_mire_and_the_choices_own_address_too(family: Family, academy: Academy) -> None:
    page = family.page
    page.goto(academy.at(AIGUILLEUR, MIRE))
    family.choose("educonnect")
    assert family.where() == ("login", "educonnect")
    page.go_back()
    lands(page, academy.at(AIGUILLEUR, MIRE))
    assert family.mire() == ("educonnect", "aten-besancon")

    page.goto(academy.at(AIGUILLEUR, f"/choix?vers=ent&etab={ROCHAT}"))
    lands(page, academy.at(AIGUILLEUR, MIRE))


def test_another_person_closes_the_session_that_was_left_open(family: Family, academy: Academy) -> None:
    family.hold(Held.EDUCONNECT)
    page = family.page
    page.goto(academy.at(AIGUILLEUR, MIRE))
    page.click("text=Changer de personne")
    page.click("text=Se déconnecter : EduConnect")
    assert family.where()[0] == "logout"
    page.go_back()
    page.click("text=Choisir mon compte")
    lands(page, academy.at(AIGUILLEUR, MIRE))
    family.choose("educonnect")

    assert family.where() == ("login", "educonnect")


def test_the_code_on_the_mire_leads_to_the_whole_explanation_in_one_command(family: Family, academy: Academy) -> None:
    family.page.goto(academy.at(PORTAL))
    family.page.click("text=Téléservices (lien public)")
    code = family.page.text_content(".code strong") or ""
    spoken = " ".join(code.lower())

    where = ("--journal", str(academy.journal), "--config", str(academy.journal.parent / "config"))
    told, machine = (
        CliRunner().invoke(main, ["journal", "show", spoken, *where, *more]).output for more in ((), ("--json",))
    )
    assert set(explain(academy, code).splitlines()) <= set(told.splitlines())
    assert "Today's rules: the same." in told
    assert "   the mire: The mire: nothing tells which account the family uses." in told
    explained = [json.loads(line) for line in explain(academy, code, "--json").splitlines()]
    assert [json.loads(line)["explained"] for line in machine.splitlines()] == explained
