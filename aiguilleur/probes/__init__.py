"""Probes: each asks one source, at the edge, and only answers; it never decides and never raises."""

from collections.abc import Mapping

from aiguilleur.probes.breaker import Breaker, Health, Limits, State
from aiguilleur.probes.contract import BackChannelProbe, Forwarded
from aiguilleur.probes.http_status import HttpStatusProbe
from aiguilleur.probes.pattern import Pattern
from aiguilleur.probes.runner import Asking, Runner

#: By the `kind` that names it in `sources.yaml`.
PROBE_KINDS: Mapping[str, type[BackChannelProbe]] = {"http_status": HttpStatusProbe}

__all__ = [
    "PROBE_KINDS",
    "Asking",
    "BackChannelProbe",
    "Breaker",
    "Forwarded",
    "Health",
    "HttpStatusProbe",
    "Limits",
    "Pattern",
    "Runner",
    "State",
]
