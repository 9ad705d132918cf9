"""The conditions a rule can set, each judged in three values.

A matcher's fields are its settings: a field of type `Sources` is written as a source or a group, one of type `Matcher`
as a nested condition, and a trailing underscore, there because the bare word is Python's, is not written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from aiguilleur.core.model import Arrival, SessionState, Sources
from aiguilleur.core.verdict import HIT, MAY, MISS, Verdict, certain, every, inverse, some
from aiguilleur.core.view import View


class Matcher:
    """One condition; it looks at signals, the calendar and settled states, never at what has not been asked yet."""

    __slots__ = ()

    def judge(self, view: View) -> Verdict:
        """How the condition stands for these facts."""
        raise NotImplementedError

    def seen(self, view: View) -> str:
        """In a few words, what was seen that decides this condition."""
        raise NotImplementedError

    def parts(self) -> tuple[Matcher, ...]:
        """The conditions nested in this one."""
        return ()

    def sources(self) -> frozenset[str]:
        """The sources whose session state it looks at."""
        return frozenset().union(*(part.sources() for part in self.parts()))


def undecided(matcher: Matcher, view: View) -> tuple[str, ...]:
    """The sources that could still turn this condition from perhaps into yes or no, in the order written."""
    if matcher.judge(view) is not MAY:
        return ()
    if parts := matcher.parts():
        return tuple(source for part in parts for source in undecided(part, view))
    return tuple(sorted(source for source in matcher.sources() if source in view.open and view.state(source) is None))


@dataclass(frozen=True, slots=True)
class SourceIs(Matcher):
    """The visitor's state at a source; a group is active when one open member is, inactive when all are."""

    source: Sources
    is_: SessionState

    def judge(self, view: View) -> Verdict:
        """A miss when nothing of it is open; perhaps while a probe is left to ask."""
        states = [view.state(member) for member in self.source.members if member in view.open]
        if not states:
            return MISS
        active = some(_is(state, SessionState.ACTIVE) for state in states)
        if self.is_ is SessionState.ACTIVE:
            return active
        inactive = every(_is(state, SessionState.INACTIVE) for state in states)
        if self.is_ is SessionState.INACTIVE:
            return inactive
        return every((inverse(active), inverse(inactive)))

    def seen(self, view: View) -> str:
        """The state of each open member."""
        members = [member for member in self.source.members if member in view.open]
        if not members:
            return f"{self.source.name} is not open"
        return ", ".join(f"{member}: {view.state(member) or 'not asked'}" for member in members)

    def sources(self) -> frozenset[str]:
        """The members of the group, or the source itself."""
        return frozenset(self.source.members)


def _is(state: SessionState | None, wanted: SessionState) -> Verdict:
    return MAY if state is None else certain(state is wanted)


@dataclass(frozen=True, slots=True)
class Only(Matcher):
    """Nothing else is open for this visit; folded sources do not count."""

    only: Sources

    def judge(self, view: View) -> Verdict:
        """A hit when every open source that is not folded is a member."""
        shown = view.open - view.folded
        return certain(bool(shown) and shown <= set(self.only.members))

    def seen(self, view: View) -> str:
        """How many sources are open."""
        shown = sorted(view.open - view.folded)
        return f"open: {', '.join(shown) or 'none'}"


@dataclass(frozen=True, slots=True)
class Choice(Matcher):
    """This very request chooses the source."""

    choice: Sources

    def judge(self, view: View) -> Verdict:
        """A hit when the chosen source is a member."""
        return certain(view.signals.choice in self.choice.members)

    def seen(self, view: View) -> str:
        """What was chosen."""
        return f"chose {view.signals.choice}" if view.signals.choice else "no choice made"


@dataclass(frozen=True, slots=True)
class Remembered(Matcher):
    """The visitor once asked us to remember the source."""

    remembered: Sources

    def judge(self, view: View) -> Verdict:
        """A hit when the remembered source is a member."""
        return certain(view.signals.remembered in self.remembered.members)

    def seen(self, view: View) -> str:
        """What is remembered."""
        return f"remembered: {view.signals.remembered or 'nothing'}"


@dataclass(frozen=True, slots=True)
class Entry(Matcher):
    """Where the link stands (`?de=`)."""

    entry: str

    def judge(self, view: View) -> Verdict:
        """A hit on the same entry."""
        return certain(view.signals.entry == self.entry)

    def seen(self, view: View) -> str:
        """The entry, if the link says one."""
        return f"link: {view.signals.entry or 'unnamed'}"


@dataclass(frozen=True, slots=True)
class ArrivalIs(Matcher):
    """How the browser came."""

    arrival: Arrival

    def judge(self, view: View) -> Verdict:
        """A hit on the same arrival."""
        return certain(view.signals.arrival is self.arrival)

    def seen(self, view: View) -> str:
        """The arrival."""
        return f"arrival: {view.signals.arrival}"


