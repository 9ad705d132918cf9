"""One visit: from a request to facts, and from a decision to an answer, the browser's cookies and the journal."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date, datetime
from ipaddress import ip_address

from flask import Request, Response
from msgspec import Struct

from aiguilleur import signals
from aiguilleur.core.decision import Decision
from aiguilleur.core.journey import Journey
from aiguilleur.core.model import Ask, Channel, Facts, Finding, Reason, Redirect, SessionState, Signals
from aiguilleur.core.view import trips
from aiguilleur.journal import UNKNOWN, Again, Event, JournalEntry, entry_of, new_code
from aiguilleur.probes import Forwarded
from aiguilleur.remembered import AGAIN_S, RECENT_LIFE_S, Recent, RecentVisit, Remembered, Shown
from aiguilleur.router import is_weak
from aiguilleur.settings.model import Site
from aiguilleur.web import rush
from aiguilleur.web.service import Service, service
from aiguilleur.web.wanted import Wanted, headers_of

REMEMBERED_COOKIE = "__Host-aiguilleur-choix"
RECENT_COOKIE = "__Host-aiguilleur-recent"


class Visit(Struct, frozen=True):
    """A request read once: what is wanted, what is known, under which code."""

    running: Service
    wanted: Wanted
    facts: Facts
    code: str
    cookies: dict[str, str]
    forwarded: Forwarded
    remembered: Remembered
    recent: Recent
    began: float
    #: Whether it waited so long for a thread that no source may be asked anew.
    late: bool
    shared: bool
    #: The trips that this browser has begun, and the one that this visit goes on from.
    journeys: tuple[Journey, ...] = ()
    journey: Journey | None = None

    @property
    def now(self) -> int:
        """The instant in epoch seconds."""
        return int(self.facts.at.timestamp())

    @property
    def now_ms(self) -> int:
        """The instant in epoch milliseconds."""
        return epoch_ms(self.facts.at)

    @property
    def etab(self) -> str:
        """The school's name in addresses, or nothing."""
        return self.wanted.etab or ""

    @property
    def shown(self) -> str:
        """What the form of a page says, so that a choice made there is told under this visit's code."""
        return self.running.seal.seal(Shown(self.now, self.code, self.wanted.target, self.etab))

    @property
    def ms(self) -> int:
        """Milliseconds since the request came in."""
        return round((time.monotonic() - self.began) * 1000)


def epoch_ms(at: datetime) -> int:
    """An instant in epoch milliseconds."""
    return round(at.timestamp() * 1000)


def open_visit(request: Request, wanted: Wanted, journey: Journey | None = None) -> Visit:
    """Read the request, which may go on from a journey; nothing is asked of anyone yet."""
    running, began = service(), time.monotonic()
    at = running.now()
    environ, cookies = request.environ, signals.cookies_of(request.environ.get("HTTP_COOKIE", ""))
    remembered = running.seal.remembered(cookies.get(REMEMBERED_COOKIE))
    shared = is_shared(running.settings.site, request, wanted.entry)
    seen = signals.read(
        running.known,
        headers_of(request),
        cookies,
        entry=wanted.entry,
        choice=wanted.choice,
        # On a shared computer the last visitor's choice says nothing of this one.
        remembered=None if shared else remembered.source,
    )
    now_ms = epoch_ms(at)
    journeys = running.journeys.held(cookies, now_ms)
    facts = _facts(running, wanted, at, _of_arrival(seen, journey) if journey else seen, cookies)
    return Visit(
        running=running,
        wanted=wanted,
        facts=facts.learn(*_carried(running, journeys, journey, now_ms)),
        code=journey.code if journey else new_code(),
        cookies=cookies,
        forwarded=Forwarded(environ.get("HTTP_USER_AGENT", ""), request.remote_addr or ""),
        remembered=remembered,
        recent=running.seal.recent(cookies.get(RECENT_COOKIE)),
        began=began,
        late=rush.is_late(environ),
        shared=shared,
        journeys=journeys,
        journey=journey,
    )


def _facts(running: Service, wanted: Wanted, at: datetime, seen: Signals, cookies: dict[str, str]) -> Facts:
    """What is known of a visit before anyone is asked."""
    day = local_day(running, at)
    return Facts(
        target=wanted.target,
        school=wanted.school,
        at=at,
        day=day,
        open=running.open_sources(wanted.target, wanted.etab, day, wanted.onward is not None),
        ill=running.ill_sources(at),
        signals=seen,
        findings=tuple(signals.presumed(running.presumptions, cookies)),
    )


