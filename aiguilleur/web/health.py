"""For those who watch over the service: alive, and ready."""

from __future__ import annotations

import os
from dataclasses import asdict

from flask import Blueprint, Response, jsonify

from aiguilleur import __version__
from aiguilleur.core.model import Finding, ProbeRef, Reason, SessionState
from aiguilleur.journal import Event, JournalEntry, new_code
from aiguilleur.probes import Health
from aiguilleur.probes.canary import CanaryHealth
from aiguilleur.probes.shared import StoreHealth
from aiguilleur.settings.expiring import ending_soon
from aiguilleur.web.service import Service, service

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Alive; touches nothing."""
    return Response("ok\n", content_type="text/plain; charset=utf-8")


def note_breaker(running: Service, ref: ProbeRef, health: Health) -> None:
    """Write to the journal that a source can be asked again, or cannot, and why; and let other processes know."""
    if running.breakers is not None:
        running.breakers.wake.set()
    _note(running, ref, health.state, health.reason or Reason.ANSWER)


def note_canary(running: Service, ref: ProbeRef, health: CanaryHealth) -> None:
    """Write to the journal that visitors may be sent to ask a source again, or may not, and what the canary saw."""
    seen = health.seen
    _note(running, ref, health.standing, seen.reason if seen else Reason.UNPROVEN, seen.host if seen else "")


def _note(running: Service, ref: ProbeRef, outcome: str, reason: Reason, host: str = "") -> None:
    running.journal.write(
        JournalEntry(
            time=running.now(),
            code=new_code(),
            event=Event.SOURCE,
            target="",
            source=ref.source,
            outcome=outcome,
            host=host,
            findings=(Finding(ref.source, SessionState.UNKNOWN, ref.channel, ref.id, reason),),
            policy=running.settings.digest,
            node=running.settings.site.node,
        )
    )


@blueprint.get("/readyz")
def readyz() -> Response:
    """Ready: which settings are in force; a sick source never makes it fail."""
    running = service()
    settings = running.settings
    maintained, ill = settings.ill_sources(running.now()), running.ill_sources(running.now())
    return jsonify(
        ready=True,
        # What follows is what this one knows; the others' breakers, caches and losses are their own.
        worker=os.getpid(),
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
        }
        | {probe: _canary(health) for probe, health in running.canaries.health().items()},
        ending=[
            {"source": each.source, "what": each.expiry.what, "at": each.expiry.at.isoformat()}
            for each in ending_soon(settings, running.now())
        ],
        cache=asdict(running.runner.cache.counts()),
        shared=asdict(running.store.health if running.store else StoreHealth()),
        journal_dropped=dict(running.journal.dropped),
    )


def _canary(health: CanaryHealth) -> dict[str, object]:
    told: dict[str, object] = {"canary": health.standing}
    if health.seen:
        told |= {
            "reason": health.seen.reason,
            "state": health.seen.state,
            "host": health.seen.host,
            "seen_s_ago": health.ago_s,
        }
    if health.back:
        told["back"] = "/".join(map(str, health.back))
    return told
