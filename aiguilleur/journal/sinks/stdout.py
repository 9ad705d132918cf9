"""The standard output, for a terminal or for whatever collects what containers say."""

from __future__ import annotations

import errno
import select
import sys
from dataclasses import dataclass

from aiguilleur.journal.entry import JournalEntry
from aiguilleur.journal.sinks.contract import Format, formatted


@dataclass(frozen=True, slots=True)
class StdoutSink:
    """A line on standard output, for people or for a machine."""

    format: Format = "text"

    def write(self, entry: JournalEntry) -> None:
        """One line, at once; BlockingIOError when whoever reads it has stopped reading."""
        if _is_full():
            raise BlockingIOError(errno.EAGAIN, "nobody reads the standard output")
        line = formatted(entry, self.format)
        # Under LANG=C an arrow is not worth an entry.
        charset = sys.stdout.encoding or "utf-8"
        sys.stdout.write(line.encode(charset, "replace").decode(charset) + "\n")
        sys.stdout.flush()


def _is_full() -> bool:
    """A pipe can be written to while a page of it is free, which is more than a line takes."""
    try:
        number = sys.stdout.fileno()
    except (OSError, ValueError, AttributeError):
        # What stands in for it in a test or a notebook has none.
        return False
    poll = select.poll()
    poll.register(number, select.POLLOUT)
    return not poll.poll(0)
