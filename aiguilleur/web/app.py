"""The application factory: everything is wired here, nothing at import."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from aiguilleur.errors import SecretError
from aiguilleur.journal import Journal
from aiguilleur.journey import JourneySeal
from aiguilleur.metrics import meter
from aiguilleur.probes import Cache, Runner
from aiguilleur.probes.canary import Board, Canaries
from aiguilleur.probes.shared import SharedBreakers, Store
from aiguilleur.remembered import Seal
from aiguilleur.settings.model import Settings, Site
from aiguilleur.settings.secrets import shared_password
from aiguilleur.signing import derived
from aiguilleur.web import (
    diagnostic,
    disco,
    ending,
    health,
    kit,
    leave,
    mire,
    pages,
    retired_hosts,
    retour,
    route,
    saml,
    theme,
)
from aiguilleur.web.application import Application
from aiguilleur.web.floor import Floor
from aiguilleur.web.health import note_breaker, note_canary
from aiguilleur.web.redirects import to_mire, to_own
from aiguilleur.web.security import Secured
from aiguilleur.web.service import Service, install, known_of, service, utc_now

_LOGGER = logging.getLogger("aiguilleur")


def create_app(
    settings: Settings,
    keys: Sequence[str],
    *,
    now: Callable[[], datetime] = utc_now,
    degraded: str = "",
    before: Service | None = None,
) -> Flask:
    """The WSGI application for these settings; `keys` sign its cookies, oldest first.

    `degraded` says why these are not the settings that were asked for, and is shown by `/readyz`. From the service
    `before` it takes over what is known of probes that are the same.
    """
    app = Application(__name__)
    # Else `//evil` in a path would come back in a Location of the framework's own.
    app.url_map.merge_slashes = False
    app.config.update(MAX_CONTENT_LENGTH=16 * 1024, MAX_FORM_PARTS=50)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    theme.install(app, settings.site.theme)
    install(app.extensions, _service(settings, keys, now, degraded, before))
    for part in (route, retour, mire, leave, ending, diagnostic, kit, disco, saml, health):
        app.register_blueprint(part.blueprint)
    _add_legacy(app, settings)
    # What most sites do not have, their visits do not look for.
    if settings.site.mire_hosts:
        _add_mire_hosts(app)
    if settings.site.retired_hosts:
        retired_hosts.install(app)
    _add_errors(app)
    if settings.site.proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.site.proxies, x_proto=settings.site.proxies, x_host=0
        )
    app.wsgi_app = Floor(app, Secured(settings.site.public_url))  # type: ignore[method-assign]
    return app


def _service(
    settings: Settings, keys: Sequence[str], now: Callable[[], datetime], degraded: str, before: Service | None
) -> Service:
    """The running parts; what changes in probes and canaries is written to their own journal."""
    front, store = settings.front_probes, _store(settings.site)
    canaries = Canaries(
        front,
        {name: settings.site.return_url(name) for name in front},
        Board(Path(settings.site.state_dir, "canaries.sqlite3") if settings.site.state_dir else None),
        now=now,
        changed=lambda ref, health: note_canary(running, ref, health),
        shared=(store, settings.site.node) if store else None,
    )
    runner = Runner(
        settings.back_probes,
        cache=Cache(derived(keys, "probe-results-1"), shared=store),
        changed=lambda ref, health: note_breaker(running, ref, health),
        gate=canaries.refusal,
        before=before.runner if before else None,
    )
    running = Service(
        settings=settings,
        runner=runner,
        journal=Journal((*settings.site.journal, meter()) if settings.site.metrics else settings.site.journal),
        seal=Seal(keys),
        journeys=JourneySeal(keys),
        front=front,
        canaries=canaries,
        known=known_of(settings),
        presumptions=tuple(each for source in settings.sources.values() for each in source.presume),
        now=now,
        store=store,
        breakers=_shared(store, runner, settings.site.node, before) if store else None,
        degraded=degraded,
    )
    return running


def _shared(store: Store, runner: Runner, node: str, before: Service | None) -> SharedBreakers:
    return SharedBreakers(store, runner.known, node, before=before.breakers if before else None)


def _store(site: Site) -> Store | None:
    if site.shared is None:
        return None
    try:
        return Store(site.shared, shared_password(site))
    except SecretError as error:
        _LOGGER.error("%s. Until then, the shared store is tried without one.", error)
        return Store(site.shared)


def _add_legacy(app: Flask, settings: Settings) -> None:
    links = sorted(settings.site.legacy, key=attrgetter("path"))
    for index, (path, group) in enumerate(groupby(links, key=attrgetter("path"))):
        mapped = tuple(group)
        # One that ends in a slash is the same without: the framework would send there itself, by the name of a host.
        exact = not path.endswith("/")
        app.add_url_rule(path, f"legacy{index}", lambda mapped=mapped: route.legacy(mapped), strict_slashes=exact)


def _add_mire_hosts(app: Flask) -> None:
    """On a host of `mire_hosts`, `/<etab>` is the address of that school's mire, as schools already use it."""

    @app.before_request
    def _old_mire() -> Response | None:
        running = service()
        host = request.host.partition(":")[0].lower()
        if host not in running.settings.site.mire_hosts or request.path == "/healthz":
            return None
        name = request.path.strip("/")
        if name == "readme.html":
            return to_own("/readme.html")
        school = running.settings.directory.find(name)
        if school is None:
            # The finder's own links lead nowhere on this host, where all that follows the slash is a school.
            return to_mire(None, None, {"inconnu": "1"} if name else None)
        return to_mire(school.etab, None)


def _add_errors(app: Flask) -> None:
    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response:
        status = error.code or 500
        return pages.error(status, "page" if status == 404 else "")
