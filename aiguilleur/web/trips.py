"""Sending the browser to ask a source, and the cookie that knows the visit again when it comes back."""

from __future__ import annotations

import secrets

from flask import Response, request

from aiguilleur.core.decision import Decision
from aiguilleur.core.journey import Journey, Learnt, Onward
from aiguilleur.core.model import Channel, ProbeRef
from aiguilleur.journal import Event
from aiguilleur.journey import LIFE_S, MOST_JOURNEYS, cookie_name, with_id
from aiguilleur.probes import FrontChannelProbe, Trip
from aiguilleur.signals import cookies_of
from aiguilleur.web.redirects import to_mire, to_source
from aiguilleur.web.security import is_navigation
from aiguilleur.web.service import service
from aiguilleur.web.visit import Visit, epoch_ms, record, set_cookie
from aiguilleur.web.wanted import Wanted, host_of

#: The parameter that names a journey in addresses of our own.
JOURNEY_PARAM = "trajet"


def depart(visit: Visit, decision: Decision, ref: ProbeRef) -> Response:
    """Send the browser to ask one source; what is known so far travels in a cookie of its own."""
    probe = service().front[ref.id]
    trip = Trip(secrets.token_hex(16), service().settings.site.return_url(ref.id))
    response = to_source(probe, trip, visit.facts.at)
    response.headers["Aiguilleur-Code"] = visit.code
    if is_navigation(request):
        service().canaries.left(ref.id, trip.id)
    _make_room(visit, response)
    keep(response, _journey(visit, trip, probe))
    record(visit, decision, event=Event.ASKED, status=response.status_code, host=host_of(response.headers["Location"]))
    return response


def keep(response: Response, journey: Journey) -> None:
    """Let the browser carry a journey."""
    # A cross-site POST, and one that is played again, brings only cookies that say so; never left to the browser:
    # Chromium sends a cookie that says nothing for two minutes, and then no longer.
    same_site = "None" if journey.by_post else "Lax"
    sealed = service().journeys.seal(journey)
    set_cookie(response, cookie_name(journey.id), sealed, LIFE_S, same_site=same_site)


def held(journey_id: str) -> Journey | None:
    """The journey of this id that the browser carries a cookie of."""
    running = service()
    cookies = cookies_of(request.headers.get("Cookie", ""))
    return with_id(running.journeys.held(cookies, epoch_ms(running.now())), journey_id)


def to_mire_of(journey: Journey) -> Response:
    """See the mire of a journey, which shows what is known and under the same code."""
    known = journey.target in service().settings.targets
    return to_mire(journey.etab or None, journey.target if known else None, {JOURNEY_PARAM: journey.id})


def wanted_by(journey: Journey) -> Wanted | None:
    """What a journey was about; None when the configuration has forgotten its target, or who asked, since."""
    settings = service().settings
    target = settings.targets.get(journey.target)
    onward = onward_of(journey)
    if target is None or onward != journey.onward:
        return None
    return Wanted(
        target=target.id,
        school=settings.directory.schools.get(journey.etab),
        page=journey.page if journey.page in target.pages else None,
        entry=journey.entry if journey.entry in settings.site.entries else None,
        onward=onward,
    )


def onward_of(journey: Journey) -> Onward | None:
    """The service provider that a journey ends at, if the configuration still knows it there."""
    return journey.onward if journey.onward and service().settings.knows(journey.onward) else None


def learnt_by(visit: Visit) -> tuple[Learnt, ...]:
    """What this visit has been told; presumptions are read anew from the cookies, which come back with the browser."""
    before = {each.finding: each.at for each in visit.journey.learnt} if visit.journey else {}
    return tuple(
        Learnt(finding, before.get(finding, visit.now_ms))
        for finding in visit.facts.findings
        if finding.channel is not Channel.SIGNAL
    )


def _make_room(visit: Visit, response: Response) -> None:
    """Forget the oldest trips, so that with the new one and the one just ended no more than four are carried."""
    ended = visit.journey.id if visit.journey else None
    others = [each for each in visit.journeys if each.id != ended]
    for old in others[MOST_JOURNEYS - (1 if ended is None else 2) :]:
        response.delete_cookie(cookie_name(old.id), path="/", secure=True, httponly=True, samesite="Lax")


def _journey(visit: Visit, trip: Trip, probe: FrontChannelProbe) -> Journey:
    seen = visit.facts.signals
    return Journey(
        id=trip.id,
        code=visit.code,
        target=visit.wanted.target,
        awaited=probe.ref.id,
        left_at=visit.now_ms,
        by_post=probe.by_post,
        etab=visit.etab,
        page=visit.wanted.page or "",
        entry=visit.wanted.entry or "",
        arrival=seen.arrival,
        referer_host=seen.referer_host or "",
        onward=visit.wanted.onward,
        learnt=learnt_by(visit),
    )
