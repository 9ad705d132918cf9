"""Before a source ends: one page that says so, once a week, to families that are sent there without being asked."""

from __future__ import annotations

from flask import Blueprint, Response, request
from msgspec.structs import replace

from aiguilleur.core.decision import Decision
from aiguilleur.journal import Event
from aiguilleur.remembered import ANNOUNCED_LIFE_S, Announced
from aiguilleur.settings.model import Source
from aiguilleur.web import pages
from aiguilleur.web.redirects import to_mire, to_own
from aiguilleur.web.service import service
from aiguilleur.web.visit import Visit, open_visit, record, set_cookie
from aiguilleur.web.wanted import host_of, wanted_of

blueprint = Blueprint("ending", __name__)
ANNOUNCED_COOKIE = "__Host-aiguilleur-annonce"


def is_due(visit: Visit, source: str) -> bool:
    """Whether this visitor, about to be sent to a source, is to be told first that it ends soon."""
    # Who chooses has just read it; on a shared computer the next person would not; and a browser that sends no
    # cookie would be told every time.
    if visit.wanted.choice or visit.shared or not visit.cookies:
        return False
    # The page could not go on to a service provider, which waits for an answer.
    if visit.wanted.onward is not None:
        return False
    if not _is_ending(visit, source) or successor(visit, source) is None:
        return False
    told = _told(visit)
    return told is None or not told.is_fresh(visit.now)


def announce(visit: Visit, decision: Decision, source: str) -> Response:
    """See the page that says when this source ends; the decision is written down as it was taken."""
    wanted = visit.wanted
    query = {"vers": wanted.target, "de": wanted.entry, "page": wanted.page}
    response = to_own(path_of(visit), {name: value for name, value in query.items() if value})
    response.headers["Aiguilleur-Code"] = visit.code
    told = Announced(visit.now, source, visit.code)
    set_cookie(response, ANNOUNCED_COOKIE, service().seal.seal(told), ANNOUNCED_LIFE_S)
    record(
        visit, decision, event=Event.DECIDED, status=response.status_code, host=host_of(response.headers["Location"])
    )
    return response


@blueprint.get("/annonce")
@blueprint.get("/annonce/<etab>")
def announced(etab: str | None = None) -> Response:
    """Show the announcement that this browser was sent to; who has gone on, and comes back, gets the mire."""
    if request.method == "HEAD":
        return pages.head()
    target = request.args.get("vers", "")
    if target not in service().settings.targets:
        return pages.not_found("service")
    visit = open_visit(request, replace(wanted_of(request, target, path_etab=etab), choice=None))
    told = _told(visit)
    other = successor(visit, told.source) if told and told.is_fresh(visit.now) else None
    if told is None or other is None or not _stands(visit, told):
        return to_mire(visit.wanted.etab, target, visit.wanted.kept)
    return pages.ending(replace(visit, code=told.code), service().settings.sources[told.source], other, path_of(visit))


def successor(visit: Visit, source: str) -> Source | None:
    """The account that remains for this school and can be created now; None when there is none."""
    settings, facts = service().settings, visit.facts
    for name in settings.policies[visit.wanted.target].default.offered:
        other = settings.sources[name]
        remains = name in facts.open and name not in facts.ill and not _is_ending(visit, name)
        if name != source and remains and other.create:
            return other
    return None


def path_of(visit: Visit) -> str:
    """The path of the announcement for this visit's school."""
    return "/annonce" + (f"/{visit.wanted.etab}" if visit.wanted.etab else "")


def _stands(visit: Visit, told: Announced) -> bool:
    """Whether that announcement is true of this school and its reader has not gone on since."""
    gone = visit.recent.last(visit.wanted.target, visit.etab, visit.now, visit.now - told.at)
    return told.source in visit.facts.open and _is_ending(visit, told.source) and not visit.shared and gone is None


def _is_ending(visit: Visit, source: str) -> bool:
    known = service().settings.sources.get(source)
    return known is not None and known.is_ending(visit.wanted.school, visit.facts.day)


def _told(visit: Visit) -> Announced | None:
    return service().seal.announced(visit.cookies.get(ANNOUNCED_COOKIE))
