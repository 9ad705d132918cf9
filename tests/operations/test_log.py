"""What the server's own log says of requests that it cannot read."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

from tests.nodes import node
from tests.operations.machine import exchange

CANARY = "kanari"


def test_the_log_of_the_server_quotes_no_address_and_nothing_that_a_client_sent(tmp_path: Path) -> None:
    unreadable = [
        f"GET /{CANARY}?{CANARY} HTTP/9.9\r\n\r\n",
        f"{CANARY} / / /\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\n{CANARY} : 1\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\nCookie: {CANARY}={'x' * 20_000}\r\n\r\n",
    ]
    with node(tmp_path, {"aten": 1, "educonnect": 2}, workers=1) as running:
        statuses = [exchange(running.port, each.encode()).split()[1] for each in unreadable]
        os.kill(running.process.pid, signal.SIGTERM)
    log = (tmp_path / "log").read_text()

    assert set(statuses) <= {b"400", b"431", b"505"}
    assert log.count("a request that cannot be read was refused") == len(unreadable)
    assert CANARY not in log
    assert re.findall(r"ip=|127\.0\.0\.1(?!:\d+ \()", log) == []
