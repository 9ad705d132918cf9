"""A server on a real socket that answers each request as a test says, byte by byte if need be."""

from __future__ import annotations

import ssl
import time

from aiguilleur.sandbox.faults import (
    Answer,
    Fault,
    FaultServer,
    closed_port,
    cut,
    drips,
    floods,
    resets,
    resets_after,
    says,
    silent,
)

__all__ = [
    "AMPLE",
    "LATE",
    "Answer",
    "Wire",
    "closed_port",
    "cut",
    "drips",
    "floods",
    "resets",
    "resets_after",
    "says",
    "serving",
    "silent",
    "waited",
]

Wire = FaultServer
#: Seconds for a question of which an answer is awaited: more than the slowest machine takes.
AMPLE = 20.0
#: By how many seconds a machine that does much else may be late with anything; what stalls does so for thirty. To the
#: millisecond the promises on time are held by the tests marked `prove`.
LATE = 5.0


def serving(*answers: Answer, tls: ssl.SSLContext | None = None) -> Wire:
    """Each connection gets these answers, one a request, and is closed after the last."""
    return FaultServer(*answers, tls={Fault.WELL: tls} if tls else None)


def waited(began: float) -> float:
    return time.monotonic() - began
