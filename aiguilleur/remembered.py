"""What a browser carries for us, signed: the choice its visitor asked us to keep, its last visits, the page shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from aiguilleur.errors import TokenError
from aiguilleur.signing import SKEW_S, Signer

MOST_SCHOOLS = 4
MOST_VISITS = 5
RECENT_LIFE_S = 24 * 3600
#: After a redirect on weak evidence, a second visit within this time gets the mire.
SECOND_VISIT_S = 120
#: More automatic redirects than this to the same place within `LOOP_S` get the mire.
LOOP_REDIRECTS = 3
LOOP_S = 60
#: A visitor who comes back within this time regrets the rule that sent them.
AGAIN_S = 180
#: A choice on a page that was shown longer ago than this begins a visit of its own.
SHOWN_LIFE_S = 1800
#: The end of a source is announced once in this time.
ANNOUNCED_LIFE_S = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Remembered:
    """The source and the schools that a visitor asked us to remember, the last one first."""

    source: str | None = None
    schools: tuple[str, ...] = ()

    def with_choice(self, source: str, etab: str | None) -> Remembered:
        """The same with this choice in front; at most four schools are kept."""
        others = tuple(school for school in self.schools if school != etab)
        return Remembered(source, ((etab, *others) if etab else others)[:MOST_SCHOOLS])


class RecentVisit(Struct, frozen=True):
    """One redirect of this browser: when (epoch seconds), where to, by which rule, under which code."""

    at: int
    target: str
    etab: str
    source: str
    rule: str
    code: str
    weak: bool = False
    #: The host of the service provider that asked, when it was one.
    provider: str = ""


class Recent(Struct, frozen=True):
    """The last visits of this browser, newest first."""

    visits: tuple[RecentVisit, ...] = ()

    def add(self, visit: RecentVisit) -> Recent:
        """These visits and a new one; the oldest fall out."""
        kept = [old for old in self.visits if visit.at - old.at <= RECENT_LIFE_S]
        return Recent((visit, *kept)[:MOST_VISITS])

    def last(self, target: str, etab: str, now: int, within: int, provider: str = "") -> RecentVisit | None:
        """The newest visit to this target and school, for this service provider or none, within so many seconds."""
        if not self.visits:
            return None
        place = (target, etab, provider)
        near = self._near(now, within)
        return next((visit for visit in near if (visit.target, visit.etab, visit.provider) == place), None)

    def newest(self, now: int, within: int) -> RecentVisit | None:
        """The newest visit of all, within so many seconds."""
        return next(iter(self._near(now, within)), None)

    def weak(self, target: str, etab: str, now: int, provider: str = "") -> RecentVisit | None:
        """The last visit, when it was a redirect on weak evidence less than two minutes ago."""
        last = self.last(target, etab, now, SECOND_VISIT_S, provider)
        return last if last and last.weak else None

    def loops(self, target: str, etab: str, source: str, now: int, provider: str = "") -> bool:
        """Whether this browser has just been sent to the same place more than three times."""
        if len(self.visits) < LOOP_REDIRECTS:
            return False
        place = (target, etab, source, provider)
        near = self._near(now, LOOP_S)
        return [(each.target, each.etab, each.source, each.provider) for each in near].count(place) >= LOOP_REDIRECTS

    def _near(self, now: int, within: int) -> tuple[RecentVisit, ...]:
        return tuple(visit for visit in self.visits if -SKEW_S <= now - visit.at <= within)


@dataclass(frozen=True, slots=True)
class Announced:
    """The last time that this browser was told of a source's end: when (epoch seconds), of which, in which visit."""

    at: int
    source: str
    code: str

    def is_fresh(self, now: int) -> bool:
        """Whether that is less than a week ago."""
        return -SKEW_S <= now - self.at < ANNOUNCED_LIFE_S


@dataclass(frozen=True, slots=True)
class Shown:
    """A page with choices, as its form knows it again: shown when (epoch seconds), in which visit, for what."""

    at: int
    code: str
    target: str
    etab: str

    def goes_on(self, target: str, etab: str, now: int) -> bool:
        """Whether a choice of this target and school, made now, is of the same visit."""
        return (self.target, self.etab) == (target, etab) and -SKEW_S <= now - self.at < SHOWN_LIFE_S


#: What a browser brings that brings nothing.
_NOTHING, _NOWHERE = Remembered(), Recent()


class Seal:
    """Signs and reads these cookies; the keys come oldest first and the last one signs."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Derive one signer per kind of value, so that one is never taken for the other."""
        self._choice = Signer(keys, "aiguilleur.remembered.v1")
        self._recent = Signer(keys, "aiguilleur.recent.v1")
        self._announced = Signer(keys, "aiguilleur.announced.v1")
        self._shown = Signer(keys, "aiguilleur.shown.v1")

    def seal(self, value: Remembered | Recent | Announced | Shown) -> str:
        """The signed text of a value; it is readable by all and can be changed by none."""
        if isinstance(value, Remembered):
            return self._choice.sign([value.source, list(value.schools)])
        if isinstance(value, Announced):
            return self._announced.sign([value.at, value.source, value.code])
        if isinstance(value, Shown):
            return self._shown.sign([value.at, value.code, value.target, value.etab])
        return self._recent.sign([_row(visit) for visit in value.visits])

    def remembered(self, text: str | None) -> Remembered:
        """The remembered choice in a cookie; nothing when it is absent, forged or of another version."""
        if not text:
            return _NOTHING
        try:
            source, schools = self._choice.read(text)
            return Remembered(str(source) if source else None, tuple(map(str, schools))[:MOST_SCHOOLS])
        except (TokenError, TypeError, ValueError):
            return _NOTHING

    def recent(self, text: str | None) -> Recent:
        """The last visits in a cookie; none when it is absent, forged or of another version."""
        if not text:
            return _NOWHERE
        try:
            rows = self._recent.read(text)
            visits = tuple(_visit(row) for row in rows)
        except (TokenError, TypeError, ValueError):
            return _NOWHERE
        return Recent(visits[:MOST_VISITS])

    def announced(self, text: str | None) -> Announced | None:
        """The announcement in a cookie; None when it is absent, forged or of another version."""
        try:
            at, source, code = self._announced.read(text)
            return Announced(int(at), str(source), str(code))
        except (TokenError, TypeError, ValueError):
            return None

    def shown(self, text: str | None) -> Shown | None:
        """The page that a form stood on; None when it does not say, or says what we have not signed."""
        try:
            at, code, target, etab = self._shown.read(text)
            return Shown(int(at), str(code), str(target), str(etab))
        except (TokenError, TypeError, ValueError):
            return None


def _row(v: RecentVisit) -> list[str | int]:
    return [v.at, v.target, v.etab, v.source, v.rule, v.code, int(v.weak), *([v.provider] if v.provider else [])]


def _visit(row: Sequence[Any]) -> RecentVisit:
    at, target, etab, source, rule, code, weak, *provider = row
    plain = str(target), str(etab), str(source), str(rule), str(code)
    return RecentVisit(int(at), *plain, bool(weak), *map(str, provider))
