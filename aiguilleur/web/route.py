"""The aiguilleur itself: `/vers/<target>`, and the older addresses that `legacy` maps to it."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from flask import Blueprint, Response, request

from aiguilleur.core.decision import Decision, Policy
from aiguilleur.core.model import Ask, Discover, Redirect
from aiguilleur.errors import AiguilleurError
from aiguilleur.journal import Event
from aiguilleur.router import advance, on_mire
from aiguilleur.settings.model import LegacyLink
from aiguilleur.web import pages
from aiguilleur.web.redirects import to_target
from aiguilleur.web.security import is_framed, is_prefetch, may_be_followed
from aiguilleur.web.service import service
from aiguilleur.web.visit import Visit, Wanted, host_of, open_visit, record, remember_visit, wanted_of


class NoDepartureError(AiguilleurError):
    """A probe would take the browser away, but no kind that can is registered: settings accept none."""


blueprint = Blueprint("route", __name__)


@blueprint.get("/vers/<target>")
@blueprint.get("/vers/<target>/<etab>")
def vers(target: str, etab: str | None = None) -> Response:
    """Send the browser to the service, or show the mire."""
    if target not in service().settings.targets:
        return pages.not_found("service")
    wanted = wanted_of(request, target, path_etab=etab)
    if etab and (wanted.school is None or service().settings.directory.find(etab) is None):
        return pages.not_found("school", target)
    return arrive(wanted)


def legacy(links: tuple[LegacyLink, ...]) -> Response:
    """Answer an older address as if it were the link that it stands for."""
    for link in links:
        if all(request.args.get(name) == value for name, value in link.params.items()):
            wanted = wanted_of(request, link.target, path_etab=request.args.get(link.etab_param))
            choice = link.sources.get(request.args.get(link.source_param, "")) if link.source_param else None
            return arrive(replace(wanted, entry=link.entry or wanted.entry, choice=choice or wanted.choice))
    return pages.not_found("page")


def arrive(wanted: Wanted) -> Response:
    """The path that every visit takes, whatever address it came by."""
    if is_prefetch(request):
        # A prefetched 200 would be shown at the click, a 204 would kill it.
        return Response(status=425)
    if request.method == "HEAD":
        return pages.head()
    visit = open_visit(request, wanted)
    target = service().settings.targets[wanted.target]
    if "etab" in target.needs and wanted.school is None:
        return pages.find_school(visit)
    if refusal := _refusal():
        return _show(visit, on_mire(visit.facts, _policy(visit)), refusal, Event.REFUSED)
    if wanted.choice and wanted.choice not in visit.facts.open:
        return pages.retired(visit, wanted.choice)
    return _answer(*_decided(visit))


def _policy(visit: Visit) -> Policy:
    return service().settings.policies[visit.wanted.target]


def _refusal() -> str | None:
    """Why this visit gets the page whatever is known of it."""
    if is_framed(request):
        return "framed"
    if not may_be_followed(request):
        return "unasked"
    return None


def _decided(visit: Visit) -> tuple[Visit, Decision, str | None]:
    if visit.wanted.choice is None and visit.recent.weak(visit.wanted.target, visit.etab, visit.now):
        return visit, on_mire(visit.facts, _policy(visit)), "again"
    budget = service().settings.site.budget
    with service().runner.visit(visit.cookies, visit.forwarded, budget) as asking:
        facts, decision = advance(visit.facts, _policy(visit), asking)
    visit = replace(visit, facts=facts)
    if isinstance(decision.step, Redirect) and visit.wanted.choice is None:
        if visit.recent.loops(visit.wanted.target, visit.etab, decision.step.source, visit.now):
            return visit, on_mire(visit.facts, _policy(visit)), "loop"
        if visit.shared and len(facts.open) > 1:
            # On a shared computer the session found may be the previous person's.
            return visit, on_mire(visit.facts, _policy(visit)), "shared"
    return visit, decision, None


def _answer(visit: Visit, decision: Decision, notice: str | None) -> Response:
    match decision.step:
        case Redirect(source):
            return redirect(visit, decision, source)
        case Discover():
            return _show(visit, decision, notice, Event.DECIDED)
        case Ask(probes):
            raise NoDepartureError(probes[0].id)
        case _:
            assert_never(decision.step)


def redirect(visit: Visit, decision: Decision, source: str, event: Event = Event.DECIDED) -> Response:
    """Send the browser to the service, let it carry the visit, and write it down."""
    response = to_target(visit.wanted.target, source, visit.wanted.page, visit.wanted.etab)
    response.headers["Aiguilleur-Code"] = visit.code
    remember_visit(visit, decision, source, response)
    record(visit, decision, event=event, status=response.status_code, host=host_of(response.headers["Location"]))
    return response


def _show(visit: Visit, decision: Decision, notice: str | None, event: Event) -> Response:
    response = pages.framed(visit) if notice == "framed" else pages.mire(visit, decision, notice)
    record(visit, decision, event=event, status=response.status_code)
    return response
