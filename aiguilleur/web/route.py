"""The aiguilleur itself: `/vers/<target>`, and the older addresses that `legacy` maps to it."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from flask import Blueprint, Request, Response
from msgspec import structs

from aiguilleur.core.decision import Decision, Policy
from aiguilleur.core.journey import Onward
from aiguilleur.core.model import Ask, Discover, Redirect
from aiguilleur.journal import Event
from aiguilleur.router import advance, on_mire
from aiguilleur.settings.model import LegacyLink
from aiguilleur.web import ending, pages
from aiguilleur.web.languages import chosen
from aiguilleur.web.redirects import to_service_provider, to_target
from aiguilleur.web.security import is_framed, is_prefetch, may_be_followed
from aiguilleur.web.service import asked, service
from aiguilleur.web.trips import depart
from aiguilleur.web.visit import Visit, open_visit, record, remember_visit
from aiguilleur.web.wanted import Wanted, host_of, wanted_of

blueprint = Blueprint("route", __name__)


@blueprint.get("/vers/<target>")
@blueprint.get("/vers/<target>/<etab>")
def vers(target: str, etab: str | None = None) -> Response:
    """Send the browser to the service, or show the mire."""
    request, settings = asked(), service().settings
    if target not in settings.targets:
        return pages.not_found("service")
    wanted = wanted_of(request, target, path_etab=etab)
    if etab and (wanted.school is None or settings.directory.find(etab) is None):
        return pages.not_found("school", target, etab)
    return arrive(request, wanted)


def legacy(links: tuple[LegacyLink, ...]) -> Response:
    """Answer an older address as if it were the link that it stands for."""
    request = asked()
    for link in links:
        if all(request.args.get(name) == value for name, value in link.params.items()):
            wanted = wanted_of(request, link.target, path_etab=request.args.get(link.etab_param))
            choice = link.sources.get(request.args.get(link.source_param, "")) if link.source_param else None
            return arrive(
                request, structs.replace(wanted, entry=link.entry or wanted.entry, choice=choice or wanted.choice)
            )
    return pages.not_found("page")


def arrive(request: Request, wanted: Wanted) -> Response:
    """The path that every visit takes, whatever address it came by."""
    if is_prefetch(request.environ):
        # A prefetched 200 would be shown at the click, a 204 would kill it.
        return Response(status=425)
    if request.method == "HEAD":
        return pages.head()
    visit = open_visit(request, wanted)
    target = visit.running.settings.targets[wanted.target]
    # A service provider knows its own address: no school is needed to fill one.
    if "etab" in target.needs and wanted.school is None and wanted.onward is None:
        return pages.find_school(visit)
    if refusal := _refusal(request, visit):
        return _show(visit, on_mire(visit.facts, _policy(visit)), refusal, Event.REFUSED)
    if wanted.choice and wanted.choice not in visit.facts.open:
        return pages.retired(visit, wanted.choice)
    return answer(*decided(visit))


def _policy(visit: Visit) -> Policy:
    policy, wanted = visit.running.settings.policies[visit.wanted.target], visit.wanted
    # A trip may end on a page, and what is to be answered must fit into its cookie; and each is one visit more.
    at_home = wanted.passive or (wanted.onward is not None and not wanted.onward.is_light)
    return replace(policy, max_legs=0) if at_home or visit.late else policy


def _refusal(request: Request, visit: Visit) -> str | None:
    """Why this visit gets the page whatever is known of it."""
    providers, onward = visit.running.settings.service_providers, visit.wanted.onward
    provider = providers[onward.provider] if onward else None
    if is_framed(request):
        return "framed"
    if not may_be_followed(request, provider.hosts if provider else ()):
        return "unasked"
    # Whoever asks for the page in another language was looking at it.
    return "language" if provider and chosen(request) else None


def decided(visit: Visit) -> tuple[Visit, Decision, str | None]:
    """The visit with what it was told, what follows, and why the mire is shown against the rules if it is."""
    if is_back(visit):
        return visit, on_mire(visit.facts, _policy(visit)), "again"
    visit, decision = judged(visit)
    if notice := against_the_rules(visit, decision):
        return visit, on_mire(visit.facts, _policy(visit)), notice
    return visit, decision, None


def is_back(visit: Visit) -> bool:
    """Whether the browser was sent there a moment ago, on weak evidence, and chooses nothing now."""
    fresh, wanted = visit.wanted.choice is None and visit.journey is None, visit.wanted
    return fresh and visit.recent.weak(wanted.target, visit.etab, visit.now, wanted.provider) is not None


def judged(visit: Visit) -> tuple[Visit, Decision]:
    """The visit with what the sources' servers said, and what the rules make of it."""
    budget = 0.0 if visit.late else visit.running.settings.site.budget
    with visit.running.runner.visit(visit.cookies, visit.forwarded, budget) as asking:
        facts, decision = advance(visit.facts, _policy(visit), asking)
    return visit if facts is visit.facts else structs.replace(visit, facts=facts), decision


def against_the_rules(visit: Visit, decision: Decision) -> str | None:
    """Why the mire is shown although the rules say otherwise; None when they are followed."""
    if visit.wanted.choice is not None or isinstance(decision.step, Discover):
        return None
    if visit.shared and len(visit.facts.open) > 1:
        # On a shared computer the session found may be the previous person's.
        return "shared"
    if isinstance(decision.step, Redirect):
        place = visit.wanted.target, visit.etab, decision.step.source, visit.now, visit.wanted.provider
        return "loop" if visit.recent.loops(*place) else None
    return None


def answer(visit: Visit, decision: Decision, notice: str | None) -> Response:
    """Take the step that was decided, and write it down."""
    match decision.step:
        case Redirect(source):
            if ending.is_due(visit, source):
                return ending.announce(visit, decision, source)
            return redirect(visit, decision, source)
        case Discover():
            return _show(visit, decision, notice, Event.DECIDED)
        case Ask(probes):
            return depart(visit, decision, probes[0])
        case _:
            assert_never(decision.step)


def redirect(visit: Visit, decision: Decision, source: str, event: Event = Event.DECIDED) -> Response:
    """Send the browser to the service, let it carry the visit, and write it down."""
    if visit.wanted.onward:
        response = to_service_provider(visit.wanted.onward, source)
    else:
        response = to_target(visit.running.settings, visit.wanted.target, source, visit.wanted.page, visit.wanted.etab)
    response.headers.add("Aiguilleur-Code", visit.code)
    # Nobody has seen that a service provider asked without a page: coming next is no second try.
    if not visit.wanted.passive:
        remember_visit(visit, decision, source, response)
    record(visit, decision, event=event, status=response.status_code, host=host_of(response.headers["Location"]))
    return response


def _show(visit: Visit, decision: Decision, notice: str | None, event: Event) -> Response:
    if visit.wanted.onward and visit.wanted.passive:
        return _unanswered(visit, visit.wanted.onward, decision, event)
    response = pages.framed(visit) if notice == "framed" else pages.mire(visit, decision, notice)
    record(visit, decision, event=event, status=response.status_code)
    return response


def _unanswered(visit: Visit, onward: Onward, decision: Decision, event: Event) -> Response:
    """Send the browser back to a service provider that wanted no page, without a choice."""
    response = to_service_provider(onward, None)
    response.headers["Aiguilleur-Code"] = visit.code
    record(visit, decision, event=event, status=response.status_code, host=host_of(onward.address))
    return response
