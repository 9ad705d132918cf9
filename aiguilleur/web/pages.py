"""The pages: the mire, the school finder, and each way things can go wrong; all of them have a way on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import quote, urlencode

from flask import Response, render_template, request

from aiguilleur.core.decision import Decision
from aiguilleur.core.model import Discover, School
from aiguilleur.journal import UNKNOWN, Event, new_code
from aiguilleur.router import everything, on_mire
from aiguilleur.settings.model import Source, Target
from aiguilleur.web.choices import offer_of
from aiguilleur.web.languages import KNOWN, Language, here_at, here_or, speak
from aiguilleur.web.mine import other_schools, schools_here
from aiguilleur.web.noted import note_page
from aiguilleur.web.security import FRAMED_POLICY
from aiguilleur.web.service import service
from aiguilleur.web.visit import Visit, local_day, record
from aiguilleur.web.wanted import Wanted, wanted_of

#: Beyond this, a list of schools is a search, not a choice; and a search that finds more is not precise enough.
MOST_LISTED, MOST_FOUND = 60, 12


def mire(visit: Visit, decision: Decision, notice: str | None = None, status: int = 200) -> Response:
    """The school's few choices; `notice` names the sentence above them."""
    if not isinstance(decision.step, Discover) or not decision.step.offered:
        return closed(visit)
    offer = offer_of(visit, decision.step.offered, notice)
    return _page(
        "mire.html", status, visit.code, notice=notice, offer=offer, mine=other_schools(visit), **_context(visit)
    )


def framed(visit: Visit) -> Response:
    """The one page that may be shown inside another: it holds nothing but a link that opens a window."""
    response = _page("cadre.html", 200, visit.code, window=_known_address(), **_context(visit))
    response.headers["Content-Security-Policy"] = FRAMED_POLICY
    return response


def _known_address() -> str:
    """The address of this request, without what no page of ours or older link of the configuration knows."""
    links = service().settings.site.legacy
    known = {*KNOWN, "source", *(name for link in links for name in (*link.params, link.etab_param, link.source_param))}
    kept = [(name, value) for name, value in request.args.items(multi=True) if name in known]
    return f"{quote(request.path)}?{urlencode(kept)}" if kept else quote(request.path)


def retired(visit: Visit, chosen: str) -> Response:
    """The page of a choice that is no longer, or not yet, open; with the others that are."""
    settings = service().settings
    source, policy = settings.sources[chosen], settings.policies[visit.wanted.target]
    offer = offer_of(visit, everything(visit.facts, policy))
    school = visit.wanted.school
    last_day = source.last_day(school) if source.is_retired(school, visit.facts.day) else None
    record(visit, on_mire(visit.facts, policy), event=Event.REFUSED, status=200)
    return _page("retired.html", 200, visit.code, source=source, last_day=last_day, offer=offer, **_context(visit))


def closed(visit: Visit) -> Response:
    """The page when no source is open for this school today."""
    return _page("closed.html", 200, visit.code, **_context(visit))


def ending(visit: Visit, source: Source, other: Source, path: str) -> Response:
    """The announcement that an account ends, between what the visitor was about to do and the account that remains."""
    wanted = visit.wanted
    again = here_at(path, {"vers": wanted.target, "de": wanted.entry, "page": wanted.page})
    last_day = source.last_day(wanted.school)
    told = {"source": source, "other": other, "last_day": last_day, "here": again}
    return _page("ending/announce.html", 200, visit.code, **(_context(visit) | told))


def retired_host(code: str, source: Source, others: list[Source]) -> Response:
    """410: what is said on the host name of a guichet that has ended, where no address of ours is another page."""
    again = here_at("/", {})
    base = service().settings.site.public_url.rstrip("/")
    return _page("retired/host.html", 410, code, source=source, others=others, base=base, here=again)


def diagnostic(visit: Visit, here: Callable[[str], str], **told: object) -> Response:
    """What is seen of this browser; without a diagnosis, the button that asks for one."""
    return _page("diagnostic/page.html", 200, visit.code, **(_context(visit) | told | {"here": here}))


