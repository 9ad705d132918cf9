"""Each process keeps in touch with the others through the shared store, in a thread that no visit waits for."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable

from aiguilleur.probes.shared import Store
from aiguilleur.web.service import Service

_LOGGER = logging.getLogger("aiguilleur")
#: Between two looks, in seconds; spread, so that processes do not all ask at once.
_EVERY_S = (0.5, 1.0)


class Sharing:
    """Looks after the store of the configuration in force, which may be edited."""

    def __init__(self, running: Callable[[], Service | None], over: threading.Event) -> None:
        """`over` ends the thread once set."""
        self._running = running
        self._over = over
        self._store: Store | None = None

    def start(self) -> None:
        """Keep in touch from now on, in a thread that ends with the process."""
        threading.Thread(target=self._follow, name="shared", daemon=True).start()

    def look(self) -> None:
        """Keep in touch once."""
        running = self._running()
        store = running.store if running else None
        breakers = running.breakers if running else None
        if breakers is not None:
            breakers.wake.clear()
        if self._store is not store:
            self._hang_up()
            self._store = store
        if store is not None and store.tend() and breakers is not None:
            breakers.exchange()

    def _follow(self) -> None:
        while not self._over.is_set():
            try:
                self.look()
            except Exception as error:  # Whatever happens here, the next look may do better.
                _LOGGER.error("nothing is shared: %s", type(error).__name__)
            self._pause(random.uniform(*_EVERY_S))  # noqa: S311 (hides nothing)
        self._hang_up()

    def _pause(self, seconds: float) -> None:
        """Wait, but not with news for the others."""
        running = self._running()
        news = running.breakers.wake if running and running.breakers else self._over
        news.wait(seconds)

    def _hang_up(self) -> None:
        if self._store is not None:
            self._store.close()
