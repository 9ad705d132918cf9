"""Where the browser comes back from a source: `/retour/<probe>` takes the answer, and the visit goes on."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from aiguilleur.core.journey import Journey
from aiguilleur.core.model import BROUGHT_BACK, Channel, Discover, Finding, Reason, SessionState
from aiguilleur.journal import Event
from aiguilleur.probes import FrontChannelProbe, Trip
from aiguilleur.web import pages
from aiguilleur.web.redirects import to_mire, to_own
from aiguilleur.web.route import answer, decided
from aiguilleur.web.security import is_navigation
from aiguilleur.web.service import service
from aiguilleur.web.trips import JOURNEY_PARAM, held, keep, learnt_by, to_mire_of, wanted_by
from aiguilleur.web.visit import epoch_ms, open_visit, record, record_return

blueprint = Blueprint("retour", __name__)
#: A signed answer with an encrypted assertion in it takes some 20 kB.
_MOST_POSTED = 160 * 1024


@blueprint.route("/retour/<name>", methods=["GET", "POST"])
def retour(name: str) -> Response:
    """Learn the source's answer and go on; a return that is nobody's, or too late, leads to the mire."""
    if request.method == "HEAD":
        return pages.head()
    probe = service().front.get(name)
    if probe is None:
        return to_mire(None, None)
    request.max_content_length = _MOST_POSTED
    params = _single(request.form if request.method == "POST" else request.args)
    journey = held(params.get(probe.echo, ""))
    if journey is None or journey.awaited != name:
        return _astray(probe, journey)
    if is_navigation(request):
        service().canaries.came_back(name, journey.id)
    journey = _answered(probe, journey, params)
    if request.method == "GET":
        return _go_on(journey)
    # A cross-site POST brings none of our other cookies: they come with the GET that follows.
    response = to_own("/retour", {JOURNEY_PARAM: journey.id})
    keep(response, journey)
    return response


@blueprint.get("/retour")
def go_on() -> Response:
    """Go on from an answer that was brought by a POST."""
    if request.method == "HEAD":
        return pages.head()
    journey = held(request.args.get(JOURNEY_PARAM, ""))
    if journey is None:
        return to_mire(None, None)
    if journey.spent or journey.awaited:
        return to_mire_of(journey)
    return _go_on(journey)


def _single(params: MultiDict[str, str]) -> dict[str, str]:
    """Each parameter's one value; empty where it came twice: an answer said in two ways must not pass for none."""
    return {name: values[0] if len(values) == 1 else "" for name, values in params.lists()}


def _answered(probe: FrontChannelProbe, journey: Journey, params: dict[str, str]) -> Journey:
    at = service().now()
    finding = probe.arrival(Trip(journey.id, service().settings.site.return_url(probe.ref.id)), params, at)
    if finding.reason not in BROUGHT_BACK:
        finding = replace(finding, state=SessionState.UNKNOWN, reason=Reason.PROTOCOL)
    away = max(0, epoch_ms(at) - journey.left_at)
    return journey.answered(replace(finding, ms=away), epoch_ms(at))


def _go_on(journey: Journey) -> Response:
    wanted = wanted_by(journey)
    if wanted is None:
        return to_mire(None, None)
    visit, decision, notice = decided(open_visit(request, wanted, journey))
    journey = replace(journey, learnt=learnt_by(visit), notice=notice or "", spent=True)
    if isinstance(decision.step, Discover):
        # A page of its own address, which can be reloaded: the return can not.
        response = to_mire_of(journey)
        response.headers["Aiguilleur-Code"] = visit.code
        record(visit, decision, event=Event.DECIDED, status=response.status_code)
    else:
        response = answer(visit, decision, notice)
    keep(response, journey)
    return response


def _astray(probe: FrontChannelProbe, journey: Journey | None) -> Response:
    """A return whose journey is unknown, over, spent or another probe's: nothing is learnt from it."""
    reason = Reason.EXPIRED if journey is None else Reason.REPLAYED if not journey.awaited else Reason.PARSE
    finding = Finding(probe.ref.source, SessionState.UNKNOWN, Channel.FRONT, probe.ref.id, reason)
    record_return(journey, finding)
    return to_mire_of(journey) if journey else to_mire(None, None)
