"""From the Éclat portal, five weeks before ATEN ends, and a secretary who asks what the browser shows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.conftest import Sandbox, running_sandbox
from tests.flows.explained import assert_told, explain
from tests.flows.family import AIGUILLEUR, Family
from tests.flows.scenario import Held
from tests.flows.test_situations import recorded

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]


@pytest.fixture
def june(tmp_path: Path) -> Iterator[Sandbox]:
    """The sandbox as `aiguilleur sandbox --at 2021-06-01` plays it."""
    with running_sandbox(tmp_path, date(2021, 6, 1)) as sandbox:
        yield sandbox


@pytest.fixture
def at_the_portal(page: Page, june: Sandbox) -> Family:
    """A family in its school's portal, by its ATEN account."""
    family = Family(page, june)
    family.hold(Held.ATEN)
    family.into_portal(Held.ATEN)
    family.forget()
    return family


def test_the_end_is_announced_once_and_the_second_click_goes_straight(at_the_portal: Family) -> None:
    family, page = at_the_portal, at_the_portal.page
    portal = page.url
    page.click("text=Téléservices")
    title, code = page.inner_text("h1"), page.inner_text(".code strong")
    page.click("text=Continuer")
    first = family.where()
    page.goto(portal)
    page.click("text=Téléservices")

    assert title == "Ce compte s’arrête le 5 juillet 2021"
    assert (first, family.where(), family.logins) == (("teleservices", "aten-besancon"),) * 2 + ([],)
    entries = recorded(family.sandbox)
    assert [(each.event, each.rule, each.source) for each in entries] == [
        ("decided", "aten-active[aten-besancon]", "aten-besancon"),
        ("choice", "choice", "aten-besancon"),
        ("decided", "aten-active[aten-besancon]", "aten-besancon"),
    ]
    assert (entries[0].code, entries[0].host) == (code, AIGUILLEUR)
    for entry in entries:
        assert_told(family.sandbox, entry, entries)
    assert "The page that announces the end of aten-besancon was shown first." in explain(family.sandbox, code)


def test_back_does_not_announce_it_again(at_the_portal: Family) -> None:
    page = at_the_portal.page
    page.click("text=Téléservices")
    page.click("text=Continuer")
    assert at_the_portal.where() == ("teleservices", "aten-besancon")
    page.go_back()

    page.wait_for_url("**/mire/clg-rochat-rousses**")
    assert at_the_portal.mire() == ("educonnect", "aten-besancon")


def test_the_account_that_remains_is_one_click_away(at_the_portal: Family) -> None:
    page = at_the_portal.page
    page.click("text=Téléservices")
    page.click("text=Créer mon compte EduConnect")

    assert page.url.startswith(at_the_portal.sandbox.at("educonnect.education.localhost"))


def test_a_secretary_reads_where_a_family_was_sent(at_the_portal: Family) -> None:
    page, sandbox = at_the_portal.page, at_the_portal.sandbox
    page.click("text=Téléservices")
    page.click("text=Continuer")
    assert at_the_portal.where() == ("teleservices", "aten-besancon")
    page.goto(sandbox.at(AIGUILLEUR, "/diagnostic"))

    visits, ticket = page.inner_text(".visits"), page.input_value("textarea")
    gone, looked = recorded(sandbox)[1:]
    assert gone.code in visits
    assert f"code {gone.code}, Téléservices, Collège Rochat, Compte Téléservices" in ticket
    assert "Vous êtes connecté : ce compte nous l’a répondu." in page.inner_text(".seen").replace("\u00a0", " ")
    assert (looked.event, looked.rule) == ("diagnosed", "aten-active[aten-besancon]")
    assert_told(sandbox, looked, recorded(sandbox))
    assert "nobody was sent anywhere" in explain(sandbox, looked.code)
