from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from aiguilleur.sandbox import free_port
from tests.servers.process import Process, listens, running
from tests.waiting import AMPLE


@contextmanager
def file_server(folder: Path) -> Iterator[Process]:
    port = free_port()
    command = (sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(folder))
    with running(command, port, folder / "log") as process:
        yield process


def status(process: Process, within: float = AMPLE) -> int:
    with urlopen(f"http://127.0.0.1:{process.port}/log", timeout=within) as answer:
        return int(answer.status)


def test_a_port_is_found_to_listen_without_a_connection() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        assert not listens(port)

        server.listen()
        server.settimeout(0.1)
        assert listens(port)
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_suspended_server_takes_connections_and_answers_nothing(tmp_path: Path) -> None:
    with file_server(tmp_path) as process:
        assert status(process) == 200
        process.suspend()
        with pytest.raises(TimeoutError):
            status(process, 0.5)
        process.resume()
        assert status(process) == 200


def test_a_server_is_ended_also_when_it_is_suspended(tmp_path: Path) -> None:
    with file_server(tmp_path) as process:
        process.suspend()

    with pytest.raises(OSError, match="refused"):
        status(process)


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "raise SystemExit('no such database')")

    with (
        pytest.raises(AssertionError, match="ended with 1: no such database"),
        running(command, free_port(), tmp_path / "log"),
    ):
        pass
