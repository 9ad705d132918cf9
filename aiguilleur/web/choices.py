"""What a mire proposes: a few large choices for families, and the rare ones folded, each group under its heading."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from aiguilleur.core.model import SessionState
from aiguilleur.router import everything
from aiguilleur.settings.model import Audience, Source
from aiguilleur.web.service import service
from aiguilleur.web.visit import Visit

#: More large choices than this are read by nobody; the rest is folded.
MOST_LARGE = 6


@dataclass(frozen=True, slots=True)
class Choice:
    """One button of the mire."""

    source: Source
    ill: bool = False
    #: When the planned pause that makes it ill ends, in local time.
    until: datetime | None = None
    remembered: bool = False
    again: bool = False
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """The folded choices for one audience."""

    audience: Audience
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """The choices of one mire, and whether its visitor has others elsewhere."""

    large: tuple[Choice, ...] = ()
    folded: tuple[Group, ...] = ()
    partial: bool = False


def offer_of(visit: Visit, offered: tuple[str, ...], notice: str | None = None) -> Offer:
    """What is shown of these sources; the last choice comes first, whoever it is for."""
    sources, first = service().settings.sources, _first(visit, notice)
    shown = _shown(visit, offered, first)
    choices = [
        _choice(visit, sources[source], first, notice) for source in sorted(shown, key=lambda each: each != first)
    ]
    large = [each for each in choices if each.source.id == first or not each.source.set_apart][:MOST_LARGE]
    rest = [each for each in choices if each not in large]
    groups = (Group(who, tuple(each for each in rest if each.source.audience is who)) for who in Audience)
    others = everything(visit.facts, service().settings.policies[visit.wanted.target])
    return Offer(
        large=tuple(large),
        folded=tuple(group for group in groups if group.choices),
        partial=not set(_shown(visit, others, first)) <= set(shown),
    )


def _first(visit: Visit, notice: str | None) -> str | None:
    """The source that this visitor used last, as far as we know."""
    wanted = visit.wanted
    last = visit.recent.weak(wanted.target, visit.etab, visit.now, wanted.provider) if notice == "again" else None
    return last.source if last else visit.facts.signals.remembered


def _shown(visit: Visit, offered: tuple[str, ...], first: str | None) -> tuple[str, ...]:
    """Those that are not hidden from this visitor; all of them, where nothing else would be left."""
    sources, day = service().settings.sources, visit.facts.day
    used = {finding.source for finding in visit.facts.findings if finding.state is SessionState.ACTIVE} | {first}
    return tuple(source for source in offered if source in used or not sources[source].is_hidden(day)) or offered


def _choice(visit: Visit, source: Source, first: str | None, notice: str | None) -> Choice:
    until = source.paused_until(visit.facts.at)
    return Choice(
        source=source,
        ill=source.id in visit.facts.ill,
        until=until.astimezone(service().settings.site.zone) if until else None,
        remembered=source.id == visit.facts.signals.remembered,
        again=notice == "again" and source.id == first,
        last_day=_last_day(visit, source),
    )


def _last_day(visit: Visit, source: Source) -> date | None:
    last = source.last_day(visit.wanted.school)
    if last == source.closes and source.warn_from and visit.facts.day < source.warn_from:
        return None
    return last
