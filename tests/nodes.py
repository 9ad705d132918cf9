"""Nodes as they are deployed: gunicorn with the shipped server configuration, in front of sources that a test holds."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.request import urlopen

from aiguilleur.sandbox import free_port
from tests.conftest import ROOT
from tests.load import Visit
from tests.servers.process import START_S, Process, running
from tests.waiting import await_that

ETAB = "clg-rochat-rousses"
HOST = "aiguilleur.academie.localhost"
LINK = f"/vers/teleservices/{ETAB}"
#: By source, where the rules send a browser: the only destinations but our own pages.
SERVICES = {
    "aten": "https://teleservices.ac-besancon.example/ts",
    "educonnect": "https://teleservices.education.example/",
}
COOKIES = {"aten": "CTSESSION", "educonnect": "EDUSESSION"}
_SITE = """
public_url: http://{host}
portal_suffix: eclat.example
portals: ["*.eclat.example"]
entries: {{eclat: la zone connectée, affiche: une affiche}}
budget_ms: {budget_ms}
journal: [{{kind: file, path: "{journal}"}}]
state_dir: "{state}"
node: {node}
{more}
"""
_SOURCE = """
  - id: {id}
    name: {id}
    help: Un compte
    probes:
      - id: {id}-status
        kind: http_status
        url: http://{id}.sources.localhost/session
        connect: 127.0.0.1:{port}
        cookies: [{cookie}]
        without_cookies: inactive
        active: {{status: 200, contains: "in session"}}
        inactive: {{status: [302, 403]}}
"""
_TARGETS = """
targets:
  - id: teleservices
    name: Téléservices
    urls:
"""
_RULES = """
rules:
  - {id: chosen, each: source, when: [{choice: "{source}"}], then: {redirect: "{source}"}}
  - {id: from-a-poster, when: [{entry: affiche}], then: {redirect: educonnect}}
  - {id: aten-active, when: [{source: aten, is: active}], then: {redirect: aten}}
  - {id: educonnect-active, when: [{source: educonnect, is: active}], then: {redirect: educonnect}}
default: {discover: [educonnect, aten]}
"""


@dataclass(frozen=True, slots=True)
class Node:
    """One running node."""

    port: int
    folder: Path
    process: Process

    @property
    def journal(self) -> Path:
        return self.folder / "journal.jsonl"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def ready(self) -> dict[str, object]:
        """What one of its workers says of itself."""
        with urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=20) as answer:
            told: dict[str, object] = json.loads(answer.read())
        return told

    def workers(self) -> list[int]:
        """The process ids of its workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(each) for each in children.split()]

    def await_workers(self, workers: int) -> None:
        """Wait until it has all its workers and one of them answers; its first process takes connections before."""
        deadline = time.monotonic() + START_S
        while len(self.workers()) < workers:
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)
        urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=START_S).close()


def keeper(lock: Path, but: int = 0) -> int:
    """The process that holds this lock, once one does, and another one than that.

    It is never 0, which a signal takes for all of our own.
    """
    held: list[int] = []

    def is_held() -> bool:
        of_file = rf"FLOCK +ADVISORY +WRITE +(\d+) \w+:\w+:{lock.stat().st_ino} "
        found = re.findall(of_file, Path("/proc/locks").read_text())
        held[:] = [int(each) for each in found if int(each) not in (0, but)]
        return len(held) == 1

    await_that(is_held)
    return held[0]


def write_node(
    folder: Path, sources: Mapping[str, int], *, name: str = "ts1", budget_ms: int = 1200, more: str = ""
) -> Path:
    """The configuration of a node, whose sources answer on these ports; `more` are further lines of its site."""
    config = folder / "config"
    config.mkdir(parents=True)
    values = {"host": HOST, "budget_ms": budget_ms, "node": name, "more": more}
    site = _SITE.format(journal=folder / "journal.jsonl", state=folder / "var", **values)
    written = (_SOURCE.format(id=source, port=port, cookie=COOKIES[source]) for source, port in sources.items())
    targets = (f"      {source}: {address}\n" for source, address in SERVICES.items())
    schools = "etab;uai;name;kind;town;academy\n" + f"{ETAB};;Collège Rochat;collège;Les Rousses;besancon\n"
    files = {
        "aiguilleur.yaml": site,
        "sources.yaml": "sources:" + "".join(written),
        "targets.yaml": _TARGETS + "".join(targets),
        "rules.yaml": _RULES,
        "schools.csv": schools,
    }
    for file, text in files.items():
        (config / file).write_text(text, encoding="utf-8")
    return config


def server(folder: Path, port: int, workers: int, more: Mapping[str, str] = MappingProxyType({})) -> tuple[str, ...]:
    """The command that serves the configuration of a folder, with the shipped configuration of the server."""
    settings = {
        "AIGUILLEUR_CONFIG": str(folder / "config"),
        "AIGUILLEUR_STATE": str(folder / "var"),
        "AIGUILLEUR_BIND": f"127.0.0.1:{port}",
        "AIGUILLEUR_WORKERS": str(workers),
        "AIGUILLEUR_SECRET_KEYS": "k" * 32,
        "PATH": os.environ["PATH"],
        **more,
    }
    # Its script, as in deployments: gunicorn that runs as a module cannot start its own successor (USR2).
    script = str(Path(sys.executable).with_name("gunicorn"))
    gunicorn = (script, "--chdir", str(ROOT), "-c", str(ROOT / "config/gunicorn.conf.py"))
    return ("env", "-i", *(f"{key}={value}" for key, value in settings.items()), *gunicorn, "wsgi:app")


@contextmanager
def node(
    folder: Path,
    sources: Mapping[str, int],
    *,
    workers: int = 2,
    name: str = "ts1",
    budget_ms: int = 1200,
    more: str = "",
    port: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Node]:
    """A node that answers, ended with the block."""
    config = folder / "config"
    if not config.exists():
        write_node(folder, sources, name=name, budget_ms=budget_ms, more=more)
    port = port or free_port()
    command = server(folder, port, workers, environment or {})
    with running(command, port, folder / "log") as process:
        started = Node(port, folder, process)
        started.await_workers(workers)
        yield started


def click(*sources: str, path: str = LINK, **headers: str) -> Visit:
    """A click in a portal by a visitor who brings a cookie of these sources, another value for each visit."""
    cookies = "; ".join(f"{COOKIES[source]}=canary-{source}-{{n}}" for source in sources)
    sent = {
        "Host": HOST,
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) visitor-agent-{n}",
        "Referer": f"https://{ETAB}.eclat.example/",
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
        "Sec-Fetch-User": "?1",
        **({"Cookie": cookies} if cookies else {}),
        **headers,
    }
    return Visit(path, sent)
