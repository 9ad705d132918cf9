"""Problems collected on the way, and how a wrong name is answered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from aiguilleur.errors import Problem


@dataclass(slots=True)
class Notes:
    """Every problem met so far; nobody stops at the first."""

    problems: list[Problem] = field(default_factory=list)

    def add(self, problem: Problem) -> None:
        """Note one more."""
        self.problems.append(problem)


def did_you_mean(what: str, name: str, known: Iterable[str]) -> str:
    """`unknown source 'educonect' (did you mean 'educonnect'?)`; without a near one, what there is."""
    names = list(dict.fromkeys(known))
    if near := get_close_matches(name, names, n=1):
        return f"unknown {what} '{name}' (did you mean '{near[0]}'?)"
    return f"unknown {what} '{name}' (known: {', '.join(names) or 'none'})"
