"""Metrics for Prometheus (extra `metrics`): every worker counts, the server's first process answers scrapes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from aiguilleur.metrics.sample import Sample

if TYPE_CHECKING:
    from aiguilleur.metrics.meter import Meter

__all__ = ["Sample", "meter"]


@cache
def meter() -> Meter:
    """This process's meter, made when it is first wanted: ImportError without the extra."""
    from aiguilleur.metrics.meter import Meter  # noqa: PLC0415 (an extra)

    return Meter()
