"""`/diagnostic`: what is seen of this browser now, for someone who reads it out on the phone; it redirects nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from msgspec.structs import replace

from aiguilleur.journal import Event
from aiguilleur.remembered import RecentVisit
from aiguilleur.router import on_mire
from aiguilleur.settings.model import Source, Target
from aiguilleur.support import catalogue
from aiguilleur.web import pages
from aiguilleur.web.diagnosis import diagnosed
from aiguilleur.web.languages import here_at
from aiguilleur.web.route import judged
from aiguilleur.web.security import is_framed, is_prefetch, may_be_followed
from aiguilleur.web.service import service
from aiguilleur.web.visit import RECENT_COOKIE, Visit, open_visit, record, set_cookie
from aiguilleur.web.wanted import Wanted, wanted_of

blueprint = Blueprint("diagnostic", __name__)
#: Says nothing but that this browser keeps cookies.
TRIED_COOKIE = "__Host-aiguilleur-essai"
TRIED_PARAM = "essai"
_TRIED_S = 60


@dataclass(frozen=True, slots=True)
class Past:
    """One of the last visits, by the names that the configuration has for it; empty for what it has forgotten."""

    at: datetime
    code: str
    target: str
    source: str
    school: str


@blueprint.get("/diagnostic")
@blueprint.get("/diagnostic/<etab>")
def diagnostic(etab: str | None = None) -> Response:
    """Judge as a click would, and tell; nothing is sent, redirected or remembered."""
    if is_prefetch(request.environ):
        return Response(status=425)
    if request.method == "HEAD":
        return pages.head()
    wanted = _wanted(etab)
    if isinstance(wanted, Response):
        return wanted
    visit = open_visit(request, wanted)
    if is_framed(request) or not may_be_followed(request):
        return _unasked(visit)
    visit, decision = judged(visit)
    record(visit, decision, event=Event.DIAGNOSED, status=200)
    kept = _keeps_cookies(visit)
    response = pages.diagnostic(
        visit,
        here_at(_path(wanted), {"vers": wanted.target, "de": wanted.entry}),
        diagnosis=diagnosed(visit, decision),
        accounts=catalogue().accounts,
        past=[_past(each) for each in visit.recent.visits],
        now=_local(visit.now),
        kept=kept,
        again=f"{_path(wanted)}?{urlencode({'vers': wanted.target, **wanted.kept, TRIED_PARAM: '1'})}",
        entry=service().settings.site.entries.get(wanted.entry or "", ""),
    )
    if kept == "unknown":
        set_cookie(response, TRIED_COOKIE, "1", _TRIED_S)
    return response


def _wanted(etab: str | None) -> Wanted | Response:
    """The service and the school that are asked about; those of the last visit where the address names neither."""
    settings = service().settings
    target, typed = request.args.get("vers", ""), etab or request.args.get("etab")
    if target and target not in settings.targets:
        return pages.not_found("service")
    if typed and settings.directory.find(typed) is None:
        return pages.not_found("school", target or None)
    wanted = wanted_of(request, target or settings.site.mire_target or next(iter(settings.targets)), path_etab=etab)
    wanted = replace(wanted, choice=None, page=None)
    last = next(iter(service().seal.recent(request.cookies.get(RECENT_COOKIE)).visits), None)
    if target or wanted.school or last is None or last.target not in settings.targets:
        return wanted
    return replace(wanted, target=last.target, school=settings.directory.schools.get(last.etab))


def _unasked(visit: Visit) -> Response:
    """No other site may learn anything by opening this page: it says nothing before its visitor has asked for it."""
    decision = on_mire(visit.facts, service().settings.policies[visit.wanted.target])
    record(visit, decision, event=Event.REFUSED, status=200)
    if is_framed(request):
        return pages.framed(visit)
    query = {"vers": visit.wanted.target, "de": visit.wanted.entry}
    again = f"{_path(visit.wanted)}?vers={visit.wanted.target}"
    return pages.diagnostic(visit, here_at(_path(visit.wanted), query), again=again)


def _path(wanted: Wanted) -> str:
    return "/diagnostic" + (f"/{wanted.etab}" if wanted.etab else "")


def _keeps_cookies(visit: Visit) -> str:
    """`yes`, `no`, or `unknown` until a page that was just given one has been asked for again."""
    if visit.cookies:
        return "yes"
    return "no" if TRIED_PARAM in request.args else "unknown"


def _past(visit: RecentVisit) -> Past:
    settings = service().settings
    target: Target | None = settings.targets.get(visit.target)
    source: Source | None = settings.sources.get(visit.source)
    school = settings.directory.schools.get(visit.etab)
    return Past(
        at=_local(visit.at),
        code=visit.code,
        target=target.name if target else "",
        source=source.name if source else "",
        school=(school.name or school.etab) if school else "",
    )


def _local(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC).astimezone(service().settings.site.zone)
