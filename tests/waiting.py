"""What tests wait for, and for how long at most: a machine may be slow, and do much else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Seconds for a question of which an answer is awaited: more than the slowest machine takes.
AMPLE = 20.0
#: By how many seconds a machine that does much else may be late with anything; what stalls does so for thirty. To the
#: millisecond the promises on time are held by the tests marked `prove`.
LATE = 5.0
#: For whatever takes several steps, as a server that is started anew.
LONG = 60.0
#: Seconds from one look to the next at whether the machine stands still, and how late a look shows that it did.
_LOOK, _STOOD = 0.02, 0.5


def waited(began: float) -> float:
    """The seconds since then."""
    return time.monotonic() - began


def await_that(holds: Callable[[], object], within: float = LONG) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)


def await_probes(of: str = "") -> None:
    """Wait until no probe, or not this one, is under way: then breaker, cache and store know what it found."""
    await_that(lambda: not any(each.name.startswith(f"probe-{of}") for each in threading.enumerate()))


def undisturbed(attempt: Callable[[], None]) -> None:
    """Try something whose times are the product's own; again where an assertion failed and the machine stood still."""
    for left in (2, 1, 0):
        with _watched() as latest:
            try:
                attempt()
            except AssertionError:
                # Who watches may not have run again yet since the machine went on.
                time.sleep(2 * _LOOK)
                if not left or max(latest) < _STOOD:
                    raise
            else:
                return


@contextmanager
def _watched() -> Iterator[list[float]]:
    """By how many seconds a thread that does nothing else was late each time it looked at the clock."""
    late, over = [0.0], threading.Event()

    def look() -> None:
        due = time.monotonic() + _LOOK
        while not over.wait(_LOOK):
            late.append(time.monotonic() - due)
            due = time.monotonic() + _LOOK

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield late
    finally:
        over.set()
        thread.join()
