"""What a configuration relies on that ends soon: told by `check`, in the log at a start, and by `/readyz`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiguilleur.probes import Expiring, Expiry
from aiguilleur.settings.model import Settings

#: How long it takes to have a certificate or metadata renewed by others.
SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Ending:
    """What ends soon, and whose it is: the places count from 0, as in the configuration."""

    source: str
    place: tuple[int, int]
    expiry: Expiry

    def said(self, now: datetime) -> str:
        """The same as a sentence, and the way out."""
        left = self.expiry.at - now
        when = f"ends in {left.days} days" if left >= timedelta(0) else "has ended"
        return f"{self.expiry.what} {when} ({self.expiry.at:%Y-%m-%d}): have it renewed"


def ending_soon(settings: Settings, now: datetime) -> Iterator[Ending]:
    """All that ends within thirty days of `now`, or has ended."""
    for number, source in enumerate(settings.sources.values()):
        for index, probe in enumerate(source.probes):
            if isinstance(probe, Expiring):
                yield from (
                    Ending(source.id, (number, index), each) for each in probe.expiries() if each.at - now <= SOON
                )
