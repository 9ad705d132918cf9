"""The aiguilleur itself: `/vers/<target>`, and the older addresses that `legacy` maps to it."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from flask import Blueprint, Response, request

from aiguilleur.core.decision import Decision, Policy
from aiguilleur.core.model import Ask, Discover, Redirect
from aiguilleur.journal import Event
from aiguilleur.router import advance, on_mire
from aiguilleur.settings.model import LegacyLink
from aiguilleur.web import pages
from aiguilleur.web.redirects import to_target
from aiguilleur.web.security import is_framed, is_prefetch, may_be_followed
from aiguilleur.web.service import service
from aiguilleur.web.trips import depart
from aiguilleur.web.visit import Visit, Wanted, host_of, open_visit, record, remember_visit, wanted_of

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
    return answer(*decided(visit))


def _policy(visit: Visit) -> Policy:
    return service().settings.policies[visit.wanted.target]


def _refusal() -> str | None:
    """Why this visit gets the page whatever is known of it."""
    if is_framed(request):
        return "framed"
    if not may_be_followed(request):
        return "unasked"
    return None


def decided(visit: Visit) -> tuple[Visit, Decision, str | None]:
    """The visit with what it was told, what follows, and why the mire is shown against the rules if it is."""
    if (
        visit.wanted.choice is None
        and visit.journey is None
        and visit.recent.weak(visit.wanted.target, visit.etab, visit.now)
    ):
        return visit, on_mire(visit.facts, _policy(visit)), "again"
    budget = service().settings.site.budget
    with service().runner.visit(visit.cookies, visit.forwarded, budget) as asking:
        facts, decision = advance(visit.facts, _policy(visit), asking)
    visit = replace(visit, facts=facts)
    if notice := _against_the_rules(visit, decision):
        return visit, on_mire(visit.facts, _policy(visit)), notice
    return visit, decision, None


def _against_the_rules(visit: Visit, decision: Decision) -> str | None:
    if visit.wanted.choice is not None or isinstance(decision.step, Discover):
        return None
    if visit.shared and len(visit.facts.open) > 1:
        # On a shared computer the session found may be the previous person's.
        return "shared"
    if isinstance(decision.step, Redirect):
        source = decision.step.source
        return "loop" if visit.recent.loops(visit.wanted.target, visit.etab, source, visit.now) else None
    return None


def answer(visit: Visit, decision: Decision, notice: str | None) -> Response:
    """Take the step that was decided, and write it down."""
    match decision.step:
        case Redirect(source):
            return redirect(visit, decision, source)
        case Discover():
            return _show(visit, decision, notice, Event.DECIDED)
        case Ask(probes):
            return depart(visit, decision, probes[0])
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
