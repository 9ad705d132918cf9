"""The world on a real socket of the loopback interface."""

from __future__ import annotations

import secrets
import socket
import ssl
import threading
from contextlib import suppress
from itertools import count
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from werkzeug.serving import WSGIRequestHandler, make_server

from aiguilleur.sandbox.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

#: From below those ports that the kernel gives to whoever connects, one of which may be taken again at once.
_FIRST, _PORTS = 20_000, 12_000
#: In turn: one that was given, and is not in use yet, must not be given again.
_TURNS = count(secrets.randbelow(_PORTS))


class _QuietHandler(WSGIRequestHandler):
    """One request, without a line on the terminal: the journal's lines are what one reads there."""

    def run_wsgi(self) -> None:
        try:
            urlsplit(self.path)
        except ValueError:
            # Werkzeug lets this one escape as a traceback, and the browser without an answer.
            self.send_error(400)
            return
        super().run_wsgi()

    def connection_dropped(self, error: BaseException, environ: WSGIEnvironment | None = None) -> None:
        """Close it: a source that misbehaves on its connection is done with it."""
        super().connection_dropped(error, environ)
        self.close_connection = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 (werkzeug's name)
        """Say nothing."""


class Server:
    """A world that answers in threads, several at once, which end with the process at the latest."""

    def __init__(self, world: World, port: int, tls: ssl.SSLContext | None = None) -> None:
        """Bind 127.0.0.1; OSError when the port cannot be had."""
        self._world = world
        # Bound here: on a port that is taken, werkzeug would end the process itself. It keeps a copy of the socket.
        with socket.create_server(("127.0.0.1", port), backlog=128) as bound:
            self._server = make_server(
                "127.0.0.1", port, world.wsgi, fd=bound.fileno(), threaded=True, request_handler=_QuietHandler
            )
        if tls:
            # Each connection shakes hands in its own thread: werkzeug would let a slow one hold up all others.
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
            self._server.ssl_context = tls
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True, name="sandbox")

    @property
    def port(self) -> int:
        """The port that is bound."""
        return self._server.port

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering, end the waits of slow and mute sources, and give the port back."""
        self._world.switches.release()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(5)
        self._server.server_close()

    def __enter__(self) -> Server:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()


def serve(world: World, port: int, tls: ssl.SSLContext | None = None) -> Server:
    """A server for this world, bound and not yet started; the port is the one that the world's links carry.

    With `tls` it speaks https, which a world whose scheme that is expects.
    """
    return Server(world, port, tls)


def free_port() -> int:
    """A port of the loopback interface that nobody uses just now, another one each time."""
    while True:
        port = _FIRST + next(_TURNS) % _PORTS
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
