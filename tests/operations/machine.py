"""One machine as docs/examples/ deploys it: nginx with the shipped file in front of gunicorn with the shipped file."""

from __future__ import annotations

import json
import socket
import ssl
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from aiguilleur.cli import main
from aiguilleur.sandbox import free_port
from tests.certificate import write_certificate
from tests.conftest import ROOT
from tests.load import Row
from tests.nodes import HOST, LINK, Node, node
from tests.servers.process import running
from tests.waiting import LONG
from tests.wire import says, serving

EXAMPLES = ROOT / "docs" / "examples"
#: A request that does not end.
HALF = f"GET {LINK} HTTP/1.1\r\nHost: {HOST}\r\nX-Slow: ".encode()
_AROUND = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.main.log;
events {{ worker_connections 1024; }}
http {{
    {temporary}
    include {folder}/aiguilleur.conf;
}}
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """nginx, and the node behind it."""

    #: Where nginx takes plain requests, and where it speaks TLS.
    port: int
    tls: int
    node: Node

    def access(self) -> list[dict[str, object]]:
        """What nginx has written of each request."""
        lines = (self.node.folder / "nginx.access.log").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def asked_again(self) -> int:
        """How many times a request was sent to another worker because one had died."""
        return sum(str(line["upstream_status"]).count(",") for line in self.access())


@contextmanager
def machine(folder: Path, workers: int = 3, port: int | None = None, **settings: str) -> Iterator[Machine]:
    """A machine whose source `aten` knows every visitor that brings its cookie."""
    with (
        serving(*[says("200 OK", b"in session")] * 50_000) as aten,
        serving(*[says("403 Forbidden")] * 50_000) as educonnect,
        node(
            folder, {"aten": aten.port, "educonnect": educonnect.port}, workers=workers, port=port, environment=settings
        ) as behind,
        proxied(behind) as whole,
    ):
        yield whole


@contextmanager
def proxied(behind: Node) -> Iterator[Machine]:
    """nginx in front of a node."""
    port, tls = free_port(), free_port()
    configuration = write_nginx(behind.folder, behind.port, port, tls)
    with running(("nginx", "-c", str(configuration), "-p", str(behind.folder)), port, behind.folder / "nginx.log"):
        yield Machine(port, tls, behind)


def write_nginx(folder: Path, upstream: int, port: int, tls: int) -> Path:
    """The shipped files, with the hosts, folders and ports of a test; what is around them is a distribution's part."""
    told = CliRunner().invoke(main, ["cookies", "--config", str(folder / "config")])
    assert told.exit_code == 0, told.output
    (folder / "cookies.conf").write_text(told.output, encoding="utf-8")
    certificate = write_certificate(folder / "certificate.pem")
    text = (EXAMPLES / "nginx.conf").read_text(encoding="utf-8")
    for shipped, ours in {
        "127.0.0.1:8000": f"127.0.0.1:{upstream}",
        "listen 80;": f"listen 127.0.0.1:{free_port()};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{tls} ssl http2; listen 127.0.0.1:{port};",
        "aiguilleur.ac-besancon.fr": HOST,
        "/etc/nginx/aiguilleur-cookies.conf": str(folder / "cookies.conf"),
        "/etc/ssl/aiguilleur.pem": str(certificate),
        "/var/log/nginx/aiguilleur.log": str(folder / "nginx.access.log"),
        "/var/log/nginx/aiguilleur-error.log": str(folder / "nginx.error.log"),
        "/usr/local/share/aiguilleur": str(EXAMPLES),
    }.items():
        assert shipped in text, shipped
        text = text.replace(shipped, ours)
    (folder / "aiguilleur.conf").write_text(text, encoding="utf-8")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    # The folders of a test are for its owner alone.
    user = "user root;" if folder.owner() == "root" else ""
    around = folder / "nginx.conf"
    around.write_text(_AROUND.format(folder=folder, temporary=temporary, user=user), encoding="utf-8")
    return around


def lines_of(*journals: Path) -> list[dict[str, object]]:
    """The lines of a journal; each is whole, or this fails."""
    return [json.loads(line) for path in journals for line in path.read_text(encoding="ascii").splitlines()]


def decided(lines: Iterable[dict[str, object]]) -> Counter[str]:
    """How often each code was written for a visit."""
    return Counter(str(line["code"]) for line in lines if line["event"] not in ("config", "source"))


def assert_written(rows: Iterable[Row], journals: Iterable[Path], again: int) -> None:
    """Each code that was shown is in the journal as often; what is over are visits that were asked again."""
    shown, written = Counter(row.code for row in rows), decided(lines_of(*journals))
    assert "" not in shown
    assert shown - written == Counter()
    assert (written - shown).total() <= again


def exchange(port: int, data: bytes, tls: bool = False) -> bytes:
    """What a server answers to these bytes."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=LONG)
    with _trusting().wrap_socket(plain, server_hostname=HOST) if tls else plain as connection:
        connection.sendall(data)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def get(path: str, *headers: str) -> bytes:
    """The bytes of a request."""
    return "\r\n".join([f"GET {path} HTTP/1.1", f"Host: {HOST}", "Connection: close", *headers, "", ""]).encode()


def held_open(stack: ExitStack, port: int, data: bytes, number: int) -> None:
    """So many clients send this and read nothing, until the end of the block."""
    for _ in range(number):
        connection = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        connection.sendall(data)
