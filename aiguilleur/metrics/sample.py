"""How a running service stands at one instant, for those of its metrics that no entry of the journal tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Sample:
    """What one worker knows of itself; what is counted is counted since its settings were read."""

    #: The configuration's digest in hexadecimal, when it was read (epoch seconds), and whether it is the folder's.
    digest: str
    read_at: float
    is_wanted: bool
    #: By probe, how its breaker or its canary stands.
    breakers: Mapping[str, str] = field(default_factory=dict)
    canaries: Mapping[str, str] = field(default_factory=dict)
    #: By how, the questions that the cache has spared; and the answers it holds.
    spared: Mapping[str, int] = field(default_factory=dict)
    cached: int = 0
    #: By sink, the entries that were lost.
    dropped: Mapping[str, int] = field(default_factory=dict)
