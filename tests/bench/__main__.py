"""Measures everything in one run and writes docs/performance.md: `make bench`, or `--quick` to see that it works."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.contenders import POSTER, contenders
from tests.bench.decisions import decision_costs
from tests.bench.measure import Contender, Cost, cost, lateness
from tests.bench.page import Measured, table, write
from tests.bench.profile import profile


def measured(all_: Sequence[Contender], rounds: int, seconds: float) -> Measured:
    """Each contender in turn, round after round, so that what disturbs the machine disturbs all of them."""
    costs: dict[str, list[Cost]] = {each.name: [] for each in all_}
    for number in range(rounds + 1):
        for each in all_:
            _say(f"round {number} of {rounds}: {each.name}")
            found = cost(each, seconds)
            # The first is for getting warm.
            if number:
                costs[each.name].append(found)
    late = {}
    for each in all_:
        _say(f"at {each.rate:g} visits a second: {each.name}")
        late[each.name] = lateness(each, 3 * seconds)
    _say("decisions alone")
    rates = {each.name: each.rate for each in all_}
    _say("where the time goes")
    with TemporaryDirectory(prefix="profile-") as folder:
        rooms = profile(Path(folder), POSTER, seconds)
    return Measured(costs, late, rates, decision_costs(), rooms, seconds)


def _say(text: str) -> None:
    sys.stderr.write(f"bench: {text}\n")
    sys.stderr.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round, printed and not written")
    parser.add_argument("names", nargs="*", help="only these contenders, printed and not written")
    wanted = parser.parse_args()
    rounds, seconds = (1, 1.0) if wanted.quick else (9, 3.0)
    with TemporaryDirectory(prefix="bench-") as folder, contenders(Path(folder), wanted.names) as running:
        found = measured(running, rounds, seconds)
    sys.stdout.write(table(found) + "\n")
    if not wanted.quick and not wanted.names:
        write(found)


if __name__ == "__main__":
    main()
