"""Probes: each asks one source, at the edge, and only answers; it never decides and never raises."""

from aiguilleur.probes.breaker import Breaker, Health, Limits, State
from aiguilleur.probes.cache import Cache, Counts, Lives, SharedResults
from aiguilleur.probes.contract import BackChannelProbe, CanaryOff, ConfigFile, Forwarded, FrontChannelProbe, Trip
from aiguilleur.probes.expiry import Expiring, Expiry
from aiguilleur.probes.kinds import PROBE_KINDS, Probe
from aiguilleur.probes.pattern import Pattern
from aiguilleur.probes.runner import Asking, Runner

__all__ = [
    "PROBE_KINDS",
    "Asking",
    "BackChannelProbe",
    "Breaker",
    "Cache",
    "CanaryOff",
    "ConfigFile",
    "Counts",
    "Expiring",
    "Expiry",
    "Forwarded",
    "FrontChannelProbe",
    "Health",
    "Limits",
    "Lives",
    "Pattern",
    "Probe",
    "Runner",
    "SharedResults",
    "State",
    "Trip",
]
