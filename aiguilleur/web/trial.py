"""The trial of an application before anyone is served by it: what would break for a family breaks here."""

from __future__ import annotations

import secrets
import traceback
from collections.abc import Iterator
from dataclasses import replace

from flask import Flask
from jinja2 import TemplateSyntaxError
from werkzeug.test import Client

from aiguilleur.errors import Problem, ThemeError
from aiguilleur.journal import Journal
from aiguilleur.settings.model import Settings
from aiguilleur.web import rush
from aiguilleur.web.app import create_app
from aiguilleur.web.service import install, service_of

#: What a template may be called; an editor's copies of one are none.
_TEMPLATES = ("html", "svg")


def tried(app: Flask) -> None:
    """Draw what families see, beneath the floor, asking no source and telling no journal; raises what breaks."""
    running = service_of(app)
    install(app.extensions, replace(running, journal=Journal()))
    try:
        if running.settings.site.theme is not None:
            # A page that is seldom shown may be the one that was edited.
            for name in app.jinja_env.list_templates(extensions=_TEMPLATES):
                app.jinja_env.get_template(name)
        visitor = Client(lambda environ, start: Flask.wsgi_app(app, environ, start))
        for path in _paths(running.settings):
            visitor.get(path, base_url=running.settings.site.public_url, environ_overrides=rush.late())
    finally:
        install(app.extensions, running)


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
        tried(create_app(replace(settings, site=apart), (secrets.token_urlsafe(32),)))
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
