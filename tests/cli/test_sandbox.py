"""The sandbox as a process: how it begins, what it says when it cannot, how it ends."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from aiguilleur.cli import main
from aiguilleur.sandbox import free_port
from tests.conftest import ROOT
from tests.waiting import LONG

pytestmark = pytest.mark.enable_socket


def test_a_port_that_is_taken_is_said_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = CliRunner().invoke(main, ["sandbox", "--config", str(ROOT / "config/sandbox"), "--port", str(port)])

    assert told.exit_code == 1
    assert told.output.startswith(f"Port {port} cannot be used (Address already in use): stop what uses it")


def test_ended_by_a_service_manager_it_leaves_nothing_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from aiguilleur.cli import main; main()", "sandbox", "--port", str(free_port())]
    with subprocess.Popen(
        command, cwd=ROOT, env={"TMPDIR": str(tmp_path)}, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("Stop with"):
                break
        made = list(tmp_path.iterdir())
        process.terminate()
        try:
            rest, _ = process.communicate(timeout=LONG)
        finally:
            process.kill()

    assert said[1] == "aiguilleur is running, with a simulated académie around it.\n"
    assert (process.returncode, rest) == (0, "stopped\n")
    assert len(made) == 1
    assert list(tmp_path.iterdir()) == []
