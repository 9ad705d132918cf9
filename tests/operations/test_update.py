"""An update is installed under a server that runs, and taken by a HUP."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path
from urllib.request import urlopen

from aiguilleur.sandbox import free_port
from tests.conftest import ROOT
from tests.nodes import write_node
from tests.servers.process import running
from tests.waiting import await_that


def versions(port: int) -> set[str]:
    """What its workers say that they are."""
    told = set()
    for _ in range(12):
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=20) as answer:
            told.add(str(json.loads(answer.read())["version"]))
    return told


def test_a_hup_takes_the_code_that_is_installed_now(tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    shutil.copytree(ROOT / "aiguilleur", installed / "aiguilleur", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "wsgi.py", installed)
    port, config = free_port(), write_node(tmp_path, {"aten": 9, "educonnect": 9})
    settings = {
        "AIGUILLEUR_CONFIG": str(config),
        "AIGUILLEUR_BIND": f"127.0.0.1:{port}",
        "AIGUILLEUR_WORKERS": "2",
        "AIGUILLEUR_SECRET_KEYS": "k" * 32,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PATH": os.environ["PATH"],
    }
    server = (sys.executable, "-m", "gunicorn", "--chdir", str(installed), "-c", str(ROOT / "config/gunicorn.conf.py"))
    environment = ("env", "-i", *(f"{name}={value}" for name, value in settings.items()))
    with running((*environment, *server, "wsgi:app"), port, tmp_path / "log") as process:
        [before] = versions(port)
        version = installed / "aiguilleur" / "__init__.py"
        version.write_text(version.read_text().replace(f'"{before}"', '"99.0.0"'))
        os.kill(process.pid, signal.SIGHUP)
        await_that(lambda: versions(port) == {"99.0.0"})
