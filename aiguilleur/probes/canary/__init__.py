"""The canary: before a visitor is sent to ask a source, our own server goes that way and must have come back."""

from aiguilleur.probes.canary.board import Board, Seen
from aiguilleur.probes.canary.canaries import Canaries
from aiguilleur.probes.canary.flight import Flight, fly
from aiguilleur.probes.canary.keeper import Keeper
from aiguilleur.probes.canary.standing import CanaryHealth, Standing, Timing

__all__ = ["Board", "Canaries", "CanaryHealth", "Flight", "Keeper", "Seen", "Standing", "Timing", "fly"]
