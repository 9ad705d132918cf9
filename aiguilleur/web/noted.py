"""What the journal says of a page that is no decision: whoever tells its code on the phone can be answered."""

from __future__ import annotations

from aiguilleur.journal import UNKNOWN, Event, JournalEntry
from aiguilleur.web.service import Service, utc_now


def note_page(
    running: Service,
    code: str,
    status: int,
    *,
    event: Event = Event.REFUSED,
    target: str = UNKNOWN,
    source: str = "",
    outcome: str = "",
) -> None:
    """Write that a page was shown under this code."""
    try:
        at = running.now()
    except Exception:  # A clock that is broken is no reason to lose the code.
        at = utc_now()
    entry = JournalEntry(
        time=at,
        code=code,
        event=event,
        target=target,
        source=source,
        outcome=outcome,
        status=status,
        policy=running.settings.digest,
        node=running.settings.site.node,
    )
    running.journal.write(entry)
