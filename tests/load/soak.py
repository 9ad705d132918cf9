"""One machine as it is deployed, in all weathers at once, and all that must hold for every visit all the same."""

from __future__ import annotations

import re
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from aiguilleur.settings.load import load as load_settings
from tests.load.arrivals import Row, arriving, by_status, percentile
from tests.load.weather import Weather, has_session, sources
from tests.nodes import COOKIES, ETAB, LINK, SERVICES, Node, click, keeper, node
from tests.operations.machine import lines_of, proxied
from tests.waiting import await_that

_ATEN = f"{COOKIES['aten']}=canary-aten-{{n}}"
#: Who comes: with a cookie of one source, of the other, of both, of none; with strangers' cookies; and with a choice.
VISITS = [
    click("aten"),
    click("educonnect"),
    click("aten", "educonnect"),
    click(),
    click(Cookie=f"other=canary-stranger-{{n}}; {_ATEN}; {COOKIES['aten']}x=canary-stranger-{{n}}"),
    click(path=f"{LINK}?de=affiche"),
    click("aten", path=f"{LINK}?source=aten"),
    click("educonnect", path=f"/mire/{ETAB}?vers=teleservices"),
    click("aten", path="/vers/teleservices/nowhere"),
]
#: Those whom `aten-active` may send to the first source, and nobody else but who chooses it.
_AT_ATEN, _CHOOSES, _NOWHERE = (0, 2, 4), 6, 8
_POOL = 32
_PROGRESS_S = 10.0
#: In so many parts memory is looked at.
_PARTS = 10


@dataclass(frozen=True, slots=True)
class Size:
    """What a process holds."""

    kb: int
    threads: int
    descriptors: int

    @classmethod
    def of(cls, process: int) -> Size:
        """What it has written to memory, its threads and its descriptors, now.

        Not its share of what is in memory (PSS), which grows when another worker dies.
        """
        folder = Path(f"/proc/{process}")
        [kb] = re.findall(r"^Anonymous:\s+(\d+)", (folder / "smaps_rollup").read_text(), re.M)
        return cls(int(kb), len(list((folder / "task").iterdir())), len(list((folder / "fd").iterdir())))


@dataclass(frozen=True, slots=True)
class Soaked:
    """What came of it."""

    rows: list[Row]
    weather: Weather
    node: Node
    #: The witness: before the first visit, after each tenth of the time, and at rest.
    sizes: tuple[Size, ...]

    @property
    def growth(self) -> float:
        """By which share its memory was larger towards the end than once it was warm.

        Medians, because each edit shows for a second. A thread more is a quarter of a megabyte that the allocator keeps.
        """
        warm, late = (statistics.median(size.kb for size in self.sizes[part]) for part in (slice(2, 5), slice(8, 11)))
        return late / warm - 1

    def report(self) -> str:
        """What happened, in figures."""
        shares = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "longest": 1.0}
        times = ", ".join(f"{name} {percentile(self.rows, share) * 1000:.0f} ms" for name, share in shares.items())
        felt: dict[str, Counter[str]] = {}
        for line in lines_of(self.node.journal):
            at = datetime.fromisoformat(str(line["time"])).timestamp()
            for finding in line.get("findings", []) if line["event"] == "decided" else []:  # type: ignore[attr-defined]
                if finding["reason"] not in ("no-cookie", "closed"):
                    fault = self.weather.fault(finding["source"], at)
                    felt.setdefault(fault, Counter())[finding["reason"]] += 1
        return "\n".join(
            [
                f"{len(self.rows)} visits: {dict(by_status(self.rows))}; {times}",
                f"{self.weather.killed} workers killed, {self.weather.edited} edits, "
                f"{self.weather.sources.asked} questions to sources",
                f"witness, grown by {self.growth:.1%}:",
                *(f"  {s.kb} kB, {s.threads} threads, {s.descriptors} descriptors" for s in self.sizes),
                *(f"  {fault:20} {dict(reasons.most_common(5))}" for fault, reasons in sorted(felt.items())),
            ]
        )


