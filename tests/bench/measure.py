"""What one contender costs: processor time by request, and how late it answers at a given rate."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

from tests.load import Row, Visit, arriving, percentile

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_CORES = sorted(os.sched_getaffinity(0))
#: The server's own core, and those of what loads it: else where the kernel puts both is most of what is measured.
SERVER, LOAD = frozenset(_CORES[:1]), frozenset(_CORES[1:] or _CORES)
#: Enough that the server never rests.
_CONNECTIONS = 4
#: Who has waited this long, because the machine does other things, gets the page held in memory.
_HELD_UP_S = 0.75
_SCRIPT = """
local number = {first}
request = function()
  number = number + 1
  local headers = {{}}
  for name, value in pairs({headers}) do headers[name] = value:gsub("{{n}}", number) end
  return wrk.format("GET", "{path}", headers)
end
"""


@dataclass(frozen=True, slots=True)
class Contender:
    """A server that runs, what it is asked, and by which processes it is known."""

    name: str
    port: int
    visit: Visit
    #: Each began a session of its own, which its children are in.
    sessions: tuple[int, ...]
    #: What its answers must be.
    status: int = 303
    #: Run before each round, when something is to be as it was.
    before: Callable[[], object] = lambda: None
    #: Visits a second at which it is asked how late it is.
    rate: float = 100.0
    #: Each answer ends with its connection, which wrk counts as an error of reading.
    closes: bool = False
    first: list[int] = field(default_factory=lambda: [0])


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds of processor time by request, and requests a second, at saturation."""

    cpu_us: float
    per_s: float


def mean_of(costs: Sequence[Cost]) -> Cost:
    """What several turns of one contender come to."""
    return Cost(fmean(each.cpu_us for each in costs), fmean(each.per_s for each in costs))


@dataclass(frozen=True, slots=True)
class Lateness:
    """Seconds from when a visit was due until it was answered."""

    p50: float
    p99: float
    p999: float


def cost(contender: Contender, seconds: float) -> Cost:
    """As many requests as it answers to a few connections that never rest (a closed loop)."""
    contender.before()
    pin(contender.sessions, SERVER)
    spent, requests, refused = _driven(contender, seconds)
    assert requests, f"{contender.name}: nothing was answered in {seconds:g} s"
    assert refused == 0, f"{contender.name}: {refused} of {requests} requests were not answered as they should be"
    return Cost(spent / requests * 1e6, requests / seconds)


def lateness(contender: Contender, seconds: float) -> Lateness:
    """As late as it is at its rate, whatever its answers take (an open loop)."""
    contender.before()
    with arriving(contender.port, [contender.visit], (seconds, contender.rate)) as load:
        rows = load.rows()
    assert _answered(contender, rows), f"{contender.name} did not answer as it should"
    return lateness_of(rows)


def lateness_of(rows: list[Row]) -> Lateness:
    """How late these visits were answered."""
    return Lateness(*(percentile(rows, share) for share in (0.5, 0.99, 0.999)))


def _answered(contender: Contender, rows: list[Row]) -> bool:
    swift, held_up = ({row.status for row in rows if (row.seconds >= _HELD_UP_S) is late} for late in (False, True))
    return swift == {contender.status} and held_up <= {contender.status, 200}


def _driven(contender: Contender, seconds: float) -> tuple[float, int, int]:
    headers = ", ".join(f'["{name}"] = "{value}"' for name, value in contender.visit.headers.items())
    contender.first[0] += 1_000_000
    script = _SCRIPT.format(first=contender.first[0], headers=f"{{{headers}}}", path=contender.visit.path)
    with TemporaryDirectory() as folder:
        path = Path(folder, "visits.lua")
        path.write_text(script)
        address = f"http://127.0.0.1:{contender.port}"
        alone = ("taskset", "-c", ",".join(map(str, LOAD)))
        command = (*alone, "wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{seconds:.0f}s", "-s", str(path), address)
        before = cpu_s(contender.sessions)
        told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 60).stdout
        spent = cpu_s(contender.sessions) - before
    counted = re.search(r"([0-9]+) requests in", told)
    assert counted, told
    wrong = re.search(r"Non-2xx or 3xx responses: ([0-9]+)", told)
    errors = re.search(r"Socket errors: connect ([0-9]+), read ([0-9]+), write ([0-9]+)", told)
    failed = int(wrong[1]) if wrong else 0
    if errors and not contender.closes:
        failed += sum(map(int, errors.groups()))
    return spent, int(counted[1]), failed


def cpu_s(sessions: tuple[int, ...]) -> float:
    """The processor time that the processes of these sessions have used, their ended children's included."""
    return sum(sum(int(each) for each in told[11:15]) for _, told in _processes(sessions)) * _TICK_S


def pin(sessions: tuple[int, ...], cores: frozenset[int]) -> None:
    """Let the processes of these sessions, and the threads that they start, run on these cores alone."""
    for process, _ in _processes(sessions):
        # One may end meanwhile.
        with suppress(OSError):
            for thread in (process / "task").iterdir():
                os.sched_setaffinity(int(thread.name), cores)


def _processes(sessions: tuple[int, ...]) -> Iterator[tuple[Path, list[str]]]:
    """Their places in /proc, and the fields of each `stat` from the third on (proc_pid_stat(5))."""
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            told = (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(told[3]) in sessions:
            yield process, told
