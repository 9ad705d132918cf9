"""Debian's Redis, and a way to it that can be sick."""

from __future__ import annotations

import shutil
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum, auto
from pathlib import Path
from types import TracebackType

import pytest

from aiguilleur.probes.shared import Place, Store
from aiguilleur.probes.shared import store as module
from aiguilleur.sandbox import free_port
from aiguilleur.sandbox.faults.place import Place as Port
from tests.servers.process import Process, running
from tests.waiting import LATE, await_that

#: Valkey speaks the same protocol, and is tried too where it is installed.
SERVERS = ("redis-server", *filter(shutil.which, ("valkey-server",)))


class Ill(Enum):
    """How the way to the store is sick."""

    REFUSED = auto()
    BLACK_HOLE = auto()
    SLOW = auto()
    GARBAGE = auto()
    HUGE = auto()
    DRIPS = auto()
    RESET = auto()


@contextmanager
def redis_server(
    folder: Path, *options: str, server: str = SERVERS[0], tls: bool = False, port: int | None = None
) -> Iterator[Process]:
    """A store that keeps nothing on disk, as docs/deploy.md has it."""
    folder.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    ports = ("--port", "0", "--tls-port", str(port)) if tls else ("--port", str(port))
    usual = ("--bind", "127.0.0.1", *ports, "--save", "", "--appendonly", "no", "--dir", str(folder))
    with running((server, *usual, *options), port, folder / f"log-{port}") as process:
        yield process


def tended(store: Store) -> Store:
    """The store, once it can be used."""
    await_that(store.tend)
    return store


def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on no store is slow, however busy the machine is that runs the tests."""
    for name in ("WITHIN_S", "UNSEEN_S", "_CONNECT_S"):
        monkeypatch.setattr(module, name, LATE)


def store_at(port: int, password: str = "") -> Store:
    return Store(Place(host="127.0.0.1", port=port), password)


class Way:
    """A port that leads to a store, well or ill; `asked` counts what came from clients."""

    def __init__(self, port: int) -> None:
        self._upstream = port
        self._place = Port("127.0.0.1")
        self.port = self._place.port
        self.ill: Ill | None = None
        self.asked = 0
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listen()

    def __enter__(self) -> Way:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._place.close()
        self._hang_up()
        for thread in self._threads:
            thread.join(5)

    def set(self, ill: Ill | None) -> None:
        """Behave so from now on; a server that dies takes its connections with it."""
        self.ill = ill
        self._place.deafen()
        if ill is Ill.REFUSED:
            self._hang_up()
        elif ill is Ill.BLACK_HOLE:
            self._place.stuff()
        else:
            self._listen()

    def _listen(self) -> None:
        self._begin(self._accept, self._place.listen())

    def _begin(self, what: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=what, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _hang_up(self) -> None:
        for sock in list(self._open):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                self._lead(listener.accept()[0])

    def _lead(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._upstream))
        except OSError:
            # The store is not there just now.
            client.close()
            return
        self._open |= {client, server}
        self._begin(self._pass_on, client, server)
        self._begin(self._answer, server, client)

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                self.asked += 1
                server.sendall(data)
        self._end(client, server)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                self._say(client, data)
        self._end(client, server)

    def _say(self, client: socket.socket, data: bytes) -> None:
        match self.ill:
            case None | Ill.REFUSED:
                client.sendall(data)
            case Ill.BLACK_HOLE:
                return
            case Ill.SLOW:
                time.sleep(0.2)
                client.sendall(data)
            case Ill.GARBAGE:
                client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            case Ill.HUGE:
                client.sendall(b"$900000000\r\n" + b"x" * (8 << 20))
            case Ill.DRIPS:
                for _ in range(100):
                    client.sendall(b"+")
                    time.sleep(0.01)
            case Ill.RESET:
                raise OSError

    def _end(self, *socks: socket.socket) -> None:
        resets = self.ill is Ill.RESET
        for sock in socks:
            with suppress(OSError):
                # Without a shutdown of what is sent, a connection that does not linger ends with a reset.
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", resets, 0))
                sock.shutdown(socket.SHUT_RD if resets else socket.SHUT_RDWR)
            sock.close()
            self._open.discard(sock)
