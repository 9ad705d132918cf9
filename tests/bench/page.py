"""The table and the picture that docs/performance.md shows, as they were measured."""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from operator import itemgetter
from pathlib import Path
from statistics import median

from tests.bench.contenders import BASE, COUNTED, SIGNAL, UNWRITTEN
from tests.bench.decisions import DecisionCost, rule_us
from tests.bench.happenings import Happened
from tests.bench.measure import LOAD, SERVER, Cost, Lateness
from tests.conftest import ROOT

PAGE, PICTURE = ROOT / "docs" / "performance.md", ROOT / "docs" / "performance.svg"
_BEGIN, _END = "<!-- measured: begin -->", "<!-- measured: end -->"


@dataclass(frozen=True, slots=True)
class Measured:
    """All of one run: each contender's rounds, in turn."""

    costs: Mapping[str, Sequence[Cost]]
    latenesses: Mapping[str, Lateness]
    rates: Mapping[str, float]
    happened: Sequence[Happened]
    decisions: Sequence[DecisionCost]
    #: Microseconds inside the application, by what it is doing.
    rooms: Mapping[str, float]
    #: How often all were started anew, and the seconds of one round.
    starts: int
    seconds: float

    def cpu_us(self, name: str) -> float:
        """The median of its rounds."""
        return median(cost.cpu_us for cost in self.costs[name])

    def ratio(self, name: str, base: str = BASE) -> float:
        """How many times as much as the base in the same round, the median: what disturbs a round disturbs both."""
        rounds = zip(self.costs[name], self.costs[base], strict=True)
        return median(each.cpu_us / beside.cpu_us for each, beside in rounds)


def write(measured: Measured) -> None:
    """Put the table between its marks, and the picture beside it."""
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.partition(_BEGIN)[0], text.partition(_END)[2]
    PAGE.write_text(f"{before}{_BEGIN}\n{table(measured)}\n{_END}{after}", encoding="utf-8")
    PICTURE.write_text(picture({name: measured.cpu_us(name) for name in measured.costs}), encoding="utf-8")


def table(measured: Measured) -> str:
    """Markdown: where and when, what each costs, how late it is, and what a decision alone costs."""
    lines = [
        f"Measured on {datetime.now(UTC):%d %B %Y}, commit {_commit()}, {_machine()}; {len(measured.costs[BASE])} rounds of"
        f" {measured.seconds:g} s in turn, after {measured.starts} starts, medians, the least and the most in brackets. {_places()}",
        "",
        "| | CPU µs a visit | times the empty redirect | visits/s at saturation | p50 / p99 / p99.9 ms at a rate |",
        "|---|---|---|---|---|",
        *(_row(measured, name) for name in measured.costs),
        "",
        *_happened(measured.happened),
        "| schools | rules | find the school, µs | decide, µs |",
        "|---|---|---|---|",
        *(
            f"| {each.schools:,} | {each.rules:,} | {each.find_us:.2f} | {each.decide_us:.1f} |"
            for each in measured.decisions
        ),
        "",
        f"One rule more costs {rule_us(measured.decisions):.2f} µs. {_shares(measured)}",
    ]
    return "\n".join((*lines, "", *_rooms(measured)))


def _rooms(measured: Measured) -> list[str]:
    """Where the time of a visit that asks nobody goes: the application by itself, and what is left for the server."""
    inside = sum(measured.rooms.values())
    rows = sorted(measured.rooms.items(), key=itemgetter(1), reverse=True)
    if SIGNAL in measured.costs:
        rows.insert(
            0, ("gunicorn and the kernel, and what several threads cost each other", measured.cpu_us(SIGNAL) - inside)
        )
    return [
        "| where the time of a visit that asks nobody goes | µs |",
        "|---|---|",
        *(f"| {room} | {us:.0f} |" for room, us in rows),
    ]


def shares(measured: Measured) -> tuple[float, float]:
    """What part of a visit that asks nobody the journal is, and what metrics add to it."""
    return 1 - measured.ratio(UNWRITTEN, SIGNAL), measured.ratio(COUNTED, SIGNAL) - 1


def _shares(measured: Measured) -> str:
    """Both, where all three were measured."""
    if not {SIGNAL, UNWRITTEN, COUNTED} <= measured.costs.keys():
        return ""
    journal, metrics = shares(measured)
    return f"The journal is {journal:.1%} of a visit that asks nobody, and metrics add {metrics:.1%}."


def _happened(happened: Sequence[Happened]) -> list[str]:
    """What came over a server, where it was looked at."""
    if not happened:
        return []
    return [
        "| what happens | visits/s | CPU µs a visit | p50 / p99 / p99.9 ms |",
        "|---|---|---|---|",
        *(f"| {each.name} | {_rates(each.rates)} | {each.cpu_us:.0f} | {_ms(each.late)} |" for each in happened),
        "",
    ]


def _rates(rates: Sequence[float]) -> str:
    return ", then ".join(f"{rate:.0f}" for rate in rates)


def _ms(late: Lateness) -> str:
    return " / ".join(f"{seconds * 1000:.0f}" for seconds in (late.p50, late.p99, late.p999))


def _row(measured: Measured, name: str) -> str:
    costs = [cost.cpu_us for cost in measured.costs[name]]
    rate = f"{_ms(measured.latenesses[name])} at {measured.rates[name]:g}/s"
    per_s = median(cost.per_s for cost in measured.costs[name])
    spread = f"{median(costs):.0f} [{min(costs):.0f}–{max(costs):.0f}]"
    return f"| {name} | {spread} | {measured.ratio(name):.2f} | {per_s:.0f} | {rate} |"


def picture(cpu_us: Mapping[str, float]) -> str:
    """A bar for each, in ink that follows the reader's colours."""
    most, height = max(cpu_us.values()), 26
    bars = []
    for index, (name, value) in enumerate(cpu_us.items()):
        top, width = index * height, 320 * value / most
        bars.append(
            f'<text x="292" y="{top + 17}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="300" y="{top + 5}" width="{width:.1f}" height="16" rx="2"/>'
            f'<text x="{306 + width:.1f}" y="{top + 17}">{value:.0f} µs</text>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 700 {len(bars) * height}" role="img"'
        ' font-family="system-ui, sans-serif" font-size="13">\n<title>CPU time of a visit</title>\n'
        "<style>text { fill: #222 } rect { fill: #2a6099 }"
        " @media (prefers-color-scheme: dark) { text { fill: #eee } rect { fill: #7fb2e5 } }</style>\n"
        + "\n".join(bars)
        + "\n</svg>\n"
    )


def _commit() -> str:
    asked = subprocess.run(
        ("git", "rev-parse", "--short", "HEAD"), cwd=ROOT, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or "unknown"


def _places() -> str:
    if LOAD == SERVER:
        return "All run on the one core there is."
    return "Each runs on one core, the load generator and the sources on the others."


def _machine() -> str:
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    name = " ".join(model[1].split()) if model else platform.machine()
    return f"{len(SERVER | LOAD)} cores of {name}, Python {platform.python_version()}"
