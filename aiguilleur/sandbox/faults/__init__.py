"""A source's server that breaks as it is told, on a real socket: for tests, and for the sandbox's switches."""

from __future__ import annotations

from aiguilleur.sandbox.faults.answers import (
    Answer,
    answer_of,
    closed_port,
    cut,
    drips,
    floods,
    resets,
    resets_after,
    says,
    silent,
)
from aiguilleur.sandbox.faults.certificates import Authority
from aiguilleur.sandbox.faults.kinds import AFTER_A_REQUEST, WITH_TLS, Fault
from aiguilleur.sandbox.faults.server import FaultServer

__all__ = [
    "AFTER_A_REQUEST",
    "WITH_TLS",
    "Answer",
    "Authority",
    "Fault",
    "FaultServer",
    "answer_of",
    "closed_port",
    "cut",
    "drips",
    "floods",
    "resets",
    "resets_after",
    "says",
    "silent",
]
