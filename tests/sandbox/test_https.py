"""The same world on https, for browsers that keep no Secure cookie on plain http."""

from __future__ import annotations

import http.client
import socket
import ssl
from pathlib import Path

from aiguilleur.sandbox import World, free_port, serve
from tests.certificate import write_certificate
from tests.sandbox.conftest import LINKS, SCHOOLS
from tests.sandbox.visitor import Place, Visitor

ATEN = "teleservices.academie.localhost"
LOGIN = {"user": "parent1", "password": "parent1"}


def test_every_address_is_on_https() -> None:
    secure = World(443, SCHOOLS, LINKS, scheme="https")
    visitor = Visitor(secure)
    visitor.go(secure.url(ATEN, "/ts"))

    assert [url.partition("?")[0] for url in visitor.passed] == [
        f"https://{ATEN}/ts",
        f"https://{ATEN}/login/ct_logon_vk.jsp",
    ]
    assert visitor.go(visitor.passed[-1], LOGIN) == Place(200, "teleservices", "aten-besancon", "parent1")
    assert visitor.passed[-1] == f"https://{ATEN}/ts"


def test_who_is_slow_to_shake_hands_keeps_nobody_waiting(tmp_path: Path) -> None:
    certificate = write_certificate(tmp_path / "certificate.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cafile=str(certificate))
    port = free_port()
    with serve(World(port, SCHOOLS, LINKS, scheme="https"), port, tls), socket.create_connection(("127.0.0.1", port)):
        bare = socket.create_connection(("127.0.0.1", port), timeout=5)
        connection = http.client.HTTPConnection(ATEN)
        connection.sock = trusting.wrap_socket(bare, server_hostname=ATEN)
        connection.request("GET", "/ts", headers={"Host": f"{ATEN}:{port}"})
        answer = connection.getresponse()
        connection.close()

    assert answer.status == 302
    assert (answer.getheader("Location") or "").startswith(f"https://{ATEN}:{port}/login/")
