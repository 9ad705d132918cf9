"""A real CAS: PyPI's `django-cas-server`, with one account."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiguilleur.sandbox import free_port
from tests.servers.process import Process, running

HOST = "cas.education.localhost"


@dataclass(frozen=True, slots=True)
class Cas:
    """Where it is; alice, with the password alice, can open a session there."""

    process: Process

    @property
    def url(self) -> str:
        """Its login address."""
        return f"http://{HOST}:{self.process.port}/cas/login"


@contextmanager
def cas_server(folder: Path, services: tuple[str, ...], *, shows: bool = False) -> Iterator[Cas]:
    """Running, with these patterns of service addresses registered.

    `shows`: it shows its login form even when it was asked to show nothing.
    """
    port = free_port()
    told = {"port": port, "host": HOST, "database": str(folder / "cas.sqlite3"), "services": services, "shows": shows}
    command = (sys.executable, str(Path(__file__).with_name("casd.py")), json.dumps(told))
    with running(command, port, folder / "cas.log") as process:
        yield Cas(process)
