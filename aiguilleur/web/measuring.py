"""Once a second, how the worker stands is told to its meter."""

from __future__ import annotations

import time
from dataclasses import asdict

from aiguilleur.journal import Journal
from aiguilleur.metrics import Sample, meter
from aiguilleur.web.service import Service


class Measuring:
    """Tells services that follow one another apart: the counts of each begin at nothing."""

    def __init__(self) -> None:
        """Nothing has been seen yet."""
        self._seen: Journal | None = None
        self._read_at = 0.0

    def measure(self, running: Service | None) -> None:
        """Tell the meter of the service in force, if its settings want metrics."""
        if running is None or running.settings.site.metrics is None:
            return
        afresh = running.journal is not self._seen
        if afresh:
            self._seen, self._read_at = running.journal, time.time()
        meter().observe(self._sample(running), afresh=afresh)

    def _sample(self, running: Service) -> Sample:
        counts = asdict(running.runner.cache.counts())
        return Sample(
            digest=running.settings.digest,
            read_at=self._read_at,
            is_wanted=not running.degraded,
            breakers={probe: health.state for probe, health in running.runner.health().items()},
            canaries={probe: health.standing for probe, health in running.canaries.health().items()},
            cached=counts.pop("entries"),
            spared=counts,
            dropped={name: running.journal.dropped[name] for name in running.journal.names},
        )
