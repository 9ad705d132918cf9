"""The pages in Chromium: by axe, at any width, in light and dark, from both sides."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from aiguilleur.settings.model import Settings
from aiguilleur.web.languages import LANGUAGES
from tests.pages.conftest import shown, shown_in
from tests.pages.states import STATES, State

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]
each_state = pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
#: What stands beyond the screen, is cut inside its box, or lies upon something else that can be clicked.
_FAULTS = """() => {
  const faults = [], wide = document.documentElement;
  if (wide.scrollWidth > wide.clientWidth) faults.push(`page ${wide.scrollWidth} > ${wide.clientWidth}`);
  const shown = [...document.body.querySelectorAll('*')].filter(each => each.checkVisibility());
  for (const each of shown) {
    const box = each.getBoundingClientRect(), says = each.textContent.trim().slice(0, 30);
    if (box.left < -1 || box.right > innerWidth + 1) faults.push(`beyond: ${each.tagName} ${says}`);
    const style = getComputedStyle(each), cut = each.scrollWidth > each.clientWidth + 1 && style.display !== 'inline';
    if (cut && each.clientWidth && !['INPUT', 'SELECT', 'TEXTAREA', 'PRE'].includes(each.tagName)) faults.push(`cut: ${each.tagName} ${says}`);
  }
  const clicked = shown.filter(each => each.matches('a, button, input, summary, select, textarea'));
  for (const one of clicked) for (const other of clicked) {
    if (one === other || one.contains(other) || other.contains(one)) continue;
    for (const a of one.getClientRects()) for (const b of other.getClientRects())
      if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1)
        faults.push(`over: ${one.textContent.trim().slice(0, 20)} / ${other.textContent.trim().slice(0, 20)}`);
  }
  return [...new Set(faults)];
}"""


@pytest.mark.parametrize("language", LANGUAGES)
@each_state
def test_axe_finds_nothing_and_nothing_is_cut_or_lies_over_something_else(
    window: Page, settings: Settings, state: State, language: str
) -> None:
    """320 px is also what 1280 px are at 400 % (WCAG 2.1, 1.4.10)."""
    with shown_in(window, state.browser(settings), state, language=language, width=320) as page:
        for width in (1280, 768, 320):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate(_FAULTS) == [], width
        # What is folded is looked at too.
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert page.evaluate(_FAULTS) == []
        # Colours and structure are the same from left to right in every language.
        for scheme in ("light", "dark") if language in ("fr", "ar") else ():
            page.emulate_media(color_scheme=scheme)
            found = Axe().run(page).response["violations"]
            assert [(each["id"], [node["html"][:90] for node in each["nodes"]]) for each in found] == [], scheme


_FOCUSABLE = """() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
  .filter(each => each.type !== 'hidden' && each.checkVisibility()).length"""
_FOCUSED = """() => {
  const each = document.activeElement, style = getComputedStyle(each);
  if (each === document.body) return null;
  each.dataset.seen = '1';
  return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
}"""


@each_state
def test_everything_can_be_reached_and_seen_by_keyboard(window: Page, settings: Settings, state: State) -> None:
    with shown_in(window, state.browser(settings), state) as page:
        wanted = page.evaluate(_FOCUSABLE)
        for _ in range(wanted):
            page.keyboard.press("Tab")
            assert page.evaluate(_FOCUSED) is True

        assert page.locator("[data-seen]").count() == wanted


@each_state
def test_letters_may_be_twice_as_large(window: Page, settings: Settings, state: State) -> None:
    with shown_in(window, state.browser(settings), state, width=640) as page:
        page.evaluate("document.documentElement.style.fontSize = '200%'")

        assert page.evaluate(_FAULTS) == []


def test_without_scripts_it_is_the_same(chromium: Browser, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiguilleur.web.visit.new_code", lambda: "KOVATI")
    pictures = []
    for scripts in (True, False):
        with shown(chromium, STATES[0].browser(settings), STATES[0], java_script_enabled=scripts) as page:
            pictures.append(page.screenshot(full_page=True))

    assert pictures[0] == pictures[1]


def test_axe_would_find_something(window: Page, settings: Settings) -> None:
    with shown_in(window, STATES[0].browser(settings), STATES[0]) as page:
        page.evaluate("document.querySelector('h1').style.color = '#ddd'; document.documentElement.lang = ''")
        found = {each["id"] for each in Axe().run(page).response["violations"]}

    assert {"color-contrast", "html-has-lang"} <= found
