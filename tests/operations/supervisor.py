"""A stand-in for systemd: what docs/examples/aiguilleur.service asks of it when the server's first process dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.nodes import Node, server, write_node
from tests.servers.process import running

#: Restart=always, RestartSec=100ms.
_AGAIN_S = 0.1


@contextmanager
def supervised(folder: Path, port: int, workers: int = 2) -> Iterator[Node]:
    """A node that is started again whenever it ends."""
    write_node(folder, {"aten": 1, "educonnect": 2})
    command = (sys.executable, "-m", "tests.operations.supervisor", *server(folder, port, workers))
    with running(command, port, folder / "log") as process:
        yield Node(port, folder, process)


def group() -> set[int]:
    """The processes that were started from here, without this one."""
    found = set()
    for each in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            if os.getpgid(int(each.name)) == os.getpgid(0):
                found.add(int(each.name))
    return found - {os.getpid()}


def supervise(command: list[str]) -> None:
    """Run a command for ever; end what is left of it each time it ends (KillMode=mixed)."""
    while True:
        subprocess.run(command, check=False)
        for left in group():
            with suppress(ProcessLookupError):
                os.kill(left, signal.SIGKILL)
        time.sleep(_AGAIN_S)


if __name__ == "__main__":
    supervise(sys.argv[1:])
