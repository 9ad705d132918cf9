"""All the schools we know, found by what names one, or by a few words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from aiguilleur.core.model import School
from aiguilleur.schools.names import spelled
from aiguilleur.schools.search import Index, lines_of

_NO_INDEX = Index(())


@dataclass(frozen=True, slots=True)
class Found:
    """The schools that answer a few words, best first; `more` when others answer as well."""

    schools: tuple[School, ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True)
class Directory:
    """All the schools we know, found by label, by UAI or by words."""

    schools: Mapping[str, School] = field(default_factory=dict)
    by_uai: Mapping[str, School] = field(default_factory=dict)
    #: By town, then by name, as a list of them is read.
    in_order: tuple[School, ...] = ()
    #: How many are known by their UAI alone, and are served once they have a name in the portal's address.
    waiting: int = 0
    index: Index = field(default=_NO_INDEX, compare=False, repr=False)

    def find(self, text: str | None) -> School | None:
        """The school that a label, a UAI, a pasted host or a pasted address names; None when we know none such."""
        if not text:
            return None
        if school := self.schools.get(text):
            return school
        name = spelled(text)
        return self.schools.get(name) or self.by_uai.get(name.upper())

    def search(self, text: str, most: int) -> Found:
        """The schools that these words mean, at most so many: name, town, label and kind, typing faults forgiven."""
        # Of an address, only the first label says which school it is of.
        words = spelled(text) if "://" in text or text.count(".") > 1 else text
        found = self.index.search(words, most + 1)
        return Found(tuple(self.in_order[at] for at in found[:most]), len(found) > most)


def directory_of(schools: Iterable[School], *, waiting: int = 0) -> Directory:
    """The directory that holds these schools."""
    schools = tuple(schools)
    towns = lines_of([school.town for school in schools])
    names = lines_of([school.name for school in schools])
    others = lines_of([f"{school.kind} {school.etab}" for school in schools])
    order = sorted(range(len(schools)), key=lambda at: (towns[at], names[at]))
    return Directory(
        schools={school.etab: school for school in schools},
        by_uai={school.uai: school for school in schools if school.uai},
        in_order=tuple(schools[at] for at in order),
        waiting=waiting,
        index=Index([f"{towns[at]} {names[at]} {others[at]}" for at in order]),
    )
