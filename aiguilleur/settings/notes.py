"""Problems collected on the way, and how a wrong name is answered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from aiguilleur.errors import Problem
from aiguilleur.settings.reader import Document, Place


@dataclass(slots=True)
class Notes:
    """Every problem met so far; nobody stops at the first."""

    problems: list[Problem] = field(default_factory=list)
    #: By document, what has the wrong shape: nothing more is said of it.
    blamed: set[tuple[str, Place]] = field(default_factory=set)

    def add(self, problem: Problem) -> None:
        """Note one more."""
        self.problems.append(problem)

    def blame(self, document: Document, place: Place, message: str, *, key: bool = False) -> None:
        """Note that something has the wrong shape, once."""
        if (document.name, place) not in self.blamed:
            self.blamed.add((document.name, place))
            self.add(document.problem(place, message, key=key))

    def is_blamed(self, document: Document, place: Place) -> bool:
        """Whether this, or what it stands in, has been blamed."""
        return any((document.name, place[:end]) in self.blamed for end in range(len(place) + 1))


def did_you_mean(what: str, name: str, known: Iterable[str]) -> str:
    """`unknown source 'educonect' (did you mean 'educonnect'?)`; without a near one, what there is."""
    names = list(dict.fromkeys(known))
    if near := get_close_matches(name, names, n=1):
        return f"unknown {what} '{name}' (did you mean '{near[0]}'?)"
    return f"unknown {what} '{name}' (known: {', '.join(names) or 'none'})"
