from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from aiguilleur.probes import ConfigFile

CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def self_signed(folder: Path, name: str) -> ConfigFile:
    """A certificate whose private key, RSA, is in `name.key`."""
    made = ("-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem")
    openssl(folder, "req", "-x509", *made, "-subj", f"/CN={name}", "-days", "2")
    return ConfigFile(f"{name}.pem", (folder / f"{name}.pem").read_bytes())


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate authority of our own, for `ca_file`."""
    folder = tmp_path_factory.mktemp("tls")
    openssl(folder, "req", "-x509", *CURVE, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca", "-days", "2")
    return folder / "ca.pem"


Certified = Callable[..., ssl.SSLContext]


@pytest.fixture(scope="session")
def certified(authority: Path) -> Certified:
    """A server's TLS, with a certificate of that authority for one name."""
    folder = authority.parent

    def make(name: str, *, days: int = 2) -> ssl.SSLContext:
        names = ("-subj", "/CN=source", "-addext", f"subjectAltName={name}")
        openssl(folder, "req", *CURVE, "-keyout", "server.key", "-out", "server.csr", *names)
        signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-copy_extensions", "copy")
        openssl(folder, "x509", "-req", "-in", "server.csr", *signed, "-out", "server.pem", "-days", str(days))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem", folder / "server.key")
        return context

    return make
