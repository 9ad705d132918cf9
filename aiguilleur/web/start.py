"""From a folder to a running application, whatever state the folder is in."""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path

from flask import Flask, Response

from aiguilleur.errors import AiguilleurError, Problem, SecretError, SettingsError
from aiguilleur.journal import keep, last_good, new_code, remember_last_good
from aiguilleur.settings.expiring import ending_soon
from aiguilleur.settings.load import load
from aiguilleur.settings.model import Settings
from aiguilleur.settings.secrets import secret_keys
from aiguilleur.web.app import create_app
from aiguilleur.web.service import utc_now

_LOGGER = logging.getLogger("aiguilleur")
#: Where the last good configuration is looked for when the present one cannot even say where it keeps it.
_STATE = "AIGUILLEUR_STATE"


def application() -> Flask:
    """The application for the configured folder; else for its last good copy; else a page that says so."""
    try:
        return started(*load(config_folder()))
    except SettingsError as error:
        _LOGGER.error("the configuration is refused:\n%s", error)
        return _from_last_good(str(error))


def config_folder() -> Path:
    """The folder that `AIGUILLEUR_CONFIG` names, else `config`."""
    return Path(os.environ.get("AIGUILLEUR_CONFIG", "config"))


def started(settings: Settings, warnings: tuple[Problem, ...]) -> Flask:
    """The application for settings that were accepted, which are kept as the last good ones."""
    for warning in warnings:
        _LOGGER.warning("%s", warning)
    now = utc_now()
    for each in ending_soon(settings, now):
        _LOGGER.warning("%s: %s", each.source, each.said(now))
    _keep(settings)
    return create_app(settings, _keys(settings))


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


def _from_last_good(problems: str) -> Flask:
    state = Path(os.environ.get(_STATE, "var"))
    try:
        if (good := last_good(state)) is not None:
            settings, _ = load(good)
            _LOGGER.error("serving the last good configuration, %s", settings.digest)
            return create_app(settings, _keys(settings), degraded=problems)
    except (AiguilleurError, OSError) as error:
        _LOGGER.error("the last good configuration cannot be used either: %s", error)
    return _floor(problems)


def _floor(problems: str) -> Flask:
    """An application that knows no address; every page of it says what a visitor can still do."""
    app = Flask(__name__)

    @app.get("/healthz")
    def _alive() -> Response:
        return Response("ok\n", content_type="text/plain; charset=utf-8")

    @app.get("/readyz")
    def _not_ready() -> Response:
        return Response(problems + "\n", status=503, content_type="text/plain; charset=utf-8")

    @app.route("/", defaults={"_path": ""}, methods=["GET", "POST"])
    @app.route("/<path:_path>", methods=["GET", "POST"])
    def _page(_path: str) -> Response:
        response = Response(_FLOOR.format(code=new_code()), content_type="text/html; charset=utf-8")
        response.headers["Cache-Control"] = "no-store"
        return response

    return app


_FLOOR = """<!doctype html>
<html lang="fr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Service en réglage</title>
<style>body {{ max-width: 36rem; margin: 0 auto; padding: 1rem; font: 1.0625rem/1.5 system-ui, sans-serif }}
h1 {{ font-size: 1.45rem }}</style></head>
<body><main><h1>Ce lien est en cours de réglage</h1>
<p>Vous n’avez rien fait de mal. Passez par le site de votre établissement, avec le bouton « Se connecter »,
ou revenez dans quelques minutes.</p>
<p>Un problème ? Dites ce code à l’établissement : <strong>{code}</strong></p></main></body></html>
"""
