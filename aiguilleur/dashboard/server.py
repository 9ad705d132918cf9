"""The server of the dashboard: for a few people, on this machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from wsgiref.types import WSGIApplication

from gunicorn.app.base import BaseApplication


class _Server(BaseApplication):  # type: ignore[misc]
    """One process with a few threads: a few people look at it, and numbers are read once for all of them."""

    def __init__(self, make: Callable[[], WSGIApplication], bind: str) -> None:
        self._make, self._bind = make, bind
        super().__init__()

    def load_config(self) -> None:
        settings = {"bind": self._bind, "workers": 1, "worker_class": "gthread", "threads": 4, "timeout": 120}
        for name, value in settings.items():
            self.cfg.set(name, value)
        self.cfg.set("loglevel", "warning")

    def load(self) -> Any:
        return self._make()


def serve(make: Callable[[], WSGIApplication], host: str, port: int) -> None:
    """Serve until Ctrl-C; the application is made in the process that answers."""
    _Server(make, f"[{host}]:{port}" if ":" in host else f"{host}:{port}").run()
