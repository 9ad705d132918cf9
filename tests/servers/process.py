"""A server that runs as a process of its own: started, waited for, suspended, ended."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

#: Seconds until a server must take connections; a machine shared by many takes its time.
START_S = 60.0
#: Seconds that it has to end by itself.
_STOP_S = 20.0
#: A socket's state in the kernel's tables.
_LISTEN = "0A"


class Process:
    """One running server; what it says is in its log."""

    def __init__(self, command: Sequence[str], port: int, log: Path) -> None:
        self.port = port
        self.log = log
        with log.open("wb") as output:
            # A group of its own: the signals below reach its children too.
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def suspend(self) -> None:
        """From now on it takes connections, which the kernel does for it, and answers nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def end(self) -> None:
        """Ask it to end, which it does in its own time."""
        self._signal(signal.SIGTERM)

    def await_start(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise AssertionError(f"ended with {self._process.returncode}: {self.log.read_text()[-2000:]}")
            if listens(self.port):
                return
            time.sleep(0.05)
        raise AssertionError(f"takes no connection after {START_S:.0f} s: {self.log.read_text()[-2000:]}")

    def stop(self) -> None:
        """End it, also when it is suspended."""
        self.end()
        self._signal(signal.SIGCONT)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_S)
        # What does not heed, and what its first process has left behind.
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)


def listens(port: int) -> bool:
    """Whether a socket takes connections at this port, as the kernel lists them (proc_pid_net(5)).

    Nobody is asked: shibd 3.4 corrupts its memory, and may end on that, when a connection ends as it begins.
    """
    tables = (Path("/proc/net", name) for name in ("tcp", "tcp6"))
    sockets = [line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
    return any(state == _LISTEN and local.endswith(f":{port:04X}") for _, local, _, state, *_ in sockets)


@contextmanager
def running(command: Sequence[str], port: int, log: Path) -> Iterator[Process]:
    """A server that takes connections; stopped at the end, whatever happens."""
    process = Process(command, port, log)
    try:
        process.await_start()
        yield process
    finally:
        process.stop()
