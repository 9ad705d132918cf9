"""From a folder to a running application, whatever state the folder is in."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from flask import Flask

from aiguilleur.errors import Problem, SecretError, SettingsError
from aiguilleur.journal import keep, last_good, remember_last_good
from aiguilleur.settings.expiring import ending_soon
from aiguilleur.settings.load import load
from aiguilleur.settings.model import Settings
from aiguilleur.settings.secrets import secret_keys
from aiguilleur.web.app import create_app
from aiguilleur.web.service import Service, utc_now
from aiguilleur.web.trial import in_time, tried, trouble
from aiguilleur.web.unset import unset

_LOGGER = logging.getLogger("aiguilleur")
#: Where the last good configuration is looked for when the present one cannot even say where it keeps it.
_STATE = "AIGUILLEUR_STATE"


def application() -> Flask:
    """The application for the configured folder; else for what of it, or of its last good copy, works; else a page.

    Whatever breaks, nothing is raised: a server that does not start is an error to every family.
    """
    folder = config_folder()
    try:
        return started(*load(folder))
    except SettingsError as error:
        problems = str(error)
        _LOGGER.error("the configuration is refused:\n%s", problems)
    except Exception as error:
        problems = str(trouble(error))
        _LOGGER.exception("the configuration cannot be served")
    try:
        # One page that breaks is better than none that is shown: what nothing else replaces is served as it is.
        for is_tried in (True, False):
            for settings, what in _spares(folder):
                if app := _attempted(settings, what, problems, is_tried):
                    return app
    except Exception as error:
        told = error if isinstance(error, SettingsError) else trouble(error)
        _LOGGER.error("the last good configuration cannot be used either: %s", told)
    return unset(problems)


def _spares(folder: Path) -> Iterator[tuple[Settings, str]]:
    """What may be served instead, the nearest to what was asked for first; raises what a last good copy breaks."""
    state = Path(os.environ.get(_STATE, "var"))
    # What is wrong with it has been told, be it a mistake or a fault of a package: neither costs the last good copy.
    with suppress(Exception):
        live, _ = load(folder, themed_by=folder)
        state = Path(live.site.state_dir or state)
        yield _unthemed(live), "the configuration in the pages that are shipped"
    if good := last_good(state):
        settings, _ = load(good, themed_by=folder)
        yield settings, "the last good configuration"
        if settings.site.theme:
            yield _unthemed(settings), "the last good configuration in the pages that are shipped"


def _unthemed(settings: Settings) -> Settings:
    return replace(settings, site=replace(settings.site, theme=None))


def _attempted(settings: Settings, what: str, problems: str, is_tried: bool) -> Flask | None:
    try:
        app = _built(settings, problems, is_tried=is_tried)
    except Exception as error:
        _LOGGER.error("%s cannot be served either: %s", what, trouble(error))
        return None
    _LOGGER.error("serving %s, %s", what, settings.digest)
    return app


def config_folder() -> Path:
    """The folder that `AIGUILLEUR_CONFIG` names, else `config`."""
    return Path(os.environ.get("AIGUILLEUR_CONFIG", "config"))


def started(settings: Settings, warnings: tuple[Problem, ...], before: Service | None = None) -> Flask:
    """The application for settings that were accepted, which are kept as the last good ones once it was tried.

    It goes on from the service `before`, if there was one; raises what breaks in it.
    """
    for warning in warnings:
        _LOGGER.warning("%s", warning)
    now = utc_now()
    for each in ending_soon(settings, now):
        _LOGGER.warning("%s: %s", each.source, each.said(now))
    app = _built(settings, before=before)
    _keep(settings)
    return app


def _built(settings: Settings, degraded: str = "", before: Service | None = None, *, is_tried: bool = True) -> Flask:
    def build() -> Flask:
        app = create_app(settings, _keys(settings), degraded=degraded, before=before)
        if is_tried:
            tried(app)
        return app

    return in_time(build)


def _keys(settings: Settings) -> tuple[str, ...]:
    try:
        return secret_keys(settings.site)
    except SecretError as error:
        # Cookies signed by a key that no other worker knows are merely forgotten: better than no service.
        _LOGGER.error("%s. Until then, nothing that a browser carries for us is remembered.", error)
        return (secrets.token_urlsafe(32),)


def _keep(settings: Settings) -> None:
    if settings.site.state_dir is None:
        return
    state = Path(settings.site.state_dir)
    try:
        keep(state, settings.digest, settings.files)
        remember_last_good(state, settings.digest)
    except OSError as error:
        _LOGGER.error("%s: the live configuration is not kept: %s", state, error.strerror)
