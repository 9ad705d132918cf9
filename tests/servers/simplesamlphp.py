"""A real SAML identity provider: Debian's SimpleSAMLphp, with one account."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from aiguilleur.sandbox import free_port
from tests.probes.conftest import self_signed
from tests.servers.process import Process, running

_FOLDER = Path(__file__).parent / "simplesamlphp"
_SCRIPTS = "/usr/share/simplesamlphp/www"
HOST = "idp.education.localhost"
SSO = "/saml2/idp/SSOService.php"
#: Run before each script of the server's own.
_SHOWS = ("-d", f"auto_prepend_file={_FOLDER / 'shows.php'}")


@dataclass(frozen=True, slots=True)
class SamlServer:
    """Where it is; alice, with the password alice, can open a session there."""

    process: Process
    #: Holds the metadata of the service providers that it knows.
    folder: Path

    @property
    def login(self) -> str:
        """Where a session is opened without any service."""
        return f"http://{HOST}:{self.process.port}/module.php/core/authenticate.php?as=accounts"

    def metadata(self) -> bytes:
        """Its own, as it publishes it."""
        # By its number: not every resolver knows names under localhost.
        with urlopen(f"http://127.0.0.1:{self.process.port}/saml2/idp/metadata.php", timeout=60) as answer:
            document: bytes = answer.read()
        return document

    def register(self, document: bytes) -> None:
        """Know a service provider, from now on, by its metadata."""
        number = len(list(self.folder.iterdir()))
        (self.folder / f"{number}.xml").write_bytes(document)


@contextmanager
def saml_server(
    folder: Path, registered: Iterable[bytes] = (), *, encrypts: bool = False, shows: bool = False
) -> Iterator[SamlServer]:
    """Running, with the service providers of these metadata documents registered.

    `encrypts`: its assertions are encrypted. `shows`: it shows its login form even when it was asked to show nothing.
    """
    home, port = folder / "simplesamlphp", free_port()
    for needed in (home, home / "registered", home / "sessions", home / "tmp"):
        needed.mkdir()
    self_signed(home, "idp")
    told = {"folder": str(home), "url": f"http://{HOST}:{port}/", "encrypts": encrypts}
    environment = (f"TOLD={json.dumps(told)}", f"SIMPLESAMLPHP_CONFIG_DIR={_FOLDER}")
    php = ("php", *(_SHOWS if shows else ()), "-S", f"127.0.0.1:{port}", "-t", _SCRIPTS)
    with running(("env", *environment, *php), port, folder / "simplesamlphp.log") as process:
        server = SamlServer(process, home / "registered")
        for document in registered:
            server.register(document)
        yield server
