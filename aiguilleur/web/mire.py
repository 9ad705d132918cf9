"""The mire simplifiée and what is chosen there: `/mire`, `/choix`."""

from __future__ import annotations

from flask import Blueprint, Response, request
from msgspec.structs import replace

from aiguilleur.core.decision import Decision, decide
from aiguilleur.core.model import Discover, Redirect
from aiguilleur.journal import Event
from aiguilleur.router import on_mire
from aiguilleur.web import pages
from aiguilleur.web.disco import QuestionError, onward_in, refused
from aiguilleur.web.redirects import to_mire
from aiguilleur.web.route import redirect
from aiguilleur.web.security import is_framed, is_same_origin
from aiguilleur.web.service import service
from aiguilleur.web.trips import JOURNEY_PARAM, held, wanted_by
from aiguilleur.web.visit import Visit, open_visit, record, remember_choice
from aiguilleur.web.wanted import LONGEST, Wanted, wanted_of

blueprint = Blueprint("mire", __name__)


@blueprint.get("/mire")
@blueprint.get("/mire/<etab>")
def mire(etab: str | None = None) -> Response:
    """Show a school's mire, or the school finder; nothing is asked and nobody is redirected."""
    if request.method == "HEAD":
        return pages.head()
    settings = service().settings
    target = request.args.get("vers") or settings.site.mire_target or next(iter(settings.targets))
    if target not in settings.targets:
        return pages.not_found("service")
    return _mire(target, etab)


def _mire(target: str, etab: str | None) -> Response:
    wanted, directory = wanted_of(request, target, path_etab=etab), service().settings.directory
    if "inconnu" in request.args:
        return pages.not_found("school", target)
    named, searched = etab or request.args.get("etab"), request.args.get("cherche", "")[:LONGEST]
    school = directory.find(named or searched)
    if named and school is None:
        return pages.not_found("school", target, named)
    if not etab and school:
        return to_mire(school.etab, target, wanted.kept)
    if searched and not etab:
        return pages.school_finder(target, 200, typed=searched)
    journey = held(request.args.get(JOURNEY_PARAM, ""))
    if journey and (journey.target, journey.etab) == (target, wanted.etab or ""):
        # The journey knows the entry and the deep page, which its address does not say.
        return _after(open_visit(request, wanted_by(journey) or wanted, journey), journey.notice)
    return _fresh(open_visit(request, wanted)) if wanted.school else pages.school_finder(target, 200)


def _fresh(visit: Visit) -> Response:
    decision = on_mire(visit.facts, service().settings.policies[visit.wanted.target])
    response = pages.framed(visit) if is_framed(request) else pages.mire(visit, decision)
    record(visit, decision, event=Event.DECIDED, status=response.status_code)
    return response


def _after(visit: Visit, notice: str) -> Response:
    """The mire that a trip of the browser ended on, which the journal has already told."""
    policy = service().settings.policies[visit.wanted.target]
    decision = on_mire(visit.facts, policy) if notice else decide(visit.facts, policy)
    if not isinstance(decision.step, Discover):
        decision = on_mire(visit.facts, policy)
    return pages.mire(visit, decision, notice or None)


@blueprint.get("/choix")
def look_again() -> Response:
    """Where a choice is come back to, kept or reloaded as an address: its mire."""
    if request.method == "HEAD":
        return pages.head()
    target = request.args.get("vers", "")
    if target not in service().settings.targets:
        return to_mire(None, None)
    wanted = wanted_of(request, target)
    return to_mire(wanted.etab, target, wanted.kept)


@blueprint.post("/choix")
def choose() -> Response:
    """Send the browser where its visitor chose to go; remember it only when asked to."""
    settings = service().settings
    if not is_same_origin(request):
        return pages.error(403, "choice")
    target = request.form.get("vers", "")
    if target not in settings.targets:
        return pages.not_found("service")
    wanted = wanted_of(request, target)
    if "entityID" in request.form:
        return _choose_for(wanted)
    if wanted.choice is None or ("etab" in settings.targets[target].needs and wanted.school is None):
        return to_mire(wanted.etab, target, wanted.kept)
    return _chosen(wanted, wanted.choice)


def _choose_for(wanted: Wanted) -> Response:
    """The choice made on a mire that a service provider asked for; its question is read again from the form."""
    try:
        onward = onward_in(request.form)
    except QuestionError as error:
        return refused(error)
    if wanted.choice is None or service().settings.service_providers[onward.provider].target != wanted.target:
        return pages.error(400)
    return _chosen(replace(wanted, page=None, onward=onward), wanted.choice)


def _going_on(visit: Visit) -> Visit:
    """The choice is of the visit whose page it was made on, and is told under the code that stood there."""
    shown = service().seal.shown(request.form.get("suite"))
    goes_on = shown and shown.goes_on(visit.wanted.target, visit.etab, visit.now)
    return replace(visit, code=shown.code) if shown and goes_on else visit


def _chosen(wanted: Wanted, choice: str) -> Response:
    visit = _going_on(open_visit(request, wanted))
    if choice not in visit.facts.open:
        return pages.retired(visit, choice)
    response = redirect(visit, Decision(Redirect(choice), "choice", ()), choice, Event.CHOICE)
    if request.form.get("souvenir") and not visit.shared:
        remember_choice(visit, choice, response)
    return response
