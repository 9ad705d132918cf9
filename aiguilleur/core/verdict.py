"""Strong Kleene logic on three values: no, perhaps, yes."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Verdict(IntEnum):
    """How a condition stands: `MAY` means that a probe which could settle it has not been asked yet."""

    MISS = 0
    MAY = 1
    HIT = 2


MISS, MAY, HIT = Verdict.MISS, Verdict.MAY, Verdict.HIT
_INVERSE = {MISS: HIT, MAY: MAY, HIT: MISS}


def every(verdicts: Iterable[Verdict]) -> Verdict:
    """The weakest of the verdicts; a `HIT` when there is none."""
    lowest = HIT
    for verdict in verdicts:
        if verdict is MISS:
            return MISS
        lowest = min(lowest, verdict)
    return lowest


def some(verdicts: Iterable[Verdict]) -> Verdict:
    """The strongest of the verdicts; a `MISS` when there is none."""
    highest = MISS
    for verdict in verdicts:
        if verdict is HIT:
            return HIT
        highest = max(highest, verdict)
    return highest


def inverse(verdict: Verdict) -> Verdict:
    """`2 - verdict`: yes becomes no, perhaps stays."""
    return _INVERSE[verdict]


def certain(truth: bool) -> Verdict:
    """The verdict of a condition that nothing learnt later can change."""
    return HIT if truth else MISS
