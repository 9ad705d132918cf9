"""One Chromium for all flows, and a fresh browser profile for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.academy import Academy, running_academy
from tests.flows.family import Family
from tests.waiting import LONG


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
def profile(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(locale="fr-FR")
    context.set_default_timeout(LONG * 1000)
    yield context
    context.close()


@pytest.fixture
def page(profile: BrowserContext) -> Page:
    return profile.new_page()


@pytest.fixture
def academy(tmp_path: Path) -> Iterator[Academy]:
    with running_academy(tmp_path) as running:
        yield running


@pytest.fixture
def family(page: Page, academy: Academy) -> Family:
    return Family(page, academy)
