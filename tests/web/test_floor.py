"""Whatever breaks in a visit, its visitor sees a page that leads on, under a code that the journal knows."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder

from aiguilleur.journal import Event, Journal, newest
from aiguilleur.settings.model import Settings
from aiguilleur.web import create_app
from aiguilleur.web.service import install, running_in
from tests.pages.states import STATES, State
from tests.web.breaking import CANARY, broken, called_by
from tests.web.conftest import KEY, MARCH

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

SCHOOL = "clg-rochat-rousses"
LINK = f"/vers/teleservices/{SCHOOL}"
FORM = {"vers": "teleservices", "etab": SCHOOL, "source": "educonnect", "souvenir": "1"}
COOKIES = "CTSESSION=canary; __Host-aiguilleur-choix=x; __Host-aiguilleur-recent=y"
HEADERS = {"Cookie": COOKIES, "Referer": f"https://{SCHOOL}.eclat-bfc.fr/", "Accept-Language": "pt"}
ERRORS = (RuntimeError, MemoryError, RecursionError, OSError, KeyError, AssertionError)
FLOOR = "Não conseguimos"
#: What cannot write the code of the page down when it breaks: the journal, and the way to it.
UNWRITTEN = re.compile(r"/aiguilleur/journal/|/web/noted\.py$|/web/service\.py$|/settings/model\.py$")


@dataclass(frozen=True)
class Ask:
    """What a browser asks for."""

    method: str
    path: str
    form: dict[str, str] | None = None

    def environ(self) -> WSGIEnvironment:
        builder = EnvironBuilder(path=self.path, method=self.method, data=self.form, headers=[*HEADERS.items()])
        environ = builder.get_environ()
        builder.close()
        return environ


ASKED = (
    Ask("GET", LINK),
    Ask("GET", f"{LINK}?source=educonnect"),
    Ask("GET", "/vers/ent?langue=pt"),
    Ask("GET", f"/mire/{SCHOOL}"),
    Ask("GET", "/mire?cherche=rochat"),
    Ask("POST", "/choix", FORM),
    Ask("GET", "/retour/nobody"),
    Ask("GET", f"/diagnostic/{SCHOOL}?vers=teleservices"),
    Ask("GET", "/oublier"),
    Ask("POST", "/oublier", {"quoi": "choix"}),
    Ask("GET", f"/quitter?vers=teleservices&etab={SCHOOL}"),
    Ask("GET", f"/kit/{SCHOOL}"),
    Ask("GET", f"/kit/{SCHOOL}/lettre.txt"),
    Ask("GET", "/aiguilleur.php?svc=ent&rne=clg-rochat-rousses&src=EDU"),
    Ask("GET", "/nope"),
    Ask("POST", LINK, {}),
    Ask("POST", "/choix", {"vers": "x" * 20_000}),
    Ask("GET", "/healthz"),
)


@dataclass
class Told:
    """What the server was told to answer."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""


def told(app: Flask, environ: WSGIEnvironment, breaking: AbstractContextManager[None] | None = None) -> Told:
    """The answer of the application itself, with nothing between that may break as well."""
    answer = Told()

    def start(status: str, headers: list[tuple[str, str]], _: object = None) -> Callable[[bytes], object]:
        answer.status, answer.headers = int(status[:3]), dict(headers)
        return io.BytesIO().write

    with breaking or nullcontext():
        body = app.wsgi_app(environ, start)
    # A body is ready before it is sent.
    answer.text = b"".join(body).decode()
    return answer


@pytest.fixture
def app(settings: Settings) -> Flask:
    return create_app(settings, (KEY,), now=lambda: MARCH)


