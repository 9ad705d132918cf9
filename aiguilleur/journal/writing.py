"""From an entry to every sink; a sink that fails is counted and never breaks a visit."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable

from aiguilleur.journal.entry import JournalEntry
from aiguilleur.journal.sinks import Sink

#: After a failure, a sink is left alone for this long, and stderr for the longer time; in seconds.
_RETRY_S, _COMPLAIN_S = 5.0, 60.0


class Journal:
    """Hands each entry to every sink and counts what was lost."""

    def __init__(self, sinks: Iterable[Sink] = ()) -> None:
        """The sinks in the order configured."""
        self._sinks = dict(_named(sinks))
        self._counting = threading.Lock()
        self._silent_until: dict[str, float] = {}
        self._complained: dict[str, float] = {}
        #: Entries lost so far in this process, by sink: its class, with a number from the second of a class on.
        self.dropped: Counter[str] = Counter()

    @property
    def names(self) -> tuple[str, ...]:
        """The names by which its sinks are counted."""
        return tuple(self._sinks)

    def write(self, entry: JournalEntry) -> None:
        """Write to every sink; a failing one is left alone for five seconds, one that is full takes the next entry."""
        for name, sink in self._sinks.items():
            # Nearly always, no sink has ever failed.
            if self._silent_until and time.monotonic() < self._silent_until.get(name, 0.0):
                self._count(name)
                continue
            try:
                sink.write(entry)
            except BlockingIOError as error:
                self._lost(name, error)
            except Exception as error:  # whatever a sink raises, the visitor must arrive
                self._silent_until[name] = time.monotonic() + _RETRY_S
                self._lost(name, error)

    def _lost(self, name: str, error: Exception) -> None:
        self._count(name)
        now = time.monotonic()
        if now - self._complained.get(name, now - _COMPLAIN_S) < _COMPLAIN_S:
            return
        self._complained[name] = now
        with contextlib.suppress(OSError, ValueError, AttributeError):
            lost = f"{self.dropped[name]} lost so far"
            sys.stderr.write(f"aiguilleur: the journal cannot be written ({name}, {lost}): {error}\n")

    def _count(self, name: str) -> None:
        with self._counting:
            self.dropped[name] += 1


def _named(sinks: Iterable[Sink]) -> Iterable[tuple[str, Sink]]:
    seen: Counter[str] = Counter()
    for sink in sinks:
        name = type(sink).__name__
        seen[name] += 1
        yield (name if seen[name] == 1 else f"{name}-{seen[name]}"), sink
