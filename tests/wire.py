"""A server on a real socket that answers each request as a test says, byte by byte if need be."""

from __future__ import annotations

import ssl

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
]

Wire = FaultServer


def serving(*answers: Answer, tls: ssl.SSLContext | None = None) -> Wire:
    """Each connection gets these answers, one a request, and is closed after the last."""
    return FaultServer(*answers, tls={Fault.WELL: tls} if tls else None)
