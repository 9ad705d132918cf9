"""Several probes at once under one wall-clock deadline, each answer told as soon as it comes."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Iterable, Mapping
from types import TracebackType

from aiguilleur.core.model import Channel, Finding, ProbeRef, Reason, SessionState
from aiguilleur.probes.contract import BackChannelProbe, Forwarded

_LOGGER = logging.getLogger("aiguilleur.probes")


class Runner:
    """Asks this process's server-side probes, at most `workers` at a time; a full house is said at once."""

    def __init__(self, probes: Mapping[str, BackChannelProbe], workers: int = 64) -> None:
        """No thread is started here: a server may still fork."""
        self.probes = probes
        self.places = threading.BoundedSemaphore(workers)

    def visit(self, cookies: Mapping[str, str], forwarded: Forwarded, budget: float) -> Asking:
        """Ask on behalf of one visitor; `budget` is in seconds, for all probes together."""
        return Asking(self, cookies, forwarded, budget)


class Asking:
    """The probes of one visit. Leaving the block waits for nobody."""

    def __init__(self, runner: Runner, cookies: Mapping[str, str], forwarded: Forwarded, budget: float) -> None:
        self._runner = runner
        self._cookies = cookies
        self._forwarded = forwarded
        self._budget = budget
        self._deadline: float | None = None
        self._answers: queue.SimpleQueue[Finding] = queue.SimpleQueue()
        #: Asked and still silent, in the order asked.
        self._silent: dict[str, ProbeRef] = {}
        self._started: set[str] = set()

    def __enter__(self) -> Asking:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def start(self, refs: Iterable[ProbeRef]) -> None:
        """Ask those that have not been asked yet; the clock starts with the first."""
        if self._deadline is None:
            self._deadline = time.monotonic() + self._budget
        for ref in refs:
            if ref.id not in self._started:
                self._started.add(ref.id)
                self._silent[ref.id] = ref
                self._ask(ref, self._deadline)

    def next(self) -> Finding:
        """The next answer; once the time is over, one `deadline` finding a call for each probe still silent.

        Raises LookupError when nothing is being asked.
        """
        if not self._silent or self._deadline is None:
            raise LookupError("no probe is being asked")
        try:
            finding = self._answers.get(timeout=max(0.0, self._deadline - time.monotonic()))
        except queue.Empty:
            ref = next(iter(self._silent.values()))
            finding = _silence(ref, Reason.DEADLINE, round(self._budget * 1000))
        if finding.by not in self._silent:
            # It came after its deadline had been told; the next one counts.
            return self.next()
        del self._silent[finding.by]
        return finding

    def _ask(self, ref: ProbeRef, deadline: float) -> None:
        if not self._runner.places.acquire(blocking=False):
            self._answers.put(_silence(ref, Reason.BULKHEAD))
            return
        # Daemon: a source that hangs in name resolution must not keep a server from stopping.
        threading.Thread(target=self._run, args=(ref, deadline), name=f"probe-{ref.id}", daemon=True).start()

    def _run(self, ref: ProbeRef, deadline: float) -> None:
        try:
            left = deadline - time.monotonic()
            finding = self._runner.probes[ref.id].ask(self._cookies, self._forwarded, left)
        except Exception as error:
            _LOGGER.error("probe %s broke: %s", ref.id, type(error).__name__)
            finding = _silence(ref, Reason.PROTOCOL)
        finally:
            self._runner.places.release()
        self._answers.put(finding)


def _silence(ref: ProbeRef, reason: Reason, ms: int = 0) -> Finding:
    return Finding(ref.source, SessionState.UNKNOWN, Channel.BACK, ref.id, reason, ms)
