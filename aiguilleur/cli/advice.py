"""What those who help can say of a recorded visit: why a session is not known, and what page was shown."""

from __future__ import annotations

from aiguilleur.core.model import SessionState
from aiguilleur.journal import Event, JournalEntry
from aiguilleur.support import Advice, catalogue


def advice(entry: JournalEntry) -> list[str]:
    """Lines to print below an entry; none where all is as it should be."""
    told = catalogue()
    reasons = dict.fromkeys(each.reason for each in entry.findings if each.state is SessionState.UNKNOWN)
    lines = [line for reason in reasons for line in _lines(reason, told.reasons[reason], told.family(reason))]
    if entry.outcome == "discover" and entry.event is not Event.DIAGNOSED:
        page = told.pages["mire-again" if entry.again else "mire"]
        lines += _lines("the mire", page, page.family)
    return ["", "   What it means, what to tell the family, what to check:", *lines] if lines else []


def _lines(name: str, each: Advice, family: str) -> list[str]:
    return [f"   {name}: {each.means.en}", f"      « {family} »", f"      {each.check.en}"]
