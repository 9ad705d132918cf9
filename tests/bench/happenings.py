"""What comes over a server and passes: visits at a rate from when it begins, without rounds."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiguilleur.sandbox.faults import Fault, FaultServer, says
from tests.bench.measure import SERVER, Lateness, cpu_s, lateness_of, pin
from tests.load import arriving, by_status
from tests.nodes import Node, click, node

#: What a source takes to answer when it is well, in seconds.
TAKES_S = 0.05
IN_SESSION = says("200 OK", b"in session")
#: Visits a second, and how long a breaker has to open (three failures, each after the budget at the latest), in seconds.
_RATE, _OPENS_S = 100.0, 2.0
#: Visits a second before and after a step.
_CALM, _RUSH = 30.0, 300.0
_VISITS = (click("aten"), click("educonnect"), click())


@dataclass(frozen=True, slots=True)
class Happening:
    """What becomes of the sources; each phase is a name and steps of so many seconds at so many visits a second."""

    name: str
    aten: Fault
    educonnect: Fault
    phases: tuple[tuple[str, tuple[tuple[float, float], ...]], ...]


@dataclass(frozen=True, slots=True)
class Happened:
    """A phase of it: how many visits came a second, what each cost in microseconds, and how late it was answered."""

    name: str
    rates: tuple[float, ...]
    cpu_us: float
    late: Lateness


def happenings(seconds: float) -> tuple[Happening, ...]:
    """All of them; what lasts is looked at for so many seconds."""
    until, after = ("until breakers open", ((_OPENS_S, _RATE),)), ("from then on", ((seconds, _RATE),))
    step = ((seconds / 3, _CALM), (seconds, _RUSH))
    return (
        Happening("one source goes silent", Fault.SILENT, Fault.WELL, (until, after)),
        Happening("all sources refuse connections", Fault.REFUSED, Fault.REFUSED, (until, after)),
        Happening("ten times as many visits", Fault.WELL, Fault.WELL, (("from one second to the next", step),)),
    )


def observed(folder: Path, happening: Happening) -> list[Happened]:
    """Each of its phases, on a server that was well until then."""
    with _sources(happening) as sources, node(folder, sources, workers=1) as running:
        pin((running.process.pid,), SERVER)
        return [_observed(running, f"{happening.name}, {name}", steps) for name, steps in happening.phases]


def after_a_while(connection: socket.socket, over: threading.Event) -> None:
    """The answer of a source that is well."""
    over.wait(TAKES_S)
    IN_SESSION(connection, over)


@contextmanager
def _sources(happening: Happening) -> Iterator[dict[str, int]]:
    with (
        FaultServer(respond=lambda _: after_a_while) as aten,
        FaultServer(respond=lambda _: after_a_while) as educonnect,
    ):
        aten.set(happening.aten)
        educonnect.set(happening.educonnect)
        yield {"aten": aten.port, "educonnect": educonnect.port}


def _observed(running: Node, name: str, steps: tuple[tuple[float, float], ...]) -> Happened:
    before = cpu_s((running.process.pid,))
    with arriving(running.port, _VISITS, *steps) as load:
        rows = load.rows()
    spent = cpu_s((running.process.pid,)) - before
    assert set(by_status(rows)) <= {200, 303}, f"{name}: {by_status(rows)}"
    return Happened(name, tuple(rate for _, rate in steps), spent / len(rows) * 1e6, lateness_of(rows))
