"""How a probe that asks through the browser stands, and the times that decide it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aiguilleur.core.model import Reason, SessionState
from aiguilleur.probes.canary.flight import Flight


@dataclass(frozen=True, slots=True)
class Timing:
    """How often canaries fly and how long what they saw counts, in seconds; and when real departures speak."""

    #: From one start to the next, at most: with a flight of five seconds, a source that dies is out in 35.
    every: float = 27.0
    #: While it does not come back: what mends is used again soon.
    again: float = 10.0
    #: A flight older than this says nothing any more: the process that flew is gone.
    counts: float = 90.0
    #: A browser that is away for longer has not come back; nothing is said of those who left since.
    slowest: float = 60.0
    #: So many departures tell; with several nodes, where some return elsewhere, it takes more to be sure.
    few: int = 10
    many: int = 100
    #: A probe is left alone for so long when fewer than half of them came back.
    rest: float = 600.0
    #: A return is heard of where it left by then, if nodes tell each other.
    heard: float = 5.0
    #: Trips are forgotten after this.
    kept: float = 3600.0


class Standing(StrEnum):
    """Whether visitors may be sent to a probe's source, and if not, why."""

    GOOD = "good"
    #: Nobody is asked first, for the reason that the configuration gives.
    OFF = "off"
    #: It has not come back, or not flown lately.
    UNPROVEN = "unproven"
    #: Nothing answers at the source.
    DEAD = "dead"
    #: The canary comes back, and too few browsers do.
    FEW_BACK = "few-back"


@dataclass(frozen=True, slots=True)
class CanaryHealth:
    """How one probe stands, for `/readyz` and the journal."""

    standing: Standing
    #: The last flight, and how many seconds ago it ended.
    seen: Flight | None = None
    ago_s: int = 0
    #: Of the last departures of browsers, how many came back; None while there are too few to tell.
    back: tuple[int, int] | None = None


def proves(flight: Flight) -> bool:
    """Whether browsers may follow: a source that finds a session where there is none would find one everywhere."""
    return flight.reason is Reason.ANSWER and flight.state is not SessionState.ACTIVE
