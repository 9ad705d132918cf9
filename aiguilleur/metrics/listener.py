"""The listener for scrapes, in the server's first process: it has an address of its own, which no visitor reaches.

Nothing of a scrape is going on while that process forks, and a worker closes what it inherits of it.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from aiguilleur.metrics.folder import make_folder

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_LOGGER = logging.getLogger("aiguilleur.metrics")
#: Held by whoever reads or folds the files, and by the process while it forks.
_lock = threading.Lock()
_running: list[_Listener] = []
#: A server that takes over waits for the address until the one before has gone; in seconds.
_PAUSE_S = 1.0


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    #: Seconds for a client that says nothing.
    timeout = 5

    def log_message(self, *_args: object) -> None:
        """Scrapes are not worth a line."""


class _Listener:
    """One listening server, its folder and its thread."""

    def __init__(self, host: str, port: int, folder: Path, read: Callable[[str], tuple[bytes, str]]) -> None:
        self.folder = folder
        self._host, self._port, self._read = host, port, read
        self._over = threading.Event()
        self._server: _Server | None = None
        threading.Thread(target=self._run, name="metrics", daemon=True).start()

    def forget(self) -> None:
        """Close the socket that a worker has inherited."""
        if self._server is not None:
            self._server.socket.close()

    def end(self) -> None:
        self._over.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self._server = self._bound()
            except OSError as error:
                _say_once(f"metrics: {self._host}:{self._port}: {error.strerror}; tried again until it can be had")
                self._over.wait(_PAUSE_S)
            else:
                self._server.serve_forever()
                return

    def _bound(self) -> _Server:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        kind = type("_Family", (_Server,), {"address_family": family})
        server: _Server = kind((self._host, self._port), _Handler)
        server.set_app(self._answer)
        return server

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/metrics":
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"/metrics\n"]
        try:
            with _lock:
                body, content_type = self._read(environ.get("HTTP_ACCEPT", ""))
        except Exception as error:
            # A worker was just making its file; the next scrape is seconds away.
            _LOGGER.warning("a scrape could not be answered: %s", type(error).__name__)
            start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
            return [b"again\n"]
        start_response("200 OK", [("Content-Type", content_type)])
        return [body]


def start() -> None:
    """Listen if the configuration wants it; whatever hinders it, the service starts."""
    try:
        _start()
    except Exception as error:
        _LOGGER.error("there are no metrics: %s: %s", type(error).__name__, error)


def _start() -> None:
    from aiguilleur.settings.metrics import wanted_in  # noqa: PLC0415 (the first process needs nothing else of it)

    wanted = wanted_in(Path(os.environ.get("AIGUILLEUR_CONFIG", "config")))
    if wanted is None:
        return
    folder = make_folder(wanted.state_dir)
    from aiguilleur.metrics import shared  # noqa: PLC0415 (an extra, and it must find the folder)

    _running.append(_Listener(wanted.host, wanted.port, folder, shared.reader(folder)))
    _guard_forks()


def bury(pid: int) -> None:
    """Keep what a worker that has ended counted, in one place for all of them."""
    from aiguilleur.metrics import shared  # noqa: PLC0415 (an extra)

    for each in _running:
        try:
            with _lock:
                shared.fold(each.folder, pid)
        except OSError as error:
            _LOGGER.error("metrics of a worker that has ended are lost: %s", error)


def stop() -> None:
    """Stop listening, and remove what was counted."""
    while _running:
        each = _running.pop()
        each.end()
        shutil.rmtree(each.folder, ignore_errors=True)


@cache
def _guard_forks() -> None:
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_in_child)


def _in_child() -> None:
    _lock.release()
    while _running:
        _running.pop().forget()


@cache
def _say_once(message: str) -> None:
    _LOGGER.warning("%s", message)
