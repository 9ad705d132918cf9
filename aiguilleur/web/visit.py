"""One visit: from a request to facts, and from a decision to an answer, the browser's cookies and the journal."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Request, Response

from aiguilleur import signals
from aiguilleur.core.decision import Decision
from aiguilleur.core.model import Facts, Redirect, School
from aiguilleur.journal import Again, Event, entry_of, new_code
from aiguilleur.probes import Forwarded
from aiguilleur.remembered import AGAIN_S, RECENT_LIFE_S, Recent, RecentVisit, Remembered
from aiguilleur.router import is_weak
from aiguilleur.web.service import Service, service

REMEMBERED_COOKIE = "__Host-aiguilleur-choix"
RECENT_COOKIE = "__Host-aiguilleur-recent"
#: A text that a visitor wrote is not looked at beyond this.
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a link or a form asks for, in configured names."""

    target: str
    school: School | None = None
    page: str | None = None
    entry: str | None = None
    choice: str | None = None

    @property
    def etab(self) -> str | None:
        """The school's name in addresses."""
        return self.school.etab if self.school else None


@dataclass(frozen=True, slots=True)
class Visit:
    """A request read once: what is wanted, what is known, under which code."""

    wanted: Wanted
    facts: Facts
    code: str
    cookies: dict[str, str]
    forwarded: Forwarded
    remembered: Remembered
    recent: Recent
    began: float
    shared: bool

    @property
    def now(self) -> int:
        """The instant in epoch seconds."""
        return int(self.facts.at.timestamp())

    @property
    def etab(self) -> str:
        """The school's name in addresses, or nothing."""
        return self.wanted.etab or ""

    @property
    def ms(self) -> int:
        """Milliseconds since the request came in."""
        return round((time.monotonic() - self.began) * 1000)


def open_visit(request: Request, wanted: Wanted) -> Visit:
    """Read the request; nothing is asked of anyone yet."""
    running, began = service(), time.monotonic()
    settings, at = running.settings, running.now()
    cookies = signals.cookies_of(request.headers.get("Cookie", ""))
    remembered = running.seal.remembered(cookies.get(REMEMBERED_COOKIE))
    shared = is_shared(request, wanted.entry)
    seen = signals.read(
        running.known,
        headers_of(request),
        cookies,
        entry=wanted.entry,
        choice=wanted.choice,
        # On a shared computer the last visitor's choice says nothing of this one.
        remembered=None if shared else remembered.source,
    )
    facts = Facts(
        target=wanted.target,
        school=wanted.school,
        at=at,
        day=local_day(running, at),
        open=settings.open_sources(wanted.target, wanted.school, local_day(running, at)),
        ill=settings.ill_sources(at) | running.runner.ill(),
        signals=seen,
        findings=tuple(signals.presumed(running.presumptions, cookies)),
    )
    forwarded = Forwarded(user_agent=request.headers.get("User-Agent", ""), client_address=request.remote_addr or "")
    recent = running.seal.recent(cookies.get(RECENT_COOKIE))
    return Visit(wanted, facts, new_code(), cookies, forwarded, remembered, recent, began, shared)


def local_day(running: Service, at: datetime) -> date:
    """The day of an instant where the schools are."""
    return at.astimezone(running.settings.site.zone).date()


def is_shared(request: Request, entry: str | None) -> bool:
    """Whether the browser stands on a computer that several people use."""
    site = service().settings.site
    if entry in site.shared_entries:
        return True
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return False
    return any(address in network for network in site.shared_networks)


def record(visit: Visit, decision: Decision, *, event: Event, status: int, host: str = "") -> None:
    """Write what was decided, and why, to the journal."""
    running = service()
    source = decision.step.source if isinstance(decision.step, Redirect) else ""
    again = visit.recent.last(visit.wanted.target, visit.etab, visit.now, AGAIN_S)
    running.journal.write(
        entry_of(
            visit.facts,
            event=event,
            code=visit.code,
            outcome=type(decision.step).__name__.lower(),
            source=source,
            rule=decision.rule,
            status=status,
            host=host,
            legs=0,
            ms=visit.ms,
            page=visit.wanted.page or "",
            policy=running.settings.digest,
            node=running.settings.site.node,
            shadow=decision.shadow,
            again=Again(again.rule, visit.now - again.at) if again else None,
        )
    )


def remember_visit(visit: Visit, decision: Decision, source: str, response: Response) -> None:
    """Let the browser carry this redirect, so that a quick return gets the mire instead of the same again."""
    recent = visit.recent.add(
        RecentVisit(
            at=visit.now,
            target=visit.wanted.target,
            etab=visit.etab,
            source=source,
            rule=decision.rule,
            code=visit.code,
            weak=is_weak(visit.facts, source),
        )
    )
    set_cookie(response, RECENT_COOKIE, service().seal.seal(recent), RECENT_LIFE_S)


def remember_choice(visit: Visit, source: str, response: Response) -> None:
    """Keep a choice because its visitor asked for it."""
    remembered = visit.remembered.with_choice(source, visit.wanted.etab)
    days = service().settings.site.remember_days
    set_cookie(response, REMEMBERED_COOKIE, service().seal.seal(remembered), days * 24 * 3600)


def set_cookie(response: Response, name: str, value: str, life_s: int) -> None:
    """Set one of our cookies: for this host alone, never readable by scripts, sent on links from elsewhere."""
    response.set_cookie(name, value, max_age=life_s, path="/", secure=True, httponly=True, samesite="Lax")


def wanted_of(request: Request, target: str, *, path_etab: str | None = None) -> Wanted:
    """What the address of a request asks for; names that the configuration does not know are dropped."""
    running, args = service(), request.values
    settings = running.settings
    entry, page, choice = (args.get(name, "")[:_LONGEST] for name in ("de", "page", "source"))
    candidates = signals.candidate_schools(
        running.known, headers_of(request), path_etab, args.get("etab", "")[:_LONGEST]
    )
    school = next(filter(None, map(settings.directory.find, candidates)), None)
    return Wanted(
        target=target,
        school=school,
        page=page if page in settings.targets[target].pages else None,
        entry=entry if entry in running.known.entries else None,
        choice=choice if choice in settings.sources else None,
    )


def headers_of(request: Request) -> dict[str, str]:
    """The headers that signals look at, as a plain mapping."""
    return {name: request.headers[name] for name in ("Referer", "Sec-Fetch-Site") if name in request.headers}


def host_of(address: str) -> str:
    """The host of one of our destinations, for the journal."""
    return urlsplit(address).hostname or ""
