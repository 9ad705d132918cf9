"""What a visit was settled by."""

from __future__ import annotations

from enum import StrEnum

from aiguilleur.core.model import BROUGHT_BACK, Channel, SessionState
from aiguilleur.journal.entry import Event, JournalEntry


class Settled(StrEnum):
    """What a visit was settled by: the strongest channel that told, or the visitor's own choice."""

    SIGNAL = "signal"
    SERVER = "server"
    BROWSER = "browser"
    MIRE = "mire"
    #: The browser was sent to ask a source and has not come back.
    AWAY = "away"


def settled_by(entry: JournalEntry) -> Settled:
    """What an entry was settled by, as the reports tell it of a visit's last line."""
    if entry.event is Event.ASKED:
        return Settled.AWAY
    if entry.event in (Event.CHOICE, Event.REFUSED) or entry.outcome == "discover":
        return Settled.MIRE
    settled = Settled.SIGNAL
    for each in entry.findings:
        if each.channel is Channel.FRONT and each.reason in BROUGHT_BACK:
            return Settled.BROWSER
        if each.channel is Channel.BACK and each.state is not SessionState.UNKNOWN:
            settled = Settled.SERVER
    return settled
