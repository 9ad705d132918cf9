"""What is seen of a browser, and what follows from it, as named cases that a page can put into words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from msgspec import structs

from aiguilleur.core import matchers as m
from aiguilleur.core.decision import Decision, decide
from aiguilleur.core.model import Arrival, Ask, Channel, Discover, Finding, Reason, Redirect, SessionState
from aiguilleur.core.verdict import HIT
from aiguilleur.core.view import View
from aiguilleur.settings.model import Source
from aiguilleur.support import Account, catalogue
from aiguilleur.web import ending
from aiguilleur.web.route import against_the_rules, is_back
from aiguilleur.web.service import service
from aiguilleur.web.visit import Visit


class Next(StrEnum):
    """What a click on the link would give now."""

    REDIRECT = "redirect"
    ANNOUNCED = "announced"
    TRIP = "trip"
    ASK = "ask"
    MIRE = "mire"
    AGAIN = "again"
    LOOP = "loop"
    SHARED = "shared"
    SCHOOL = "school"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Seen:
    """One source: what is known, and whether a cookie of it came."""

    source: Source
    known: Account
    #: `present`, `blank` (logged out) or `absent`; empty where no cookie of it is looked for.
    cookie: str = ""


@dataclass(frozen=True, slots=True)
class Follows:
    """What would follow, and for which source; `entry` is where the link would stand, when it is supposed."""

    next: Next
    source: Source | None = None
    entry: str = ""


@dataclass(frozen=True, slots=True)
class Because:
    """One condition of the rule that answers; `what` is the part of the sentence that depends on the case."""

    kind: str
    what: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that the page says beside the visit itself."""

    sources: tuple[Seen, ...]
    follows: Follows
    because: tuple[Because, ...]
    rule: str
    #: Where the same link, standing somewhere else, would lead elsewhere.
    elsewhere: tuple[Follows, ...] = ()


def diagnosed(visit: Visit, decision: Decision) -> Diagnosis:
    """The diagnosis of a visit and of what its rules made of it."""
    policy = service().settings.policies[visit.wanted.target]
    view = policy.view(visit.facts)
    rule = next((each.rule for each in decision.trace if each.rule.id == decision.rule), None)
    because = (each for matcher in rule.when for each in _because(matcher, view)) if rule else ()
    follows = _follows(visit, decision)
    return Diagnosis(
        sources=tuple(_seen(visit, view)),
        follows=follows,
        because=tuple(dict.fromkeys(because)),
        rule=decision.rule,
        elsewhere=tuple(each for each in _elsewhere(visit) if each.next is not follows.next),
    )


def _seen(visit: Visit, view: View) -> Iterator[Seen]:
    settings = service().settings
    for source in settings.sources.values():
        if source.id not in settings.targets[visit.wanted.target].urls or not source.serves(visit.wanted.school):
            continue
        is_open = source.id in visit.facts.open
        yield Seen(source, _known(source, visit, view), _cookie(source, visit) if is_open else "")


def _known(source: Source, visit: Visit, view: View) -> Account:
    if source.id not in visit.facts.open:
        return Account.ENDED if source.is_retired(visit.wanted.school, visit.facts.day) else Account.CLOSED
    state = view.state(source.id)
    findings = [finding for finding in visit.facts.findings if finding.source == source.id]
    if state in (SessionState.ACTIVE, SessionState.INACTIVE):
        return _settled(state, findings)
    if source.paused_until(visit.facts.at):
        return Account.MAINTENANCE
    if source.id in visit.facts.ill:
        return Account.ILL
    if state is None:
        front = view.left(source.id)[0].channel is Channel.FRONT
        return Account.THROUGH_BROWSER if front else Account.NOT_NEEDED
    return catalogue().reasons[findings[-1].reason].account if findings else Account.NOTHING


def _settled(state: SessionState, findings: list[Finding]) -> Account:
    said = max((each for each in findings if each.state is state), key=lambda each: each.channel)
    presumed = said.channel is Channel.SIGNAL or said.reason is Reason.NO_COOKIE
    if state is SessionState.ACTIVE:
        return Account.PRESUMED_ACTIVE if presumed else Account.ACTIVE
    return Account.PRESUMED_INACTIVE if presumed else Account.INACTIVE


def _cookie(source: Source, visit: Visit) -> str:
    names = {name for each in source.presume for name in (each.cookie, each.no_cookie, each.unless_blank) if name}
    names |= {name for probe in source.probes for name in getattr(probe, "cookies", ())}
    seen = visit.facts.signals.cookies
    if names.isdisjoint(name.removesuffix("=blank") for name in seen):
        return "absent" if names else ""
    return "blank" if any(f"{name}=blank" in seen for name in names) else "present"


def _follows(visit: Visit, decision: Decision) -> Follows:
    """What a click gives: the decision, unless something stands against it, as `/vers` has it."""
    settings = service().settings
    if "etab" in settings.targets[visit.wanted.target].needs and visit.wanted.school is None:
        return Follows(Next.SCHOOL)
    notice = "again" if is_back(visit) else against_the_rules(visit, decision)
    if notice:
        return Follows(Next(notice))
    match decision.step:
        case Redirect(source):
            due = ending.is_due(visit, source)
            return Follows(Next.ANNOUNCED if due else Next.REDIRECT, settings.sources[source])
        case Discover(offered):
            return Follows(Next.MIRE if offered else Next.CLOSED)
        case Ask(probes):
            front = probes[0].channel is Channel.FRONT
            return Follows(Next.TRIP if front else Next.ASK, settings.sources[probes[0].source])
        case _:
            assert_never(decision.step)


def _elsewhere(visit: Visit) -> Iterator[Follows]:
    """The same browser, should it follow a link that stands in a portal: judged on what is known, nothing is asked."""
    site = service().settings.site
    for entry, label in site.entries.items():
        if entry in site.shared_entries or entry == visit.wanted.entry:
            continue
        signals = replace(visit.facts.signals, entry=entry, arrival=Arrival.CROSS_SITE, referer_host=None)
        supposed = structs.replace(visit, facts=replace(visit.facts, signals=signals))
        decision = decide(supposed.facts, service().settings.policies[visit.wanted.target])
        yield replace(_follows(supposed, decision), entry=label)


def _because(matcher: m.Matcher, view: View) -> Iterator[Because]:
    """The conditions that hold, whatever they are nested in."""
    if matcher.judge(view) is not HIT:
        return
    match matcher:
        case m.SourceIs(source, state):
            names = (service().settings.sources[each].name for each in source.members if each in view.open)
            yield from (Because(f"source-{state}", name) for name in names)
        case m.Entry(entry):
            yield Because("entry", service().settings.site.entries[entry])
        case m.Referer(host):
            yield Because("referer", host)
        case m.Only() | m.Remembered() | m.ArrivalIs() | m.Cookie():
            yield Because(type(matcher).__name__.lower())
        case m.Any() | m.All():
            for part in matcher.parts():
                yield from _because(part, view)
        case _:
            yield Because("other")
