"""For those who watch over the service: alive, and ready."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from aiguilleur import __version__
from aiguilleur.core.model import Channel, Finding, ProbeRef, Reason, SessionState
from aiguilleur.journal import Event, JournalEntry, new_code
from aiguilleur.probes import Health
from aiguilleur.web.service import Service, service

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Alive; touches nothing."""
    return Response("ok\n", content_type="text/plain; charset=utf-8")


def note_source(running: Service, ref: ProbeRef, health: Health) -> None:
    """Write to the journal that a source can be asked again, or cannot, and why."""
    running.journal.write(
        JournalEntry(
            time=running.now(),
            code=new_code(),
            event=Event.SOURCE,
            target="",
            source=ref.source,
            outcome=health.state,
            findings=(Finding(ref.source, SessionState.UNKNOWN, Channel.BACK, ref.id, health.reason or Reason.ANSWER),),
            policy=running.settings.digest,
            node=running.settings.site.node,
        )
    )


@blueprint.get("/readyz")
def readyz() -> Response:
    """Ready: which settings are in force; a sick source never makes it fail."""
    running = service()
    settings = running.settings
    maintained, ill = settings.ill_sources(running.now()), running.runner.ill()
    return jsonify(
        ready=True,
        version=__version__,
        digest=settings.digest,
        degraded=running.degraded,
        sources={
            source: "maintenance" if source in maintained else "ill" if source in ill else "ok"
            for source in settings.sources
        },
        probes={
            probe: {"breaker": health.state, "reason": health.reason, "again_in_s": health.again_in_s}
            for probe, health in running.runner.health().items()
        },
        journal_dropped=dict(running.journal.dropped),
    )
