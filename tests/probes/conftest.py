from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from aiguilleur.probes import ConfigFile
from aiguilleur.sandbox.faults import Authority


def self_signed(folder: Path, name: str) -> ConfigFile:
    """A certificate whose private key, RSA, is in `name.key`."""
    made = ("-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem")
    asked = ("openssl", "req", "-x509", *made, "-subj", f"/CN={name}", "-days", "2")
    subprocess.run(asked, cwd=folder, check=True, capture_output=True)
    return ConfigFile(f"{name}.pem", (folder / f"{name}.pem").read_bytes())


@pytest.fixture(scope="session")
def _authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def authority(_authority: Authority) -> Path:
    """A certificate authority of our own, for `ca_file`."""
    return _authority.path


Certified = Callable[..., ssl.SSLContext]


@pytest.fixture(scope="session")
def certified(_authority: Authority) -> Certified:
    """A server's TLS, with a certificate of that authority for one name."""
    return _authority.server
