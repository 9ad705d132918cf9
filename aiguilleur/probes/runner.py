"""Several probes at once under one wall-clock deadline, each answer told as soon as it comes."""

from __future__ import annotations

import logging
import queue
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import TracebackType

from aiguilleur.core.model import Channel, Finding, ProbeRef, Reason, SessionState
from aiguilleur.probes.breaker import Breaker, Health
from aiguilleur.probes.cache import Cache, Tell
from aiguilleur.probes.contract import BackChannelProbe, Forwarded
from aiguilleur.probes.sort import sort_of

_LOGGER = logging.getLogger("aiguilleur.probes")
#: A probe is given this much less than the visit waits, in seconds: its own word on a failure is the more exact.
_MARGIN = 0.02
#: With less than this left, in seconds, nothing is sent: no answer would be in time, and its lack says nothing of the
#: source.
_LEAST = 0.05
#: How many visits of a process may wait for sources. The server has 32 threads a process: the others stay free for
#: those who wait for nothing.
_PLACES = 24


class Runner:
    """Asks this process's server-side probes: cache, then breaker, then a place in the house, then the deadline.

    A full house is said at once, never queued for. At most `places` visits wait at a time, and for each source half of
    them at most: one that hangs leaves the others theirs.
    """

    def __init__(
        self,
        probes: Mapping[str, BackChannelProbe],
        places: int = _PLACES,
        *,
        cache: Cache | None = None,
        breaker: Callable[[], Breaker] = Breaker,
        changed: Callable[[ProbeRef, Health], None] | None = None,
        gate: Callable[[str], Reason | None] | None = None,
        before: Runner | None = None,
    ) -> None:
        """No thread is started here: a server may still fork.

        `changed` is told when a breaker opens or closes; `gate` says why the browser may not be sent to a probe now. Of
        the runner `before` this one, the breakers of probes that are the same are taken over.
        """
        self.gate = gate
        self.probes = probes
        #: Without one, results are kept all the same, for this runner alone.
        self.cache = cache or Cache(secrets.token_bytes(32))
        #: By probe, the name that others know it by: what is known of it is of these very settings.
        self.names = {name: f"{name} {sort_of(probe)}" for name, probe in probes.items()}
        known = before.known if before else {}
        self.breakers = {name: known.get(told) or breaker() for name, told in self.names.items()}
        self._changed = changed
        self._places = threading.BoundedSemaphore(places)
        sources = {probe.ref.source for probe in probes.values()}
        self._per_source = {source: threading.BoundedSemaphore(max(1, places // 2)) for source in sources}

    @property
    def known(self) -> dict[str, Breaker]:
        """The breakers by the names that others know them by."""
        return {told: self.breakers[name] for name, told in self.names.items()}

    def visit(self, cookies: Mapping[str, str], forwarded: Forwarded, budget: float) -> Asking:
        """Ask on behalf of one visitor; `budget` is in seconds, for all probes together.

        Without any, no source is asked anew: the house is full, and only what is kept counts.
        """
        return Asking(self, cookies, forwarded, budget)

    def failing(self) -> frozenset[str]:
        """The probes that may not be asked now."""
        return frozenset([name for name, breaker in self.breakers.items() if breaker.refusal()])

    def health(self) -> dict[str, Health]:
        """How each probe's breaker stands."""
        return {name: breaker.health for name, breaker in self.breakers.items()}

    def question(self, ref: ProbeRef, cookies: Mapping[str, str], forwarded: Forwarded) -> bytes | None:
        """What the cache knows the question by; None when nothing would be sent."""
        sends = self.probes[ref.id].sends(cookies, forwarded)
        return self.cache.key(self.names[ref.id], sends) if sends else None

    def refuses(self, ref: ProbeRef) -> Reason | None:
        """Why the breaker would refuse a call now; it takes no trial."""
        return self.breakers[ref.id].refusal()

    def admit(self, ref: ProbeRef) -> int | Reason:
        """The breaker's turn for a call, or why it refuses."""
        return self.breakers[ref.id].enter()

    def learn(self, ref: ProbeRef, turn: int, finding: Finding | None) -> None:
        """Tell the breaker how that call went, or that it was not made."""
        health = self.breakers[ref.id].leave(turn, finding)
        if health is not None and self._changed is not None:
            self._changed(ref, health)

    def enter(self, ref: ProbeRef) -> bool:
        """Take a place to ask this probe, if there is one."""
        of_source = self._per_source.get(ref.source)
        if of_source is None or not of_source.acquire(blocking=False):
            return False
        if self._places.acquire(blocking=False):
            return True
        of_source.release()
        return False

    def leave(self, ref: ProbeRef) -> None:
        """Give the place back."""
        self._places.release()
        self._per_source[ref.source].release()


@dataclass(frozen=True, slots=True)
class _Asked:
    ref: ProbeRef
    began: float


class Asking:
    """The probes of one visit. Leaving the block waits for nobody."""

    def __init__(self, runner: Runner, cookies: Mapping[str, str], forwarded: Forwarded, budget: float) -> None:
        """Nothing is asked yet, and the clock stands still."""
        self._runner = runner
        self._cookies = cookies
        self._forwarded = forwarded
        self._budget = budget
        self._deadline: float | None = None
        self._answers: queue.SimpleQueue[tuple[str, Finding]] = queue.SimpleQueue()
        #: Asked and still silent, by the probe's id, in the order asked.
        self._silent: dict[str, _Asked] = {}
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
                self._silent[ref.id] = _Asked(ref, time.monotonic())
                self._ask(ref, self._deadline)

    def next(self) -> Finding:
        """The next answer; once the time is over, one `deadline` finding a call for each probe still silent.

        Raises LookupError when nothing is being asked.
        """
        while self._silent and self._deadline is not None:
            try:
                probe, finding = self._answers.get(timeout=max(0.0, self._deadline - time.monotonic()))
            except queue.Empty:
                probe, asked = next(iter(self._silent.items()))
                finding = _silence(asked.ref, Reason.DEADLINE, round((time.monotonic() - asked.began) * 1000))
            # What comes after its deadline has been told is too late.
            if self._silent.pop(probe, None):
                return finding
        raise LookupError("no probe is being asked")

    def refusal(self, ref: ProbeRef) -> Finding | None:
        """Why the browser may not be sent to this source now; None when it may."""
        reason = self._runner.gate(ref.id) if self._runner.gate else None
        return replace(_silence(ref, reason), channel=Channel.FRONT) if reason else None

    def _ask(self, ref: ProbeRef, deadline: float) -> None:
        tell: Tell = lambda finding: self._answers.put((ref.id, finding))  # noqa: E731 (a callback with its type)
        try:
            question = self._runner.question(ref, self._cookies, self._forwarded)
            if question is None:
                tell(self._runner.probes[ref.id].ask(self._cookies, self._forwarded, 0.0))
                return
        except Exception as error:
            tell(_broken(ref, error))
            return
        cache = self._runner.cache
        if (state := cache.fresh(question)) is not None:
            tell(_kept(ref, state))
        elif reason := self._runner.refuses(ref):
            tell(cache.with_last_state(question, _silence(ref, reason)))
        elif self._budget and _is_too_late(deadline):
            tell(cache.with_last_state(question, _silence(ref, Reason.DEADLINE)))
        elif not self._budget or not self._runner.enter(ref):
            tell(cache.with_last_state(question, _silence(ref, Reason.BULKHEAD)))
        elif cache.join(question, self._leaving(ref, tell)):
            self._call(ref, question, deadline)

    def _leaving(self, ref: ProbeRef, tell: Tell) -> Tell:
        """Tell, and give back the place of a visit that waited, for its own call or another's."""

        def left(finding: Finding) -> None:
            self._runner.leave(ref)
            tell(finding)

        return left

    def _call(self, ref: ProbeRef, question: bytes, deadline: float) -> None:
        turn = self._runner.admit(ref)
        if isinstance(turn, Reason):
            self._runner.cache.land(question, _silence(ref, turn))
            return
        # Daemon: a source that hangs must not keep a server from stopping.
        thread = threading.Thread(
            target=self._run, args=(ref, question, turn, deadline), name=f"probe-{ref.id}", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:
            # The system gives no more threads: as full a house as any.
            self._runner.learn(ref, turn, None)
            self._runner.cache.land(question, _silence(ref, Reason.BULKHEAD))

    def _run(self, ref: ProbeRef, question: bytes, turn: int, deadline: float) -> None:
        cache, asked = self._runner.cache, None
        finding = _silence(ref, Reason.PROTOCOL)
        try:
            state = cache.elsewhere(question)
            if state is not None:
                finding = _kept(ref, state)
            elif _is_too_late(deadline):
                # The thread was slow to start: ours is the fault, and the breaker is not to learn of it.
                finding = _silence(ref, Reason.DEADLINE)
            else:
                within = deadline - _MARGIN - time.monotonic()
                finding = asked = self._runner.probes[ref.id].ask(self._cookies, self._forwarded, within)
        except Exception as error:  # A probe never raises; if one does, that bug must cost its source alone.
            finding = asked = _broken(ref, error)
        finally:
            self._runner.learn(ref, turn, asked)
            cache.land(question, finding)
        if asked is not None:
            cache.publish(question, asked)


def _is_too_late(deadline: float) -> bool:
    return deadline - time.monotonic() < _LEAST


def _place(error: BaseException) -> str:
    """Where an error was raised: neither its text nor its trace, which may quote a cookie."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"


def _broken(ref: ProbeRef, error: Exception) -> Finding:
    _LOGGER.error("probe %s broke: %s at %s", ref.id, type(error).__name__, _place(error))
    return _silence(ref, Reason.PROTOCOL)


def _kept(ref: ProbeRef, state: SessionState) -> Finding:
    return Finding(ref.source, state, Channel.BACK, ref.id, Reason.CACHED)


def _silence(ref: ProbeRef, reason: Reason, ms: int = 0) -> Finding:
    return Finding(ref.source, SessionState.UNKNOWN, Channel.BACK, ref.id, reason, ms)
