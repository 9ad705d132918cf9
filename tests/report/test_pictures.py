"""The report and the dashboard in Chromium: as a file and served, large and small, light, dark and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, Route

from aiguilleur.dashboard import create_dashboard
from aiguilleur.journal.scale import Report, Scope, masked
from aiguilleur.report import page, told
from tests.dashboard.conftest import Journal
from tests.flows.conftest import chromium
from tests.report.figures import MADE_AT, NAMES, year

__all__ = ["chromium"]
pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]
REPORTS = {"all": year(schools=12), "school": masked(year(schools=12, scope=Scope(etab="clg-3"))), "none": Report()}
DESK = "http://127.0.0.1:8090"
#: What stands beyond the screen or is cut inside its box, but for what can be scrolled and what is drawn.
_FAULTS = """() => {
  const faults = [], wide = document.documentElement;
  if (wide.scrollWidth > wide.clientWidth) faults.push(`page ${wide.scrollWidth} > ${wide.clientWidth}`);
  for (const each of document.body.querySelectorAll('*')) {
    if (!each.checkVisibility() || each.closest('.table, pre, svg, select, input')) continue;
    const box = each.getBoundingClientRect(), says = `${each.tagName} ${each.textContent.trim().slice(0, 30)}`;
    if (box.left < -1 || box.right > innerWidth + 1) faults.push(`beyond: ${says}`);
    if (each.clientWidth && each.scrollWidth > each.clientWidth + 1) faults.push(`cut: ${says}`);
  }
  return faults;
}"""


@cache
def drawn(name: str) -> str:
    return page(told(REPORTS[name], NAMES, made_at=MADE_AT, zone=ZoneInfo("Europe/Paris")))


@contextmanager
def opened(chromium: Browser, folder: Path, name: str, **how: object) -> Iterator[Page]:
    """A report opened from a file; whatever else it asks for, or says on the console, fails."""
    file = folder / "rapport.html"
    file.write_text(drawn(name), encoding="utf-8")
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, **how)  # type: ignore[arg-type]
    tab, asked, said = context.new_page(), [], list[str]()
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.goto(file.as_uri())
    yield tab
    context.close()
    assert (asked, said) == ([file.as_uri()], [])


@pytest.mark.parametrize("name", REPORTS)
def test_axe_finds_nothing_and_nothing_is_cut(chromium: Browser, tmp_path: Path, name: str) -> None:
    with opened(chromium, tmp_path, name) as tab:
        tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        for width in (1280, 375):
            tab.set_viewport_size({"width": width, "height": 800})
            assert tab.evaluate(_FAULTS) == [], width
        for scheme in ("light", "dark"):
            tab.emulate_media(color_scheme=scheme)
            found = Axe().run(tab).response["violations"]
            assert [(each["id"], [node["html"][:90] for node in each["nodes"]]) for each in found] == [], scheme


def test_a_table_is_sorted_by_a_click_and_back_by_another(chromium: Browser, tmp_path: Path) -> None:
    with opened(chromium, tmp_path, "all") as tab:
        table = tab.locator("#etablissements ~ .table table")
        first = table.locator("tbody tr").first.locator("td").first.inner_text
        numbers = []
        for _ in range(2):
            table.locator("thead button").nth(1).click()
            numbers.append(int("".join(each for each in first() if each.isdecimal())))
            assert table.locator("th[aria-sort]").count() == 1
        table.locator("thead button").first.click()

        assert numbers[0] > numbers[1]
        assert table.locator("tbody th").first.inner_text().startswith("Collège Numéro 0 ")
        # Numbers in names are compared as numbers.
        assert table.locator("tbody th").nth(2).inner_text().startswith("Collège Numéro 2 ")


def test_without_scripts_it_tells_the_same(chromium: Browser, tmp_path: Path) -> None:
    with opened(chromium, tmp_path, "all", java_script_enabled=False) as tab:
        assert tab.locator("#etablissements ~ .table tbody tr").count() == 12
        assert tab.locator(".wide svg").first.is_visible()


def test_its_colours_are_those_of_the_page(chromium: Browser, tmp_path: Path) -> None:
    line = ".wide path[stroke='var(--c1)']"
    colours = set()
    with opened(chromium, tmp_path, "all") as tab:
        for how in ({"color_scheme": "light"}, {"color_scheme": "dark"}, {"color_scheme": "dark", "media": "print"}):
            tab.emulate_media(**how)  # type: ignore[arg-type]
            colours.add(tab.locator(line).first.evaluate("each => getComputedStyle(each).stroke"))

    # On paper as in light.
    assert colours == {"rgb(11, 79, 138)", "rgb(108, 177, 242)"}


def test_on_paper_nothing_is_wider_than_the_sheet(chromium: Browser, tmp_path: Path) -> None:
    with opened(chromium, tmp_path, "all") as tab:
        tab.emulate_media(media="print")
        # A4 without its margins, at 96 dots an inch.
        tab.set_viewport_size({"width": 688, "height": 1000})

        assert tab.evaluate("document.documentElement.scrollWidth") <= 688
        assert tab.pdf(format="A4").startswith(b"%PDF")
        tab.emulate_media(media="screen")


def test_on_paper_a_table_is_headed_on_each_page_and_a_picture_stays_with_its_title(
    chromium: Browser, tmp_path: Path
) -> None:
    style = "(each, name) => getComputedStyle(each)[name]"
    with opened(chromium, tmp_path, "all") as tab:
        tab.emulate_media(media="print")
        # Chromium paints no box of a button in a head that it repeats; the text alone it does.
        assert tab.locator("#etablissements ~ .table thead button").first.evaluate(style, "display") == "contents"
        for part in ("section h2", "section > p", ".legend"):
            assert tab.locator(part).first.evaluate(style, "breakAfter") == "avoid"
        for part in (".legend", ".picture"):
            assert tab.locator(part).first.evaluate(style, "breakInside") == "avoid"
        tab.emulate_media(media="screen")


def _answer(route: Route, client: FlaskClient) -> None:
    assert route.request.url.startswith(DESK)
    answer = client.get(route.request.url.removeprefix(DESK), headers={"Host": DESK.removeprefix("http://")})
    route.fulfill(status=answer.status_code, headers=dict(answer.headers), body=answer.get_data())


def test_the_dashboard_leads_from_a_code_to_its_visit(chromium: Browser) -> None:
    client = create_dashboard(Journal().desk(), (DESK.removeprefix("http://"),)).test_client()
    context = chromium.new_context(viewport={"width": 375, "height": 800})
    tab, said = context.new_page(), list[str]()
    tab.route("**/*", lambda route: _answer(route, client))
    tab.on("console", lambda message: said.append(message.text))
    tab.goto(DESK)
    tab.get_by_label("Code donné par la famille").fill("k o v a t i")
    tab.get_by_role("button", name="Voir la visite").click()

    assert "aten-active" in tab.locator("pre").inner_text()
    assert tab.evaluate(_FAULTS) == []
    found = Axe().run(tab).response["violations"]
    assert [(each["id"], [node["html"][:90] for node in each["nodes"]]) for each in found] == []
    tab.get_by_label("Période").select_option("tout")
    tab.get_by_role("button", name="Voir le rapport").click()
    assert tab.get_by_role("heading", level=1).inner_text() == "Toutes les visites"
    assert tab.evaluate(_FAULTS) == []
    assert said == []
    context.close()
