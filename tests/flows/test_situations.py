"""What each situation must give, in a real browser, through the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from aiguilleur.cli import main
from aiguilleur.cli.sandbox import build, dated
from aiguilleur.journal import JournalEntry, newest
from aiguilleur.sandbox import Mode, free_port, serve
from aiguilleur.settings.load import load
from tests.conftest import ROOT, Sandbox, sandbox_settings

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]

PORTAL = "clg-rochat-rousses.eclat.localhost"
DIJON_PORTAL = "lyc-lamartine-macon.eclat.localhost"
ATEN = "teleservices.academie.localhost"
ATEN_DIJON = "teleservices.dijon.localhost"
NATIONAL = "teleservices.education.localhost"
EDUCONNECT = "educonnect.education.localhost"
AIGUILLEUR = "aiguilleur.academie.localhost"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"],
        )
        yield browser
        browser.close()


@pytest.fixture
def family(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(locale="fr-FR")
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def page(family: BrowserContext) -> Page:
    return family.new_page()


def where(page: Page) -> tuple[str | None, str | None]:
    """The simulated site that a browser is on: which service, by which source."""
    body = page.locator("body")
    return body.get_attribute("data-service"), body.get_attribute("data-source")


def log_in(page: Page) -> None:
    page.fill("[name=user]", "parent1")
    page.fill("[name=password]", "parent1")
    page.click("text=Se connecter")


def into_portal(page: Page, sandbox: Sandbox, selection: str, host: str = PORTAL) -> None:
    """Log in at Éclat through one source, as a family that starts at the portal does."""
    page.goto(sandbox.at(host))
    page.click("text=Se connecter")
    page.click(f"a[href*='{selection}']")
    if page.locator("[name=password]").count():
        log_in(page)
    assert where(page)[0] == "ent"


def recorded(sandbox: Sandbox) -> JournalEntry:
    return next(newest([sandbox.journal]))


def mire_sources(page: Page) -> list[str | None]:
    return [button.get_attribute("value") for button in page.locator("button[name=source]").all()]


def test_from_eclat_with_an_aten_session_to_atens_teleservices(page: Page, sandbox: Sandbox) -> None:
    into_portal(page, sandbox, "BESANC")
    page.click("text=Téléservices")

    assert where(page) == ("teleservices", "aten-besancon")
    assert recorded(sandbox).rule == "aten-active[aten-besancon]"


def test_from_eclat_with_educonnect_to_the_national_ones_by_elimination(page: Page, sandbox: Sandbox) -> None:
    into_portal(page, sandbox, "EDU")
    page.click("text=Téléservices")

    assert where(page) == ("teleservices", "educonnect")
    assert recorded(sandbox).rule == "inside-eclat"


def test_from_eclat_with_franceconnect_behind_educonnect(page: Page, sandbox: Sandbox) -> None:
    page.goto(sandbox.at(PORTAL))
    page.click("text=Se connecter")
    page.click("a[href*='EDU']")
    page.click("#franceconnect")
    page.click("text=Continuer en tant qu'Angela")
    assert where(page) == ("ent", "educonnect")
    page.click("text=Téléservices")

    assert where(page) == ("teleservices", "educonnect")


def test_from_eclat_with_both_sessions_atens_without_a_trip(page: Page, sandbox: Sandbox) -> None:
    page.goto(sandbox.at(ATEN, "/ts"))
    log_in(page)
    into_portal(page, sandbox, "EDU")
    page.click("text=Téléservices")

    assert where(page) == ("teleservices", "aten-besancon")
    assert recorded(sandbox).legs == 0


def test_from_eclat_with_educonnect_and_a_dead_aten_cookie(page: Page, sandbox: Sandbox) -> None:
    dead = {"name": "CTSESSION", "value": "dead", "domain": ".academie.localhost", "path": "/"}
    page.context.add_cookies([dead])  # type: ignore[list-item]
    into_portal(page, sandbox, "EDU")
    page.click("text=Téléservices")

    assert where(page) == ("teleservices", "educonnect")


@pytest.mark.parametrize("mode", [Mode.DOWN, Mode.MUTE])
def test_with_aten_down_the_mire_shows_it_ill_and_a_click_goes_there(page: Page, sandbox: Sandbox, mode: Mode) -> None:
    into_portal(page, sandbox, "BESANC")
    sandbox.world.switches.set("aten-besancon", mode)
    page.click("text=Téléservices")

    assert mire_sources(page) == ["aten-besancon", "educonnect"]
    assert page.locator("button", has=page.locator(".ill")).get_attribute("value") == "aten-besancon"
    assert recorded(sandbox).ms <= 1200 + 300
    sandbox.world.switches.set("aten-besancon", Mode.WELL)
    page.click("button[value=aten-besancon]")
    assert where(page) == ("teleservices", "aten-besancon")


def test_without_a_session_the_mire_then_one_click_then_the_login(page: Page, sandbox: Sandbox) -> None:
    page.goto(sandbox.at(PORTAL))
    page.click("text=Téléservices (lien public)")
    assert mire_sources(page) == ["educonnect", "aten-besancon"]
    page.click("button[value=educonnect]")

    assert where(page) == ("login", "educonnect")
    log_in(page)
    assert where(page) == ("teleservices", "educonnect")


def test_a_qr_code_without_a_session_gives_the_mire(page: Page, sandbox: Sandbox) -> None:
    page.goto(sandbox.at(AIGUILLEUR, "/vers/teleservices/clg-rochat-rousses?de=affiche"))

    assert mire_sources(page) == ["educonnect", "aten-besancon"]


def test_a_dead_aten_cookie_puts_aten_first(page: Page, sandbox: Sandbox) -> None:
    dead = {"name": "CTSESSION", "value": "dead", "domain": ".academie.localhost", "path": "/"}
    page.context.add_cookies([dead])  # type: ignore[list-item]
    page.goto(sandbox.at(AIGUILLEUR, "/vers/teleservices/clg-rochat-rousses"))

    assert mire_sources(page) == ["aten-besancon", "educonnect"]


def test_from_atens_scolarite_services_to_eclat_through_aten(page: Page, sandbox: Sandbox) -> None:
    page.goto(sandbox.at(ATEN, "/ts"))
    log_in(page)
    page.click("text=Scolarité Services")
    page.click("text=Espace numérique de travail")

    assert where(page) == ("ent", "aten-besancon")


@pytest.mark.parametrize("both", [False, True])
def test_from_the_national_scolarite_services_to_eclat_through_educonnect(
    page: Page, sandbox: Sandbox, both: bool
) -> None:
    if both:
        page.goto(sandbox.at(ATEN, "/ts"))
        log_in(page)
    page.goto(sandbox.at(NATIONAL))
    log_in(page)
    page.click("text=Scolarité Services")
    page.click("text=Espace numérique de travail")

    assert where(page) == ("ent", "educonnect")
    assert recorded(sandbox).rule == "came-from-educonnect"


@pytest.fixture
def after_the_end(tmp_path: Path) -> Iterator[Sandbox]:
    port = free_port()
    calendar, _ = load(ROOT / "config")
    settings = dated(sandbox_settings(tmp_path, port), calendar)
    world = build(settings, port, date(2021, 9, 10))
    server = serve(world, port)
    server.start()
    yield Sandbox(world, port, tmp_path / "journal.jsonl", settings)
    server.stop()


def test_after_atens_end_educonnect_at_once(page: Page, after_the_end: Sandbox) -> None:
    page.goto(after_the_end.at(AIGUILLEUR, "/vers/teleservices/clg-rochat-rousses"))

    assert where(page) == ("login", "educonnect")
    assert recorded(after_the_end).rule == "only[educonnect]"


def test_after_atens_end_an_old_choice_is_explained(page: Page, after_the_end: Sandbox) -> None:
    page.goto(after_the_end.at(AIGUILLEUR, "/vers/teleservices/clg-rochat-rousses?source=aten-besancon"))

    assert page.inner_text("h1") == "Ce compte n’existe plus"
    assert mire_sources(page) == ["educonnect"]


def test_a_dijon_school_has_dijons_addresses_and_a_besancon_session_decides_nothing(
    page: Page, sandbox: Sandbox
) -> None:
    page.goto(sandbox.at(ATEN, "/ts"))
    log_in(page)
    page.goto(sandbox.at(DIJON_PORTAL))
    page.click("text=Téléservices (lien public)")
    assert mire_sources(page) == ["aten-dijon", "educonnect"]
    page.click("button[value=aten-dijon]")

    assert page.url.startswith(sandbox.at(ATEN_DIJON, ""))


def test_a_visit_can_be_explained_from_its_code(page: Page, sandbox: Sandbox) -> None:

    into_portal(page, sandbox, "BESANC")
    page.click("text=Téléservices")
    code = recorded(sandbox).code
    folder = sandbox.journal.parent / "config"
    told = CliRunner().invoke(
        main, ["explain", "--config", str(folder), "--journal", str(sandbox.journal), "--code", code]
    )

    assert told.exit_code == 0, told.output
    assert " * aten-active[aten-besancon]  aten-besancon: active" in told.output
    assert "Today's rules: the same." in told.output


def test_a_second_visit_within_two_minutes_of_weak_evidence_gets_the_mire(page: Page, sandbox: Sandbox) -> None:
    into_portal(page, sandbox, "EDU")
    page.click("text=Téléservices")
    page.goto(sandbox.at(PORTAL, "/sg.do?PROC=PAGE_ACCUEIL"))
    page.click("text=Téléservices")

    assert mire_sources(page) == ["educonnect", "aten-besancon"]
    assert "Réessayer avec EduConnect" in page.inner_text("button[value=educonnect]")


def test_a_choice_is_remembered_only_when_asked_and_can_be_forgotten(page: Page, sandbox: Sandbox) -> None:
    link = sandbox.at(AIGUILLEUR, "/vers/teleservices/clg-rochat-rousses")
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


@pytest.mark.parametrize("width", [320, 1280])
def test_the_pages_fit_a_phone_and_a_desk(page: Page, sandbox: Sandbox, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    paths = ("/vers/teleservices/clg-rochat-rousses", "/vers/ent", "/vers/nope", "/mire/inconnu", "/oublier")
    for path in paths:
        page.goto(sandbox.at(AIGUILLEUR, path))

        assert page.evaluate("document.documentElement.scrollWidth") <= width
