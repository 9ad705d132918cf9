"""How made-up visits go: the entries of each kind, and their lines rendered once, cut where they are filled in."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from random import Random

from msgspec.structs import replace as changed

from aiguilleur.core.model import Arrival, Channel, Finding, Reason, SessionState, Signals
from aiguilleur.journal import Again, Event, JournalEntry

EDU, CROSS = "educonnect", Arrival.CROSS_SITE
#: What stands in a rendered line for what is filled in.
_TIME, _CODE, _SPENT, _ASKED, _AFTER = datetime(1999, 1, 1, tzinfo=UTC), "KOVATI", 987654321, 987654322, 987654323
_MARKS = {
    "1999-01-01T00:00:00.000Z": "time",
    _CODE: "code",
    str(_SPENT): "ms",
    str(_ASKED): "asked",
    str(_AFTER): "ago",
}
_MARK = re.compile("(" + "|".join(map(re.escape, _MARKS)) + ")")

Kinds = dict[str, tuple[JournalEntry, ...]]
Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A made-up school: when its families got EduConnect, and how many visits it has among the others."""

    etab: str
    academy: str
    kind: str
    opens: date
    weight: float

    @property
    def aten(self) -> str:
        """The guichet of its académie."""
        return f"aten-{self.academy}"


class Scene:
    """The entries of every kind of visit to one target from one school, under one configuration."""

    def __init__(self, place: Place, target: str, digest: str) -> None:
        aten = self.aten = place.aten
        here = Signals(entry="eclat", arrival=CROSS, referer_host="*.eclat-bfc.fr")
        self.base = JournalEntry(
            _TIME, _CODE, Event.DECIDED, target, "", place.etab, place.academy, place.kind, "eclat", CROSS, "redirect",
            EDU, status=303, ms=_SPENT, open=(aten, EDU), policy=digest, signals=here,
            host="teleservices.education.gouv.fr" if target == "teleservices" else "cas.eclat-bfc.fr",
        )  # fmt: skip
        self.to_aten = changed(self.base, source=aten, host=f"teleservices.ac-{place.academy}.fr")
        self.mire = changed(self.base, outcome="discover", source="", rule="default", status=200, host="")
        self.back = Finding(aten, SessionState.INACTIVE, Channel.BACK, f"{aten}-status", Reason.ANSWER, _ASKED)
        self.late = replace(self.back, state=SessionState.UNKNOWN, reason=Reason.DEADLINE)
        self.came = Finding(EDU, SessionState.ACTIVE, Channel.FRONT, EDU, Reason.ANSWER, _ASKED)

    def kinds(self) -> Kinds:
        """The entries of a visit, by how it goes."""
        return self._at_aten() | self._at_educonnect() | self._on_the_mire()

    def _at_aten(self) -> Kinds:
        aten, entry = self.aten, self.to_aten
        had = replace(self.base.signals, cookies=frozenset({"CTSESSION"}))
        kept = replace(self.base.signals, remembered=aten)
        active = replace(self.back, state=SessionState.ACTIVE)
        return {
            "only-aten": (changed(entry, rule=f"only[{aten}]", open=(aten,), signals=had),),
            "aten-active": (changed(entry, rule=f"aten-active[{aten}]", signals=had, findings=(active,)),),
            "aten-remembered": (changed(entry, rule=f"aten-remembered[{aten}]", signals=kept, findings=(self.back,)),),
        }

    def _at_educonnect(self) -> Kinds:
        base, back = self.base, self.back
        national = replace(base.signals, referer_host="teleservices.education.gouv.fr")
        kept = replace(base.signals, remembered=EDU)
        return {
            "only-educonnect": (changed(base, rule="only[educonnect]", open=(EDU,)),),
            "came-from": (changed(base, rule="came-from-educonnect", signals=national),),
            "inside-eclat": (changed(base, rule="inside-eclat", findings=(back,)),),
            "remembered": (changed(base, rule="educonnect-remembered", signals=kept, findings=(back,)),),
            "front": self._trip(back),
            "stranded": self._trip(back)[:1],
            "ill-front": self._trip(self.late),
        }

    def _trip(self, back: Finding) -> tuple[JournalEntry, JournalEntry]:
        ill = (self.aten,) if back is self.late else ()
        rule, away = "educonnect-active", "educonnect.education.gouv.fr"
        told = changed(self.base, rule=rule, legs=1, ill=ill, findings=(back, self.came))
        return changed(told, event=Event.ASKED, outcome="ask", host=away, findings=(back,)), told

    def _on_the_mire(self) -> Kinds:
        mire, aten = self.mire, self.aten
        shown = changed(mire, findings=(self.back,))
        shut = changed(mire, ill=(aten,), findings=(replace(self.late, reason=Reason.BREAKER, ms=0),))
        refused, ended = changed(mire, event=Event.REFUSED), replace(self.base.signals, choice=aten)
        return {
            "mire": (shown,),
            "choice-educonnect": (shown, _chosen(self.base)),
            "choice-aten": (shown, _chosen(self.to_aten)),
            "ill-mire": (shut,),
            "ill-choice": (shut, _chosen(changed(self.base, ill=(aten,)))),
            "refused": (refused,),
            "refused-aten": (changed(refused, open=(EDU,), signals=ended),),
        }


def _chosen(entry: JournalEntry) -> JournalEntry:
    choice = Signals(choice=entry.source, entry="eclat", arrival=Arrival.SAME_SITE)
    return changed(entry, event=Event.CHOICE, rule="choice", arrival=Arrival.SAME_SITE, signals=choice)


@cache
def scene(place: Place, target: str, digest: str) -> Kinds:
    """The entries of every kind of visit there."""
    return Scene(place, target, digest).kinds()


@cache
def parts_of(kind: str, place: Place, target: str, digest: str, node: str, regretted: str = "") -> tuple[Parts, ...]:
    """The lines of a visit, cut where they are filled in; `regretted` is the rule that it comes back from."""
    again = Again(regretted, _AFTER) if regretted else None
    return tuple(_cut(changed(each, node=node, again=again).line()) for each in scene(place, target, digest)[kind])


def sent_by(kind: str, place: Place, target: str, digest: str) -> str:
    """The rule that such a visit is sent on by, or nothing."""
    last = scene(place, target, digest)[kind][-1]
    return last.rule if last.outcome == "redirect" else ""


def filled(parts: Parts, at: str, code: str, lots: Random, ago: int = 0) -> str:
    """One line, ended; its milliseconds are drawn, skewed as networks are: most a few, some a thousand."""
    out, draw = list(parts), lots.random
    for number in range(1, len(parts), 2):
        match parts[number]:
            case "time":
                out[number] = at
            case "code":
                out[number] = code
            case "ago":
                out[number] = str(ago)
            case "asked":
                out[number] = str(4 + int(24 * (1 / (draw() + 0.012) - 0.98)))
            case _:
                out[number] = str(1 + int(6 / (draw() + 0.03)))
    return "".join(out)


def _cut(line: str) -> Parts:
    """The line's texts and, between them, the names of what is filled in."""
    pieces = _MARK.split(line + "\n")
    return tuple(_MARKS[piece] if number % 2 else piece for number, piece in enumerate(pieces))
