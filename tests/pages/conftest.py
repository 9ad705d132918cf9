from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, Route

from tests.flows.conftest import chromium
from tests.pages.states import State
from tests.web.conftest import settings

__all__ = ["chromium", "settings"]
BASE = "https://aiguilleur.ac-besancon.fr"


@pytest.fixture(scope="module")
def window(chromium: Browser) -> Iterator[Page]:
    """A window that is used again: opening one takes as long as all that is looked at in it."""
    context = chromium.new_context()
    yield context.new_page()
    context.close()


@contextmanager
def shown(
    chromium: Browser, client: FlaskClient, state: State, *, language: str = "fr", width: int = 1280, **how: object
) -> Iterator[Page]:
    """A state in a window of its own."""
    context = chromium.new_context(locale=language, **how)  # type: ignore[arg-type]
    with shown_in(context.new_page(), client, state, language=language, width=width) as page:
        yield page
    context.close()


@contextmanager
def shown_in(
    window: Page, client: FlaskClient, state: State, *, language: str = "fr", width: int = 1280
) -> Iterator[Page]:
    """A state in that window; everything that the page asks for is answered by the application, or refused."""
    window.set_viewport_size({"width": width, "height": 800})
    window.route("**/*", lambda route: _answer(route, client, state, language))
    window.goto(BASE + "/shown")
    try:
        yield window
    finally:
        window.unroute_all()
        window.emulate_media(color_scheme="null")


def _answer(route: Route, client: FlaskClient, state: State, language: str) -> None:
    parts = urlsplit(route.request.url)
    if f"{parts.scheme}://{parts.netloc}" != BASE:
        route.abort()
        return
    with state.show(client, language) if parts.path == "/shown" else client.get(parts.path) as answer:
        route.fulfill(status=answer.status_code, headers=dict(answer.headers), body=answer.get_data())
