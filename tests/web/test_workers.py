"""The server as it is shipped, with several workers: what they share."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sys
import threading
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

from aiguilleur.sandbox import free_port
from tests.conftest import ROOT
from tests.nodes import keeper
from tests.servers.process import running
from tests.waiting import await_that
from tests.wire import says, serving

PROBE = """    probes:
      - id: educonnect
        kind: cas_passive
        url: http://cas.localhost:{port}/login
        connect: 127.0.0.1
"""


def write_configuration(folder: Path, source: int) -> Path:
    """The shipped configuration, with a CAS that is asked through the browser, and its own state."""
    written = Path(shutil.copytree(ROOT / "config", folder / "config"))
    sources = written / "sources.yaml"
    text = sources.read_text(encoding="utf-8")
    end = "    logout: https://educonnect.education.gouv.fr/Logout\n"
    assert end in text
    sources.write_text(text.replace(end, end + PROBE.format(port=source)), encoding="utf-8")
    site = written / "aiguilleur.yaml"
    site.write_text(site.read_text(encoding="utf-8").replace("state_dir: var", f"state_dir: {folder}/var"))
    return written


def ready(port: int) -> str:
    with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=20) as answer:
        return str(json.loads(answer.read())["probes"]["educonnect"]["canary"])


def test_one_worker_flies_the_canaries_for_all_and_another_takes_over(tmp_path: Path) -> None:
    def says_no(connection: socket.socket, over: threading.Event) -> None:
        """A CAS without a session: back to the service address as it was given."""
        [service_url] = parse_qs(urlsplit(source.heard[-1].split()[1]).query)["service"]
        says("302 Found", Location=service_url)(connection, over)

    with serving(says_no) as source:
        port, lock = free_port(), tmp_path / "var" / "canaries.lock"
        settings = {
            "AIGUILLEUR_CONFIG": str(write_configuration(tmp_path, source.port)),
            "AIGUILLEUR_BIND": f"127.0.0.1:{port}",
            "AIGUILLEUR_WORKERS": "3",
            "AIGUILLEUR_SECRET_KEYS": "k" * 32,
        }
        environment = [f"{name}={value}" for name, value in settings.items()]
        gunicorn = (sys.executable, "-m", "gunicorn", "--chdir", str(ROOT), "-c", str(ROOT / "config/gunicorn.conf.py"))
        with running(("env", *environment, *gunicorn, "wsgi:app"), port, tmp_path / "log"):
            await_that(lambda: ready(port) == "good")
            # One flight, before any visit, and each of the workers knows.
            assert {ready(port) for _ in range(30)} == {"good"}
            assert len(source.heard) == 1

            first = keeper(lock)
            os.kill(first, signal.SIGKILL)
            keeper(lock, but=first)
            await_that(lambda: len(source.heard) > 1)
            await_that(lambda: ready(port) == "good")
