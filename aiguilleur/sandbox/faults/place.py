"""A port that is kept while nobody listens on it, or while all that knocks is dropped."""

from __future__ import annotations

import socket
from contextlib import suppress

#: More than a queue of none takes, whatever the kernel makes of that length.
_STUFFING = 4


class Place:
    """A port of one address, from which listening sockets come and go."""

    def __init__(self, host: str) -> None:
        """Take a free port of that address."""
        self._host = host
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # Bound and never listening, it keeps the port from everybody else.
        self._kept = self._bound(0)
        self.port: int = self._kept.getsockname()[1]
        self.shown = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        self._listener: socket.socket | None = None
        self._stuffing: list[socket.socket] = []

    def listen(self) -> socket.socket:
        """Listen again."""
        self._listener = self._bound(self.port)
        self._listener.listen(128)
        return self._listener

    def stuff(self) -> None:
        """Fill the queue of connections and take none of them: what comes then is dropped without a word."""
        self._listener = self._bound(self.port)
        self._listener.listen(0)
        for _ in range(_STUFFING):
            sock = socket.socket(self._family, socket.SOCK_STREAM)
            self._stuffing.append(sock)
            sock.setblocking(False)
            sock.connect_ex((self._host, self.port))

    def deafen(self) -> None:
        """Stop listening: what comes then is refused."""
        listener, self._listener = self._listener, None
        if listener:
            # Wakes the thread that accepts, which a mere close would not.
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        while self._stuffing:
            self._stuffing.pop().close()

    def close(self) -> None:
        """Give the port back."""
        self.deafen()
        self._kept.close()

    def _bound(self, port: int) -> socket.socket:
        sock = socket.socket(self._family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((self._host, port))
        return sock
