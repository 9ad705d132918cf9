"""What any failure falls back to: a page held in memory, whatever broke on the way to it."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Flask, Request
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from aiguilleur.journal import new_code
from aiguilleur.web import languages, pages, rush
from aiguilleur.web.noted import note_page
from aiguilleur.web.security import Headers, Secured
from aiguilleur.web.service import running_in

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_LOGGER = logging.getLogger("aiguilleur.web")
#: What the journal calls a visit that ended here.
OUTCOME = "floor"
T = TypeVar("T")


class Floor:
    """A WSGI application around another, under whose every failure it lays a page that can be shown for certain.

    In a rush that page is shown at once. It stands outside the framework, so that what breaks after a view, or in the
    page of an error, ends here as well.
    """

    def __init__(self, app: Flask, secured: Secured) -> None:
        """Render the page now, in each language; every answer is `secured`."""
        self._app, self._site, self._secured = app, app.wsgi_app, secured
        # Else the framework would answer 500 by itself, and write down an error with all that it quotes.
        app.config["PROPAGATE_EXCEPTIONS"] = True
        with app.test_request_context():
            texts = {code: pages.floor_text(each) for code, each in languages.LANGUAGES.items()}
        self._texts, self._headers = texts, secured(())
        #: Shown when not even a code can be drawn.
        self._spare = new_code()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the application does; else by the page."""
        begun = _Begun(start_response, self._secured)
        try:
            rush.note_wait(environ)
            if not rush.is_overdue(environ):
                return self._site(environ, begun)
        except Exception as error:
            return self._fall(environ, begun, error)
        return self._show(environ, begun, _or(self._spare, new_code), 200, rush.OUTCOME)

    def _fall(self, environ: WSGIEnvironment, begun: _Begun, error: Exception) -> Iterable[bytes]:
        code = _or(self._spare, new_code)
        # The error's own text is left out: it may quote what a visitor sent.
        _or(None, lambda: _LOGGER.error("visit %s ended on the floor: %s at %s", code, _kind(error), _place(error)))
        return self._show(environ, begun, code, _or(200, lambda: _status(environ, error)), OUTCOME)

    def _show(self, environ: WSGIEnvironment, begun: _Begun, code: str, status: int, outcome: str) -> Iterable[bytes]:
        _or(None, lambda: self._note(code, status, outcome))
        body = self._texts[_or(languages.FRENCH.code, lambda: _language(environ))].replace("{code}", code).encode()
        own = (("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body))))
        begun.again(f"{status} {HTTP_STATUS_CODES[status]}", [*own, ("Aiguilleur-Code", code), *self._headers])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _note(self, code: str, status: int, outcome: str) -> None:
        running = running_in(self._app)
        if running is not None:
            note_page(running, code, status, outcome=outcome)


class _Begun:
    """The server's `start_response`, and whether an answer was begun that another one must replace (PEP 3333)."""

    def __init__(self, start: StartResponse, secured: Secured) -> None:
        self._start, self._secured = start, secured
        self._is_begun = False

    def __call__(self, status: str, headers: Headers, *error: Any) -> Callable[[bytes], object]:
        self._is_begun = True
        return self._start(status, self._secured(headers), *error)

    def again(self, status: str, headers: list[tuple[str, str]]) -> None:
        """Begin, or begin anew as long as nothing was sent; the headers are whole."""
        if self._is_begun:
            self._start(status, headers, sys.exc_info())
        else:
            self._start(status, headers)


def _or(fallback: T, attempt: Callable[[], T]) -> T:
    """What the attempt gives; whatever breaks here as well must not cost the page."""
    try:
        return attempt()
    except Exception:
        return fallback


def _language(environ: WSGIEnvironment) -> str:
    return languages.wanted_in(Request(environ)).code


def _status(environ: WSGIEnvironment, error: Exception) -> int:
    """A refusal whose page broke is a refusal still; and who watches must not be told that all is well."""
    if environ.get("PATH_INFO") == "/readyz":
        return 503
    refusals = (each.code for each in _chain(error) if isinstance(each, HTTPException) and each.code)
    return next((code for code in refusals if 400 <= code < 500), 200)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__context__


def _kind(error: Exception) -> str:
    return type(error).__name__


def _place(error: Exception) -> str:
    """The innermost file and line, without any value."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "?"