def find_school(visit: Visit) -> Response:
    """Ask which school, because the service has an address for each."""
    decision = on_mire(visit.facts, service().settings.policies[visit.wanted.target])
    record(visit, decision, event=Event.DECIDED, status=200)
    return school_finder(visit.wanted.target, 200, visit.code)


def school_finder(
    target: str | None,
    status: int,
    code: str | None = None,
    *,
    typed: str = "",
    unknown: bool = False,
) -> Response:
    """The school finder: what was typed is searched for, and shown no more; a list of all while it is short."""
    settings = service().settings
    directory = settings.directory
    wanted = wanted_of(request, target or settings.site.mire_target or next(iter(settings.targets)))
    event = Event.DECIDED if status == 200 else Event.REFUSED
    return _page(
        "ecole.html",
        status,
        code or _noted(status, event=event, target=wanted.target),
        target=settings.targets[wanted.target],
        wanted=wanted,
        here=here_or("/mire", {"vers": wanted.target, **wanted.kept}),
        mine=schools_here(request, wanted.entry),
        searched=bool(typed),
        unknown=unknown,
        found=directory.search(typed, MOST_FOUND),
        schools=directory.in_order if len(directory.in_order) <= MOST_LISTED else (),
    )


def not_found(what: str, target: str | None = None, typed: str = "") -> Response:
    """404: `what` is `school` (the nearest to what was `typed` are offered), `service` or `page`."""
    if what == "school":
        return school_finder(target, 404, typed=typed, unknown=True)
    return error(404, what)


def error(status: int, what: str = "") -> Response:
    """An error page, with the services as the way on."""
    return _page("erreur.html", status, _noted(status), what=what)


def _noted(status: int, *, event: Event = Event.REFUSED, target: str = UNKNOWN) -> str:
    """The code of a page that no visit led to; the journal knows it too, but of those who ask for no page, nothing."""
    code = new_code()
    if request.method != "HEAD":
        outcome = "discover" if event is Event.DECIDED else ""
        note_page(service(), code, status, event=event, target=target, outcome=outcome)
    return code


def head() -> Response:
    """The headers of a page, for who asks for nothing more."""
    return Response(status=200, content_type="text/html; charset=utf-8")


def forget(*, schools: list[School], **remembered: object) -> Response:
    """What this browser remembers, and the buttons that forget it."""
    return _page("oublier.html", 200, "", remembered_schools=schools, **remembered)


def leave(wanted: Wanted, sources: tuple[Source, ...], *, kept: bool) -> Response:
    """How to close the session of whoever was here before; `kept` says whether this browser remembers anything."""
    target = service().settings.targets[wanted.target]
    return _page(
        "quitter.html", 200, "", wanted=wanted, target=target, school=wanted.school, sources=sources, kept=kept
    )


def floor_text(wanted: Language) -> str:
    """The page of last resort, rendered at load; it depends on nothing when it is shown."""
    speak(wanted)
    return render_template(
        "secours.html", code="{code}", site=service().settings.site, targets=_targets(), direct=tuple(_direct())
    )


def _direct() -> Iterator[tuple[Target, Source, str]]:
    """The ways that no school is needed for, by which a visitor arrives even if every page of ours is broken."""
    running = service()
    day = local_day(running, running.now())
    for target in _targets():
        for source in running.settings.sources.values():
            open_today = source.id in target.urls and source.is_open(None, day) and not source.set_apart
            if open_today and not target.urls[source.id].needs_etab:
                yield target, source, target.address(source.id, None)


def _context(visit: Visit) -> dict[str, object]:
    wanted = visit.wanted
    target: Target = service().settings.targets[wanted.target]
    path = f"/mire/{wanted.etab}" if wanted.etab else "/mire"
    here = here_or(path, {"vers": wanted.target, **wanted.kept})
    return {"visit": visit, "wanted": wanted, "target": target, "school": wanted.school, "here": here}


def _targets() -> list[Target]:
    return list(service().settings.targets.values())


def _page(template: str, status: int, code: str, **values: object) -> Response:
    body = render_template(
        template, status=status, code=code, site=service().settings.site, targets=_targets(), **values
    )
    response = Response(body, status=status, content_type="text/html; charset=utf-8")
    if code:
        response.headers["Aiguilleur-Code"] = code
    return response