@dataclass(frozen=True, slots=True)
class Referer(Matcher):
    """The host of the page that holds the link."""

    referer: str

    def judge(self, view: View) -> Verdict:
        """A hit on the same configured host or host pattern."""
        return certain(view.signals.referer_host == self.referer)

    def seen(self, view: View) -> str:
        """The configured host that the referer matches."""
        return f"came from {view.signals.referer_host}" if view.signals.referer_host else "no referer"


@dataclass(frozen=True, slots=True)
class Cookie(Matcher):
    """A configured cookie is there and not blank."""

    cookie: str

    def judge(self, view: View) -> Verdict:
        """A hit when it is present; its value is never looked at."""
        return certain(self.cookie in view.signals.cookies)

    def seen(self, view: View) -> str:
        """Whether it is there, blank or absent."""
        if self.cookie in view.signals.cookies:
            return f"cookie {self.cookie}"
        return f"cookie {self.cookie} {'blank' if f'{self.cookie}=blank' in view.signals.cookies else 'absent'}"


@dataclass(frozen=True, slots=True)
class Target(Matcher):
    """The wanted service."""

    target: str

    def judge(self, view: View) -> Verdict:
        """A hit on the same target."""
        return certain(view.facts.target == self.target)

    def seen(self, view: View) -> str:
        """The target."""
        return f"target: {view.facts.target}"


@dataclass(frozen=True, slots=True)
class Etab(Matcher):
    """One school, by its name in the portal's address."""

    etab: str

    def judge(self, view: View) -> Verdict:
        """A hit on the same school."""
        return certain(view.facts.school is not None and view.facts.school.etab == self.etab)

    def seen(self, view: View) -> str:
        """The school."""
        return f"school: {view.facts.school.etab if view.facts.school else 'unknown'}"


@dataclass(frozen=True, slots=True)
class Academy(Matcher):
    """The school's académie."""

    academy: str

    def judge(self, view: View) -> Verdict:
        """A hit on the same académie."""
        return certain(view.facts.school is not None and view.facts.school.academy == self.academy)

    def seen(self, view: View) -> str:
        """The académie."""
        return f"académie: {view.facts.school.academy if view.facts.school else 'unknown'}"


@dataclass(frozen=True, slots=True)
class SchoolKind(Matcher):
    """The kind of school, as the directory names it."""

    school_kind: str

    def judge(self, view: View) -> Verdict:
        """A hit on the same kind."""
        return certain(view.facts.school is not None and view.facts.school.kind == self.school_kind)

    def seen(self, view: View) -> str:
        """The kind of school."""
        return f"kind of school: {view.facts.school.kind if view.facts.school else 'unknown'}"


@dataclass(frozen=True, slots=True)
class Between(Matcher):
    """The day of the visit, both ends included."""

    between: tuple[date, date]

    def judge(self, view: View) -> Verdict:
        """A hit from the first day to the last whole day."""
        return certain(self.between[0] <= view.facts.day <= self.between[1])

    def seen(self, view: View) -> str:
        """The day."""
        return f"day: {view.facts.day.isoformat()}"


@dataclass(frozen=True, slots=True)
class Any(Matcher):
    """One of the conditions at least."""

    any_: tuple[Matcher, ...]

    def judge(self, view: View) -> Verdict:
        """The strongest verdict."""
        return some(part.judge(view) for part in self.any_)

    def seen(self, view: View) -> str:
        """What each part saw."""
        return " or ".join(part.seen(view) for part in self.any_)

    def parts(self) -> tuple[Matcher, ...]:
        """The nested conditions."""
        return self.any_


@dataclass(frozen=True, slots=True)
class All(Matcher):
    """All of the conditions."""

    all_: tuple[Matcher, ...]

    def judge(self, view: View) -> Verdict:
        """The weakest verdict."""
        return every(part.judge(view) for part in self.all_)

    def seen(self, view: View) -> str:
        """What each part saw."""
        return " and ".join(part.seen(view) for part in self.all_)

    def parts(self) -> tuple[Matcher, ...]:
        """The nested conditions."""
        return self.all_


@dataclass(frozen=True, slots=True)
class Not(Matcher):
    """The contrary of a condition; `not {is: active}` holds for a settled unknown too."""

    not_: Matcher

    def judge(self, view: View) -> Verdict:
        """`2 - verdict`."""
        return inverse(self.not_.judge(view))

    def seen(self, view: View) -> str:
        """What the part saw."""
        return f"not ({self.not_.seen(view)})"

    def parts(self) -> tuple[Matcher, ...]:
        """The nested condition."""
        return (self.not_,)


#: By the key that names it in `when:`.
MATCHER_KINDS: Mapping[str, type[Matcher]] = {
    "source": SourceIs,
    "only": Only,
    "choice": Choice,
    "remembered": Remembered,
    "entry": Entry,
    "arrival": ArrivalIs,
    "referer": Referer,
    "cookie": Cookie,
    "target": Target,
    "etab": Etab,
    "academy": Academy,
    "school_kind": SchoolKind,
    "between": Between,
    "any": Any,
    "all": All,
    "not": Not,
}

__all__ = ["HIT", "MATCHER_KINDS", "MAY", "MISS", "Matcher", "undecided"]