def check(app: Flask, ask: Ask, journal: Path, *packages: str) -> int:
    """Break in turn each function that this visit calls, make it again, and count the visits that end on the floor."""
    told(app, ask.environ())
    environ, floors, running = ask.environ(), 0, running_in(app)
    assert running is not None
    functions = called_by(lambda: told(app, environ), *packages)
    for function, error in zip(functions, cycle(ERRORS), strict=False):
        file = function.__code__.co_filename
        if file.endswith("/web/floor.py"):
            # It is what must hold, and stands on nothing else.
            continue
        # A journal that has failed is left alone for some seconds.
        install(app.extensions, replace(running, journal=Journal(running.settings.site.journal)))
        answer = told(app, ask.environ(), broken(function, error))

        where = f"{ask.method} {ask.path}: {error.__name__} in {file}:{function.__qualname__}"
        assert 200 <= answer.status < 500, where
        assert CANARY not in answer.text, where
        floors += FLOOR in answer.text
        if (code := answer.headers.get("Aiguilleur-Code")) and not UNWRITTEN.search(file):
            assert f'"code":"{code}"' in journal.read_text(encoding="ascii"), where
    return floors


@pytest.mark.parametrize("ask", ASKED, ids=lambda ask: f"{ask.method} {ask.path}"[:60])
def test_whatever_of_ours_breaks_ends_on_a_page_that_the_journal_knows(app: Flask, ask: Ask, journal: Path) -> None:
    assert check(app, ask, journal, "aiguilleur") > 1


@pytest.mark.parametrize("ask", [ASKED[0], ASKED[5], ASKED[14]], ids=lambda ask: ask.path)
def test_whatever_of_the_framework_breaks_ends_there_too(app: Flask, ask: Ask, journal: Path) -> None:
    assert check(app, ask, journal, "flask", "werkzeug", "jinja2", "itsdangerous") > 1


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_every_code_that_a_page_shows_is_in_the_journal(state: State, settings: Settings, journal: Path) -> None:
    answer = state.show(state.browser(settings))

    if code := answer.headers.get("Aiguilleur-Code"):
        assert code in {entry.code for entry in newest([journal])}
    else:
        assert not state.coded


def test_the_floor_leads_to_where_no_page_of_ours_is_needed(bare: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiguilleur.web.pages.render_template", _raises)
    page = bare.get(f"/mire/{SCHOOL}").text

    for address in ("https://teleservices.education.gouv.fr/", "https://teleservices.ac-besancon.fr/ts"):
        assert f'<a href="{address}">' in page
    assert "{etab}" not in page


def test_the_floor_has_the_headers_of_every_page_and_no_body_for_head(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = client.get(f"/mire/{SCHOOL}").headers
    monkeypatch.setattr("aiguilleur.web.mire._mire", _raises)
    monkeypatch.setattr("aiguilleur.web.pages.head", _raises)
    answer, head = client.get(f"/mire/{SCHOOL}"), client.head(f"/mire/{SCHOOL}")

    assert (answer.status_code, head.status_code, head.text) == (200, 200, "")
    for name in set(usual.keys()) - {"Vary", "Content-Length", "Aiguilleur-Code"}:
        assert answer.headers[name] == usual[name], name


def test_what_watches_is_not_told_that_all_is_well(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiguilleur.web.health.jsonify", _raises)

    assert client.get("/readyz").status_code == 503


def test_an_answer_that_breaks_once_it_has_begun_is_replaced(app: Flask) -> None:
    app.teardown_request(_raises)
    begun: list[tuple[str, bool]] = []

    def start(status: str, _: object, exc_info: object = None) -> Callable[[bytes], object]:
        begun.append((status, exc_info is not None))
        return io.BytesIO().write

    body = b"".join(app.wsgi_app(Ask("GET", "/nope").environ(), start)).decode()

    # PEP 3333: beginning anew is allowed to those who say which error made them.
    assert begun == [("404 NOT FOUND", False), ("200 OK", True)]
    assert FLOOR in body


def test_a_visit_that_ends_there_is_refused_by_the_floor_in_the_journal(
    client: FlaskClient, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aiguilleur.web.route.advance", _raises)
    client.get(LINK)
    [entry] = newest([journal])

    assert (entry.event, entry.outcome, entry.status, entry.target) == (Event.REFUSED, "floor", 200, "?")
    assert CANARY not in journal.read_text(encoding="ascii")


def _raises(*_: object, **__: object) -> None:
    raise RuntimeError(CANARY)
