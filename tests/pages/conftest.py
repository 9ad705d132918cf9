from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, Route

from tests.flows.conftest import chromium
from tests.pages.states import State
from tests.web.conftest import settings

__all__ = ["chromium", "settings"]
BASE = "https://aiguilleur.ac-besancon.fr"


@contextmanager
def shown(
    chromium: Browser, client: FlaskClient, state: State, *, language: str = "fr", width: int = 1280, **how: object
) -> Iterator[Page]:
    """A state in Chromium; everything that the page asks for is answered by the application, or refused."""
    context = chromium.new_context(locale=language, viewport={"width": width, "height": 800}, **how)  # type: ignore[arg-type]
    page = context.new_page()
    page.route("**/*", lambda route: _answer(route, client, state, language))
    page.goto(BASE + "/shown")
    yield page
    context.close()


def _answer(route: Route, client: FlaskClient, state: State, language: str) -> None:
    parts = urlsplit(route.request.url)
    if f"{parts.scheme}://{parts.netloc}" != BASE:
        route.abort()
        return
    with state.show(client, language) if parts.path == "/shown" else client.get(parts.path) as answer:
        route.fulfill(status=answer.status_code, headers=dict(answer.headers), body=answer.get_data())
