"""One process of a node flies its canaries: the one that holds a lock, which ends with it."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from aiguilleur.probes.canary.canaries import Canaries

_LOGGER = logging.getLogger("aiguilleur.probes")
_EVERY_S = 1.0


class Keeper:
    """Tends the canaries in force, wherever no other process of this node does."""

    def __init__(self, canaries: Callable[[], Canaries | None], over: threading.Event | None = None) -> None:
        """`canaries` gives those of the configuration in force, which may be edited; None while there is none.

        `over` ends the thread once set.
        """
        self._canaries = canaries
        self._held: tuple[Path, int] | None = None
        self._over = over or threading.Event()

    def look(self) -> None:
        """Tend them once, if it is for this process to do."""
        canaries = self._canaries()
        if canaries is not None and self._holds(canaries.board.lock_path):
            canaries.tend()

    def start(self) -> None:
        """Tend them from now on, in a thread that ends with the process."""
        threading.Thread(target=self._follow, name="canaries", daemon=True).start()

    def _follow(self) -> None:
        while not self._over.is_set():
            try:
                self.look()
            except Exception as error:  # Whatever happens here, the next look may do better.
                _LOGGER.error("the canaries cannot be tended: %s", type(error).__name__)
            self._over.wait(_EVERY_S)
        self._release()

    def _holds(self, path: Path | None) -> bool:
        """Whether this process has the lock; memory is its own, and needs none."""
        if path is None or (self._held and self._held[0] == path):
            return True
        self._release()
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
            try:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(number)
                return False
            self._held = path, number
            return True
        return False

    def _release(self) -> None:
        if self._held:
            os.close(self._held[1])
            self._held = None
