"""What a test says of the visits that arrive, and what it learns of them."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import IO

from tests.conftest import ROOT

#: Who sends hundreds of visits a second is late with each by some thousandths.
_PUNCTUAL_S = 0.1


@dataclass(frozen=True, slots=True)
class Visit:
    """What one kind of visitor sends; `{n}` in a header's value is the visit's number, another for each."""

    path: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One visit: when it was due, in seconds from the start, and what came back."""

    number: int
    #: Which of the kinds.
    visit: int
    at: float
    #: From when it was due until its answer was whole.
    seconds: float
    #: How much later than due it was sent.
    late: float
    #: 0 when no whole answer came; then `error` says why.
    status: int = 0
    location: str = ""
    code: str = ""
    #: The names of the cookies that were set.
    sets: tuple[str, ...] = ()
    error: str = ""


class Arrivals:
    """Visits on their way; no answer is waited for before the next one is sent (an open loop)."""

    def __init__(self, process: subprocess.Popen[bytes], output: IO[bytes]) -> None:
        self._process = process
        self._output = output

    @property
    def pid(self) -> int:
        return self._process.pid

    def rows(self) -> list[Row]:
        """All visits, once the last one is over, in the order in which they were due."""
        assert self._process.wait() == 0
        return self.so_far()

    def so_far(self) -> list[Row]:
        """The visits that are over by now."""
        whole, _, _ = os.pread(self._output.fileno(), 1 << 30, 0).rpartition(b"\n")
        rows = (Row(**json.loads(line)) for line in whole.splitlines())
        return sorted((replace(row, sets=tuple(row.sets)) for row in rows), key=lambda row: row.number)

    def is_over(self) -> bool:
        return self._process.poll() is not None


@contextmanager
def arriving(
    port: int, visits: Sequence[Visit], *steps: tuple[float, float], seed: int | None = None
) -> Iterator[Arrivals]:
    """Let visits arrive: each step is so many seconds at so many a second.

    With a seed they come at random (a Poisson process) and of a random kind; without one evenly, each kind in turn.
    """
    plan = {
        "port": port,
        "visits": [{"path": visit.path, "headers": dict(visit.headers)} for visit in visits],
        "steps": steps,
        "seed": seed,
        "random": seed is not None,
    }
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            (sys.executable, "-m", "tests.load"), stdin=subprocess.PIPE, stdout=output, cwd=ROOT, start_new_session=True
        )
        try:
            assert process.stdin
            process.stdin.write(json.dumps(plan).encode())
            process.stdin.close()
            yield Arrivals(process, output)
        finally:
            process.kill()
            process.wait()


def percentile(rows: Iterable[Row], share: float) -> float:
    """The seconds within which this share of the visits was answered (nearest rank)."""
    times = sorted(row.seconds for row in rows)
    return times[max(0, math.ceil(share * len(times)) - 1)]


def punctual(rows: Iterable[Row]) -> list[Row]:
    """Those that were sent when they were due; where the machine stood still, the others say more of it than of us."""
    return [row for row in rows if row.late < _PUNCTUAL_S]


def by_status(rows: Iterable[Row]) -> Counter[int]:
    """How many visits got each status; 0 for those without a whole answer."""
    return Counter(row.status for row in rows)
