"""Measures everything in one run and writes docs/performance.md: `make bench`, or `--quick` to see that it works.

What breaks a promise is told at the end, and is an error.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.contenders import CLOSE, POSTER, contenders
from tests.bench.decisions import decision_costs
from tests.bench.happenings import Happened, happenings, observed
from tests.bench.measure import LOAD, Contender, Cost, Lateness, cost, lateness, mean_of
from tests.bench.page import Measured, table, write
from tests.bench.profile import profile
from tests.bench.promises import broken


@dataclass(frozen=True, slots=True)
class Effort:
    """How often all are started, how many rounds each such start has, the seconds of one round, and those at a rate."""

    starts: int
    rounds: int
    seconds: float
    late_s: float


def measured(folder: Path, names: Sequence[str], effort: Effort) -> Measured:
    """Each contender in turn, round after round, so that what disturbs the machine disturbs all of them.

    They are started anew several times: where a process finds its memory makes a difference of some hundredths, that
    stays until it ends.
    """
    costs: dict[str, list[Cost]] = {}
    late: dict[str, Lateness] = {}
    rates: dict[str, float] = {}
    for start in range(effort.starts):
        place = folder / f"start{start}"
        place.mkdir()
        with contenders(place, names) as running:
            _say(f"start {start + 1} of {effort.starts}")
            _take_turns(running, costs, effort)
            if start == 0:
                late = _latenesses(running, effort.late_s)
                rates = {each.name: each.rate for each in running}
    happened = [] if names else _happened(folder, effort.late_s)
    _say("decisions alone")
    decisions = decision_costs()
    _say("where the time goes")
    with TemporaryDirectory(prefix="profile-") as other:
        rooms = profile(Path(other), POSTER, 3 * effort.seconds)
    return Measured(costs, late, rates, happened, decisions, rooms, effort.starts, effort.seconds)


def _take_turns(running: Sequence[Contender], costs: dict[str, list[Cost]], effort: Effort) -> None:
    close = [each for each in running if each.name in CLOSE]
    for number in range(effort.rounds + 1):
        found: dict[str, list[Cost]] = {}
        for each in (*running, *close):
            _say(f"round {number} of {effort.rounds}: {each.name}")
            found.setdefault(each.name, []).append(cost(each, effort.seconds))
        # The first is for getting warm.
        if number:
            for name, turns in found.items():
                costs.setdefault(name, []).append(mean_of(turns))


def _latenesses(running: Sequence[Contender], seconds: float) -> dict[str, Lateness]:
    late = {}
    for each in running:
        _say(f"at {each.rate:g} visits a second: {each.name}")
        late[each.name] = lateness(each, seconds)
    return late


def _happened(folder: Path, seconds: float) -> list[Happened]:
    happened = []
    for number, happening in enumerate(happenings(seconds)):
        _say(happening.name)
        place = folder / f"happening{number}"
        place.mkdir()
        happened += observed(place, happening)
    return happened


def _say(text: str) -> None:
    sys.stderr.write(f"bench: {text}\n")
    sys.stderr.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round, printed and not written")
    parser.add_argument("names", nargs="*", help="only these contenders, printed and not written")
    wanted = parser.parse_args()
    # Whatever is started keeps to these, until a contender is given its own.
    os.sched_setaffinity(0, LOAD)
    effort = Effort(1, 1, 1.0, 2.0) if wanted.quick else Effort(4, 5, 1.0, 9.0)
    with TemporaryDirectory(prefix="bench-") as folder:
        found = measured(Path(folder), wanted.names, effort)
    sys.stdout.write(table(found) + "\n")
    if not wanted.quick and not wanted.names:
        write(found)
        if told := list(broken(found)):
            sys.exit("\n".join(f"bench: {promise}" for promise in told))


if __name__ == "__main__":
    main()
