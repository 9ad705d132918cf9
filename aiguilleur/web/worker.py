"""The worker that the server is configured with: gunicorn's threads, and each answer in one piece."""

from __future__ import annotations

import socket
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

#: What is longer is sent as it comes, in bytes; the pages and redirects are far below.
_MOST_BYTES = 64 * 1024


class Worker(ThreadWorker):  # type: ignore[misc]
    """A gthread worker that hands the head and the body of an answer to the kernel together.

    gunicorn sends the head first, and then waits its turn among the threads. A worker that is killed in between leaves
    half an answer: the proxy has passed on the head, and can ask nobody else.
    """

    def handle_request(self, req: Any, conn: Any) -> bool:
        """Answer a request as gunicorn's own worker; whether the connection is kept."""
        plain, conn.sock = conn.sock, OnePiece(conn.sock)
        try:
            kept = bool(super().handle_request(req, conn))
            conn.sock.flush()
            return kept
        finally:
            conn.sock = plain


class OnePiece:
    """A socket that keeps what is to be sent until it is told to, or until it is too much."""

    def __init__(self, plain: socket.socket) -> None:
        self._plain = plain
        self._kept = bytearray()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)

    def sendall(self, data: bytes) -> None:
        """Keep these bytes; OSError when they are too many to keep and the other side has gone."""
        self._kept += data
        if len(self._kept) > _MOST_BYTES:
            self.flush()

    def sendfile(self, *arguments: Any, **options: Any) -> int:
        """Send a file behind what is kept; OSError when the other side has gone."""
        self.flush()
        return self._plain.sendfile(*arguments, **options)

    def flush(self) -> None:
        """Send what is kept; OSError when the other side has gone."""
        kept, self._kept = bytes(self._kept), bytearray()
        if kept:
            self._plain.sendall(kept)