def _of_arrival(seen: Signals, journey: Journey) -> Signals:
    """What a return says of itself is the source's word: how the visitor came was seen before they left."""
    return replace(seen, arrival=journey.arrival, referer_host=journey.referer_host or None)


def _carried(running: Service, journeys: tuple[Journey, ...], journey: Journey | None, now: int) -> tuple[Finding, ...]:
    """What was learnt before, and the probes from which this browser has never come back."""
    if not journeys and journey is None:
        return ()
    known = journey.findings(now) if journey else ()
    probes = running.front
    lost = {each.awaited: probes[each.awaited] for each in journeys if each.is_lost(now) and each.awaited in probes}
    asked = {finding.by for finding in known}
    return known + tuple(
        Finding(probe.ref.source, SessionState.UNKNOWN, Channel.FRONT, name, Reason.NOT_RETURNED)
        for name, probe in lost.items()
        if name not in asked
    )


def local_day(running: Service, at: datetime) -> date:
    """The day of an instant where the schools are."""
    return at.astimezone(running.settings.site.zone).date()


def is_shared(site: Site, request: Request, entry: str | None) -> bool:
    """Whether the browser stands on a computer that several people use."""
    if entry in site.shared_entries:
        return True
    if not site.shared_networks:
        return False
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return False
    return any(address in network for network in site.shared_networks)


def record(visit: Visit, decision: Decision, *, event: Event, status: int, host: str = "") -> None:
    """Write what was decided, and why, to the journal."""
    running, now = visit.running, visit.now
    looked, wanted = event is Event.DIAGNOSED, visit.wanted
    again = None if looked else visit.recent.last(wanted.target, visit.etab, now, AGAIN_S, wanted.provider)
    running.journal.write(
        entry_of(
            visit.facts,
            event=event,
            code=visit.code,
            outcome=type(decision.step).__name__.lower(),
            source=_source_of(decision),
            rule=decision.rule,
            status=status,
            host=host,
            legs=trips(visit.facts.findings) + (isinstance(decision.step, Ask) and not looked),
            ms=visit.ms,
            page=wanted.page or "",
            policy=running.settings.digest,
            node=running.settings.site.node,
            shadow=decision.shadow,
            again=Again(again.rule, now - again.at) if again else None,
        )
    )


def record_return(journey: Journey | None, finding: Finding) -> None:
    """Write to the journal that a browser came back and was not listened to."""
    running = service()
    running.journal.write(
        JournalEntry(
            time=running.now(),
            code=journey.code if journey else new_code(),
            event=Event.RETURNED,
            target=journey.target if journey else UNKNOWN,
            etab=journey.etab if journey else "",
            source=finding.source,
            status=303,
            findings=(finding,),
            policy=running.settings.digest,
            node=running.settings.site.node,
        )
    )


def _source_of(decision: Decision) -> str:
    match decision.step:
        case Redirect(source):
            return source
        case Ask(probes):
            return probes[0].source
        case _:
            return ""


def remember_visit(visit: Visit, decision: Decision, source: str, response: Response) -> None:
    """Let the browser carry this redirect, so that a quick return gets the mire instead of the same again."""
    running = visit.running
    recent = visit.recent.add(
        RecentVisit(
            at=visit.now,
            target=visit.wanted.target,
            etab=visit.etab,
            source=source,
            rule=decision.rule,
            code=visit.code,
            weak=is_weak(visit.facts, source, running.settings.policies[visit.wanted.target]),
            provider=visit.wanted.provider,
        )
    )
    set_cookie(response, RECENT_COOKIE, running.seal.seal(recent), RECENT_LIFE_S)


def remember_choice(visit: Visit, source: str, response: Response) -> None:
    """Keep a choice because its visitor asked for it."""
    remembered = visit.remembered.with_choice(source, visit.wanted.etab)
    days = visit.running.settings.site.remember_days
    set_cookie(response, REMEMBERED_COOKIE, visit.running.seal.seal(remembered), days * 24 * 3600)


def set_cookie(response: Response, name: str, value: str, life_s: int, *, same_site: str = "Lax") -> None:
    """Set one of our cookies: for this host alone, never readable by scripts, sent on links from elsewhere."""
    # Neither our names nor what we sign has a character that would have to be quoted.
    told = f"{name}={value}; Max-Age={life_s}; Secure; HttpOnly; Path=/; SameSite={same_site}"
    response.headers.add("Set-Cookie", told)
