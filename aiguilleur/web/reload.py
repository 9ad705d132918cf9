"""The application of a folder as the folder is now: a good edit is served within seconds, a bad one changes nothing."""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import threading
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from aiguilleur.errors import SettingsError
from aiguilleur.journal import Event, JournalEntry, new_code
from aiguilleur.probes.canary import Canaries, Keeper
from aiguilleur.settings.load import load
from aiguilleur.web.measuring import Measuring
from aiguilleur.web.service import Service, install, running_in
from aiguilleur.web.sharing import Sharing
from aiguilleur.web.stamps import Stamps
from aiguilleur.web.start import application, config_folder, started
from aiguilleur.web.trial import trouble

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_LOGGER = logging.getLogger("aiguilleur")
#: The folder is looked at this often, in seconds; an edit is taken once it has stood still for one look.
_PAUSE_S = 1.0
#: A line of the journal names so many of the mistakes of a configuration; the log has them all.
_MOST_PLACES = 20


class Reloading:
    """A WSGI application that follows its folder; each process has its own, and requests in flight keep theirs."""

    def __init__(self, over: threading.Event | None = None) -> None:
        """Read the folder; nothing is watched yet, because a server may still fork. `over` ends the watch once set."""
        self._folder = config_folder()
        self._stamps = Stamps(self._folder)
        self._served = self._seen = self._stamps.now()
        self._over = over or threading.Event()
        self._watching = 0
        #: Whether something was read, and so perhaps replaced, since the last look.
        self._has_left = False
        self._lock = threading.Lock()
        self.app = application()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer by the application in force; the first request of a process begins the watch at the latest."""
        if self._watching != os.getpid():
            self.watch()
        return self.app(environ, start_response)

    def watch(self) -> None:
        """Follow the folder, share, and tend the canaries, from now on, in this process; a second call does nothing."""
        with self._lock:
            if self._watching == os.getpid():
                return
            self._watching = os.getpid()
        Sharing(lambda: running_in(self.app), self._over).start()
        Keeper(self._in_force, self._over).start()
        threading.Thread(target=self._follow, name="settings", daemon=True).start()

    def look(self) -> None:
        """Look at the folder once: what has changed and stood still since the last look is read and served."""
        stamp = self._stamps.now()
        settled, self._seen = stamp == self._seen, stamp
        if settled and self._has_left:
            # Requests in flight are over by now; their settings and connections would wait for the next edit.
            self._has_left = False
            _give_back()
        if not settled or stamp == self._served:
            return
        self._served, self._has_left = stamp, True
        try:
            settings, warnings = load(self._folder)
            app = started(settings, warnings, running_in(self.app))
        except SettingsError as error:
            self._refused(str(error), error.places)
        except Exception as error:
            _LOGGER.exception("the edited configuration cannot be served")
            problem = trouble(error)
            self._refused(str(problem), (problem.place,))
        else:
            self.app = app
            _LOGGER.warning("serving the edited configuration, %s", settings.digest)
            self._note(running_in(app), "loaded")

    def _refused(self, problems: str, places: tuple[str, ...] = ()) -> None:
        _LOGGER.error("the edited configuration is refused, nothing has changed:\n%s", problems)
        if (running := running_in(self.app)) is not None:
            running = replace(running, degraded=problems)
            install(self.app.extensions, running)
            self._note(running, "refused", places[:_MOST_PLACES])

    def _note(self, running: Service | None, outcome: str, places: tuple[str, ...] = ()) -> None:
        if running is not None:
            settings = running.settings
            running.journal.write(
                JournalEntry(
                    time=running.now(),
                    code=new_code(),
                    event=Event.CONFIG,
                    target="",
                    outcome=outcome,
                    problems=places,
                    policy=settings.digest,
                    node=settings.site.node,
                )
            )

    def _in_force(self) -> Canaries | None:
        running = running_in(self.app)
        return running.canaries if running else None

    def _follow(self) -> None:
        measuring, pause = Measuring(), 0.0
        while not self._over.wait(pause):
            pause = _PAUSE_S
            try:
                self.look()
                measuring.measure(running_in(self.app))
            except Exception:  # Whatever happens here, the configuration in force is served on.
                _LOGGER.exception("the configuration's folder cannot be looked at")


def _give_back() -> None:
    """Let go of what nothing refers to any more, and let the system have the memory."""
    gc.collect()
    # The allocator would keep it, in as many heaps as there are threads, and a worker would grow with each edit.
    # glibc alone has this; other allocators do it by themselves.
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)
