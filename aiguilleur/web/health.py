"""For those who watch over the service: alive, and ready."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from aiguilleur import __version__
from aiguilleur.web.service import service

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Alive; touches nothing."""
    return Response("ok\n", content_type="text/plain; charset=utf-8")


@blueprint.get("/readyz")
def readyz() -> Response:
    """Ready: which settings are in force; a sick source never makes it fail."""
    running = service()
    settings = running.settings
    ill = settings.ill_sources(running.now())
    return jsonify(
        ready=True,
        version=__version__,
        digest=settings.digest,
        degraded=running.degraded,
        sources={source: ("maintenance" if source in ill else "ok") for source in settings.sources},
        journal_dropped=dict(running.journal.dropped),
    )
