"""Counts what the journal is told, as one more sink of it, and how the worker stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from aiguilleur import __version__
from aiguilleur.core.model import Channel, Finding, Reason
from aiguilleur.journal import Event, JournalEntry, settled_by
from aiguilleur.metrics.sample import Sample
from aiguilleur.probes import State
from aiguilleur.probes.canary import Standing

_VISIT_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2.5)
_PROBE_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.2, 2.5)
_DECISIONS = frozenset({Event.DECIDED, Event.ASKED, Event.CHOICE})
#: Something was sent to the source, so that what came of it took time.
_ASKED = frozenset(
    {Reason.ANSWER, Reason.STATUS, Reason.PARSE, Reason.PROTOCOL, Reason.OVERSIZE, Reason.SIGNATURE}
    | {Reason.DEADLINE, Reason.DNS, Reason.CONNECT, Reason.TLS}
)
_CHANNELS = {Channel.SIGNAL: "signal", Channel.BACK: "server", Channel.FRONT: "browser"}


class Meter:
    """The metrics of one process; its labels are names of the configuration and closed sets."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        """Every family, without a value yet; a registry of its own unless one is given."""
        to = registry or CollectorRegistry()
        self._decisions = Counter(
            "aiguilleur_decisions",
            "Decisions, by what they were about, where they led and what settled them.",
            ("target", "outcome", "source", "channel"),
            registry=to,
        )
        self._entries = Counter(
            "aiguilleur_entries", "Entries of the journal, by event and HTTP status.", ("event", "status"), registry=to
        )
        self._floor = Counter("aiguilleur_floor", "Visits that broke, and got the last page.", registry=to)
        self._regrets = Counter(
            "aiguilleur_regrets",
            # Each once would take what all workers know: `journal report` has it.
            "Requests of visitors who came back within three minutes: the mire that they get, and what they do there.",
            ("target",),
            registry=to,
        )
        self._visits = Histogram(
            "aiguilleur_visit_seconds",
            "What a request took until it was decided.",
            ("channel",),
            buckets=_VISIT_S,
            registry=to,
        )
        self._findings = Counter(
            "aiguilleur_findings",
            "What sources were found to say, by reason.",
            ("source", "channel", "reason"),
            registry=to,
        )
        self._probes = Histogram(
            "aiguilleur_probe_seconds",
            "What a source took to answer the server.",
            ("source",),
            buckets=_PROBE_S,
            registry=to,
        )
        self._state = _State(to)

    def write(self, entry: JournalEntry) -> None:
        """Count an entry of the journal."""
        self._entries.labels(entry.event, str(entry.status)).inc()
        if entry.outcome == "floor":
            self._floor.inc()
        if entry.again is not None:
            self._regrets.labels(entry.target).inc()
        if entry.event in _DECISIONS:
            settled = settled_by(entry)
            self._decisions.labels(entry.target, entry.outcome, entry.source, settled).inc()
            self._visits.labels(settled).observe(entry.ms / 1000)
        for finding in _new_in(entry):
            self._findings.labels(finding.source, _CHANNELS[finding.channel], finding.reason).inc()
            if finding.channel is Channel.BACK and finding.reason in _ASKED:
                self._probes.labels(finding.source).observe(finding.ms / 1000)

    def observe(self, sample: Sample, *, afresh: bool) -> None:
        """Take over how the worker stands; `afresh` when its counts have begun again at nothing."""
        self._state.observe(sample, afresh)


def _new_in(entry: JournalEntry) -> Iterable[Finding]:
    """The findings of this very request: what a visit carries from one leg to the next was counted before."""
    if entry.event in (Event.SOURCE, Event.CONFIG):
        return ()
    before = entry.legs - (entry.event is Event.ASKED)
    if before <= 0:
        return entry.findings
    return tuple(finding for finding in entry.findings if finding.channel is Channel.FRONT)


class _State:
    """How the worker stands: gauges of the living, which Prometheus adds up over the processes or picks from."""

    def __init__(self, to: CollectorRegistry) -> None:
        self._breakers = Gauge(
            "aiguilleur_breaker_workers",
            "Workers that do not ask through a probe for now.",
            ("probe", "state"),
            registry=to,
            multiprocess_mode="livesum",
        )
        self._canaries = Gauge(
            "aiguilleur_canary",
            "How the canary of a probe stands: 1 for the standing that holds.",
            ("probe", "standing"),
            registry=to,
            multiprocess_mode="livemax",
        )
        self._spared = Counter("aiguilleur_cache_spared", "Questions that the cache has spared.", ("how",), registry=to)
        self._cached = _gauge(to, "cache_entries", "Answers of sources that are held for a moment.", "livesum")
        self._dropped = Counter(
            "aiguilleur_journal_dropped", "Entries that a sink of the journal has lost.", ("sink",), registry=to
        )
        self._ok = _gauge(to, "config_ok", "1 while every worker serves the configuration of the folder.", "livemin")
        self._read = _gauge(to, "config_read_timestamp_seconds", "When the configuration was read.", "livemax")
        self._digest = _gauge(to, "config_digest", "The configuration's digest, as a number.", "livemostrecent")
        self._workers = _gauge(to, "workers", "Workers that are alive.", "livesum")
        self._build = Gauge(
            "aiguilleur_build_info", "The version.", ("version",), registry=to, multiprocess_mode="livemax"
        )
        self._counted: dict[tuple[str, str], int] = {}
        self._shown: dict[Gauge, set[tuple[str, str]]] = {}

    def observe(self, sample: Sample, afresh: bool) -> None:
        if afresh:
            self._counted.clear()
        self._count(self._spared, "spared", sample.spared)
        self._count(self._dropped, "dropped", sample.dropped)
        self._show(self._breakers, sample.breakers, [each for each in State if each is not State.CLOSED])
        self._show(self._canaries, sample.canaries, list(Standing))
        self._cached.set(sample.cached)
        self._ok.set(sample.is_wanted)
        self._read.set(sample.read_at)
        self._digest.set(int(sample.digest or "0", 16))
        self._workers.set(1)
        self._build.labels(__version__).set(1)

    def _count(self, counter: Counter, what: str, counts: Mapping[str, int]) -> None:
        for name, count in counts.items():
            counter.labels(name).inc(count - self._counted.get((what, name), 0))
            self._counted[what, name] = count

    def _show(self, gauge: Gauge, standing: Mapping[str, str], states: Iterable[str]) -> None:
        now = {(probe, str(state)) for probe in standing for state in states}
        for probe, state in now:
            gauge.labels(probe, state).set(standing[probe] == state)
        # Of a probe that the configuration no longer has, nothing stands.
        for gone in self._shown.get(gauge, set()) - now:
            gauge.labels(*gone).set(0)
        self._shown[gauge] = now


def _gauge(to: CollectorRegistry, name: str, told: str, mode: str) -> Gauge:
    return Gauge(f"aiguilleur_{name}", told, registry=to, multiprocess_mode=mode)  # type: ignore[arg-type]
