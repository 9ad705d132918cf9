"""Who is measured: aiguilleur in each of its situations, and what else could redirect."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from aiguilleur.sandbox import educonnect_provider, free_port
from aiguilleur.sandbox.faults import Answer, Fault, FaultServer
from tests.bench.happenings import IN_SESSION, after_a_while
from tests.bench.measure import Contender
from tests.conftest import ROOT
from tests.load import Visit, arriving
from tests.nodes import LINK, Node, click, node
from tests.servers.process import Process, running
from tests.servers.shibboleth import LOGIN, service_provider
from tests.servers.simplesamlphp import HOST as IDP_HOST
from tests.servers.simplesamlphp import saml_server

#: Each is measured on one core.
WORKERS = 1
_DISCO = "/module.php/saml/disco.php?entityID=https%3A%2F%2Fsp.example&return={back}&isPassive=true"
BASE = "an empty Flask redirect"
SIGNAL, UNWRITTEN, COUNTED = "signal only", "signal only, without a journal", "signal only, with metrics"
#: Between these, differences of some hundredths are promised: each has two turns in a round.
CLOSE = (BASE, SIGNAL, UNWRITTEN, COUNTED)
_NGINX = """
daemon off; error_log stderr; pid {folder}/nginx.pid; worker_processes 1;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  map $arg_de $service {{ default https://teleservices.ac-besancon.example/ts; affiche https://educonnect.example/; }}
  server {{ listen 127.0.0.1:{port}; location /vers/ {{ return 303 $service; }} }}
}}
"""


@contextmanager
def contenders(folder: Path, only: Sequence[str] = ()) -> Iterator[list[Contender]]:
    """All of them, running, or those named."""
    with ExitStack() as stack:
        found: list[Contender] = []
        for name, start in _STARTS.items():
            if not only or name in only:
                place = folder / f"c{len(found)}"
                place.mkdir()
                found.append(replace(stack.enter_context(start(place)), name=name))
        yield found


@contextmanager
def _empty(folder: Path) -> Iterator[Contender]:
    port = free_port()
    gunicorn = (sys.executable, "-m", "gunicorn", "--chdir", str(ROOT), "-c", str(ROOT / "config/gunicorn.conf.py"))
    settings = (f"AIGUILLEUR_BIND=127.0.0.1:{port}", f"AIGUILLEUR_WORKERS={WORKERS}")
    with running(("env", *settings, *gunicorn, "tests.bench.empty:app"), port, folder / "log") as process:
        yield _contender(process, port)


def _contender(process: Process, port: int, visit: Visit | None = None, *more: int) -> Contender:
    return Contender("", port, visit or POSTER, (process.pid, *more))


#: A family with what browsers send, by a QR code: the rules answer without asking anybody.
POSTER = click(path=f"{LINK}?de=affiche")


@contextmanager
def _node(folder: Path, fault: Fault, well: Answer, more: str = "") -> Iterator[tuple[Node, FaultServer]]:
    """A node whose two sources are one server."""
    with FaultServer(respond=lambda _: well) as source:
        source.set(fault)
        with node(folder, dict.fromkeys(("aten", "educonnect"), source.port), workers=WORKERS, more=more) as each:
            yield each, source


@contextmanager
def _signal(folder: Path) -> Iterator[Contender]:
    with _node(folder, Fault.WELL, IN_SESSION) as (each, _):
        yield _contender(each.process, each.port)


@contextmanager
def _without_journal(folder: Path) -> Iterator[Contender]:
    with _node(folder, Fault.WELL, IN_SESSION) as (each, _):
        site = folder / "config" / "aiguilleur.yaml"
        text = site.read_text(encoding="utf-8")
        site.write_text("".join(line for line in text.splitlines(True) if not line.startswith("journal:")))
        _await_edit(each)
        yield _contender(each.process, each.port)


def _await_edit(each: Node) -> None:
    """Until each worker serves the edited configuration, which takes five seconds at most."""
    time.sleep(6)
    assert each.ready()["degraded"] == ""


@contextmanager
def _with_metrics(folder: Path) -> Iterator[Contender]:
    with _node(folder, Fault.WELL, IN_SESSION, f'metrics: {{listen: "127.0.0.1:{free_port()}"}}') as (each, _):
        yield _contender(each.process, each.port)


@contextmanager
def _cached(folder: Path) -> Iterator[Contender]:
    same = click("aten")
    with _node(folder, Fault.WELL, IN_SESSION) as (each, _):
        cookie = same.headers["Cookie"].replace("{n}", "1")
        yield _contender(each.process, each.port, Visit(same.path, {**same.headers, "Cookie": cookie}))


@contextmanager
def _live(folder: Path) -> Iterator[Contender]:
    with _node(folder, Fault.WELL, after_a_while) as (each, _):
        yield _contender(each.process, each.port, click("aten"))


@contextmanager
def _silent(folder: Path) -> Iterator[Contender]:
    with _node(folder, Fault.SILENT, IN_SESSION) as (each, _):
        # Until each worker has waited often enough to wait no more.
        with arriving(each.port, [click("aten")], (4, 30)) as load:
            load.rows()
        yield replace(_contender(each.process, each.port, click("aten")), status=200)


@contextmanager
def _nginx(folder: Path) -> Iterator[Contender]:
    port = free_port()
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder, port=port))
    with running(
        ("/usr/sbin/nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)), port, folder / "log"
    ) as each:
        yield _contender(each, port)


@contextmanager
def _shibboleth(folder: Path) -> Iterator[Contender]:
    identity = educonnect_provider(free_port(), {})
    with service_provider(identity.metadata(), identity.entity_id, "https://aiguilleur.example") as provider:
        visit = Visit(LOGIN, {**POSTER.headers, "Host": provider.origin.removeprefix("http://")})
        contender = _contender(provider.process, provider.process.port, visit, provider.daemon.pid)
        yield replace(contender, status=302)


@contextmanager
def _simplesamlphp(folder: Path) -> Iterator[Contender]:
    with saml_server(folder) as server:
        # It leads back to a host that it trusts: its own.
        back = quote(f"http://{IDP_HOST}:{server.process.port}/back", safe="")
        visit = Visit(_DISCO.format(back=back), {**POSTER.headers, "Host": f"{IDP_HOST}:{server.process.port}"})
        yield replace(_contender(server.process, server.process.port, visit), status=302, rate=20.0, closes=True)


#: By name, in the order of the table.
_STARTS: Mapping[str, Callable[[Path], AbstractContextManager[Contender]]] = {
    BASE: _empty,
    SIGNAL: _signal,
    UNWRITTEN: _without_journal,
    COUNTED: _with_metrics,
    "a cached answer": _cached,
    "a source that takes 50 ms": _live,
    "a source that is silent, breaker open": _silent,
    "nginx, map and return": _nginx,
    "Shibboleth SP, Login": _shibboleth,
    "SimpleSAMLphp, discovery": _simplesamlphp,
}