def soak(folder: Path, seconds: float, rate: float, *, seed: int, longest: float, workers: int = 3) -> Soaked:
    """Let visits arrive for so long while everything happens, drawn by the seed; then let it come to rest."""
    with sources(folder) as asked, node(folder, {}, workers=workers) as running, proxied(running) as whole:
        weather = Weather(asked, running, seed, longest)
        witness = awake(whole.port, running)
        sizes, told, began = [Size.of(witness)], 0.0, time.monotonic()
        with arriving(whole.port, VISITS, (seconds, rate), seed=seed) as load:
            while not load.is_over():
                time.sleep(0.1)
                weather.pass_on(witness)
                past = time.monotonic() - began
                if len(sizes) < _PARTS and past > len(sizes) * seconds / _PARTS:
                    sizes.append(Size.of(witness))
                if past > told + _PROGRESS_S:
                    told = past
                    faults = {source: str(server.fault) for source, server in asked.servers.items()}
                    sys.stdout.write(f"\r{past:.0f} of {seconds:.0f} s, {weather.killed} killed, {faults}\x1b[K")
                    sys.stdout.flush()
            sizes.append(Size.of(witness))
            rows = load.rows()
        weather.clear_up()
        await_that(lambda: not any(running.ready()["degraded"] for _ in range(5 * workers)))
        rest(running, witness, sizes[0])
        asked.look()
        return Soaked(rows, weather, running, (*sizes, Size.of(witness)))


def awake(port: int, running: Node) -> int:
    """The worker that flies the canaries, once visits that ask nobody have opened whatever stays open.

    Any other would take a descriptor more when that one is killed.
    """
    with arriving(port, [click()], (2, 60)) as load:
        load.rows()
    return keeper(running.folder / "var" / "canaries.lock")


def rest(running: Node, witness: int, base: Size) -> None:
    """Wait until the witness holds no more than it must, as long as a collection of garbage may take."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        now = Size.of(witness)
        if now.threads <= base.threads + _POOL and now.descriptors <= base.descriptors * 1.05:
            return
        for _ in range(20):
            running.ready()


def assert_held(soaked: Soaked, growth: float) -> None:
    """Nothing that must never happen has happened; memory grew by less than this share."""
    rows, whole = soaked.rows, soaked.node
    assert {row.status for row in rows if row.visit != _NOWHERE} <= {200, 303}, by_status(rows)
    assert {row.status for row in rows if row.visit == _NOWHERE} <= {200, 404}, by_status(rows)
    settings, _ = load_settings(whole.folder / "config")
    school = settings.directory.find(ETAB)
    closed = {settings.targets["teleservices"].address(source, school, None) for source in SERVICES}
    assert {row.location for row in rows if row.status == 303} == closed
    to_aten = [row for row in rows if row.location == SERVICES["aten"] and row.visit != _CHOOSES]
    assert all(row.visit in _AT_ATEN and has_session(row.number) for row in to_aten)
    assert soaked.weather.sources.leaks == []
    assert_written(rows, whole)
    base, rested = soaked.sizes[0], soaked.sizes[-1]
    assert soaked.growth < growth, soaked.sizes
    assert rested.threads <= base.threads + _POOL, soaked.sizes
    assert rested.descriptors <= base.descriptors * 1.05, soaked.sizes


def assert_written(rows: list[Row], node: Node) -> None:
    """Each code that was shown is in the journal as often, and nothing that a visitor brought is in any file."""
    shown, written = Counter(row.code for row in rows), Counter(str(line["code"]) for line in lines_of(node.journal))
    assert "" not in shown
    assert shown - written == Counter()
    kept = [path for path in node.folder.rglob("*") if path.is_file()]
    told = [path.name for path in kept if re.search(rb"canary-|visitor-agent|stranger", path.read_bytes())]
    assert told == []
