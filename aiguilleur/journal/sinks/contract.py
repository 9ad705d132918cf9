"""What every sink keeps to."""

from __future__ import annotations

from typing import Literal, Protocol

from aiguilleur.journal.entry import JournalEntry
from aiguilleur.journal.readable import readable

#: For people, or for a machine.
Format = Literal["text", "json"]


class Sink(Protocol):
    """Takes entries, and waits for nobody; what it raises, the journal catches and counts.

    BlockingIOError costs this entry alone; after any other exception the sink is left alone for a moment.
    """

    def write(self, entry: JournalEntry) -> None:
        """Keep or show one entry."""


def formatted(entry: JournalEntry, as_: Format) -> str:
    """The entry as one line."""
    return readable(entry) if as_ == "text" else entry.line()
