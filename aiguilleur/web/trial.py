"""The trial of an application before anyone is served by it: what would break for a family breaks here."""

from __future__ import annotations

import secrets
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from flask import Flask
from jinja2 import TemplateSyntaxError
from werkzeug.test import Client

from aiguilleur.errors import Problem, ThemeError
from aiguilleur.journal import Journal
from aiguilleur.settings.model import Settings
from aiguilleur.web import rush
from aiguilleur.web.app import create_app
from aiguilleur.web.service import install, service_of
from aiguilleur.web.stamps import files_below

_TEMPLATES = (".html", ".svg")
#: A trial takes some hundredths of a second; what takes so many seconds would keep a family waiting too.
_LONGEST_S = 10.0
T = TypeVar("T")


def in_time(attempt: Callable[[], T], within: float = _LONGEST_S) -> T:
    """What an attempt gives; raises what it raises, and TimeoutError when it takes longer, in seconds.

    It then goes on unheard: a template may go round for ever, and nobody can stop what draws it.
    """
    future: Future[T] = Future()

    def attempted() -> None:
        try:
            future.set_result(attempt())
        except Exception as error:
            future.set_exception(error)

    threading.Thread(target=attempted, name="trial", daemon=True).start()
    try:
        return future.result(within)
    except TimeoutError:
        if future.done():
            raise
        raise TimeoutError(f"the pages are not drawn within {within:g} s") from None


def tried(app: Flask) -> None:
    """Draw what families see, beneath the floor, asking no source and telling no journal; raises what breaks."""
    running = service_of(app)
    install(app.extensions, replace(running, journal=Journal()))
    try:
        if running.settings.site.theme is not None:
            _compile(app, running.settings.site.theme / "templates")
        visitor = Client(lambda environ, start: Flask.wsgi_app(app, environ, start))
        for path in _paths(running.settings):
            visitor.get(path, base_url=running.settings.site.public_url, environ_overrides=rush.late())
    finally:
        install(app.extensions, running)


def _compile(app: Flask, folder: Path) -> None:
    """Every template of a theme: a page that is seldom shown may be the one that was edited."""
    for file in files_below(folder):
        if file.name.endswith(_TEMPLATES):
            try:
                app.jinja_env.get_template(Path(file.path).relative_to(folder).as_posix())
            except (OSError, ValueError) as error:
                raise ThemeError(Problem(file.path, 0, 0, "", f"cannot be read: {error}")) from error


def _paths(settings: Settings) -> Iterator[str]:
    """The link and the mire of each service, with a school and without, and what knows no address."""
    school = next(iter(settings.directory.schools), None)
    for target in settings.targets:
        yield f"/vers/{target}"
        yield f"/mire?vers={target}"
        if school:
            yield f"/vers/{target}/{school}"
            yield f"/mire/{school}?vers={target}"
    yield "/no-such-page"


def themed(settings: Settings) -> tuple[Problem, ...]:
    """What would break in the pages of a theme, found without touching anything that is in use; nothing without one."""
    if settings.site.theme is None:
        return ()
    apart = replace(settings.site, journal=(), metrics=None, shared=None, state_dir=None)
    try:
        in_time(lambda: tried(create_app(replace(settings, site=apart), (secrets.token_urlsafe(32),))))
    except Exception as error:
        return (trouble(error),)
    return ()


def trouble(error: Exception) -> Problem:
    """What broke and where: what a theme breaks is told with the line of its own file."""
    if isinstance(error, ThemeError):
        return error.problem
    if isinstance(error, TemplateSyntaxError):
        return Problem(error.filename or error.name or "", error.lineno, 1, "", error.message or "")
    frames = traceback.extract_tb(error.__traceback__)
    templates = [frame for frame in frames if frame.filename.endswith(_TEMPLATES)]
    frame = (templates or frames)[-1]
    return Problem(frame.filename, frame.lineno or 0, (frame.colno or 0) + 1, "", f"{type(error).__name__}: {error}")
