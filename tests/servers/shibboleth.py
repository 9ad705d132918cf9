"""A real Shibboleth service provider: Debian's `shibd` and Apache, set up as docs/passive-probes.md says."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory

from aiguilleur.probes.saml import service_provider_metadata
from aiguilleur.sandbox import free_port
from tests.probes.conftest import self_signed
from tests.servers.process import Process, running

_CONFIGURATION = Path(__file__).parent / "shibboleth"
_PAGE = Path(__file__).parents[2] / "docs" / "passive-probes.md"
#: Shows the session that a browser has there, to see what a login leaves.
_SESSION = '<Handler type="Session" Location="/Session" showAttributeValues="true"/>'
HOST = "sp.academie.localhost"
LOGIN, ANSWERED = "/Shibboleth.sso/Login", "/Shibboleth.sso/SAML2/POST"
LANDING, FAILED = "/aiguilleur/session", "/aiguilleur/erreur"
#: Where those are sent whose login failed at another service of this host.
ELSEWHERE = "/connexion-impossible.html"


@dataclass(frozen=True, slots=True)
class ServiceProvider:
    """Where it is; it has no page of its own but the landing page."""

    #: Apache, which answers browsers, and what it asks about sessions.
    process: Process
    daemon: Process

    @property
    def origin(self) -> str:
        return f"http://{HOST}:{self.process.port}"

    @property
    def url(self) -> str:
        """Its login handler."""
        return self.origin + LOGIN

    @property
    def landing(self) -> str:
        return self.origin + LANDING

    def metadata(self) -> bytes:
        """What its identity provider has to know of it."""
        return service_provider_metadata(f"{self.origin}/shibboleth", [self.origin + ANSWERED])


@contextmanager
def service_provider(idp_metadata: bytes, idp: str, aiguilleur: str) -> Iterator[ServiceProvider]:
    """Running, with this identity provider, and with a landing page that leads to the aiguilleur at this address."""
    port, daemon_port = free_port(), free_port()
    places = {
        'handlerSSL="true" cookieProps="https"': 'handlerSSL="false" cookieProps="http"',
        "https://idp.ac-exemple.fr/idp/shibboleth": idp,
        "https://aiguilleur.ac-exemple.fr": aiguilleur,
    }
    # Not under pytest's own folder, which nobody but its user can enter.
    with TemporaryDirectory(prefix="shibboleth-") as made:
        folder = Path(made)
        self_signed(folder, "sp")
        (folder / "idp.xml").write_bytes(idp_metadata)
        (folder / "pages").mkdir()
        (folder / "pages" / ELSEWHERE[1:]).write_text("<title>Connexion impossible</title>", encoding="utf-8")
        (folder / "landing.conf").write_text(documented("apache", places), encoding="utf-8")
        told = {
            "folder": made,
            "modules": "/usr/lib/apache2/modules",
            "port": str(port),
            "daemon_port": str(daemon_port),
            "url": f"http://{HOST}:{port}",
            "sessions": documented("xml", places).replace("</Sessions>", f"{_SESSION}</Sessions>"),
        }
        for template in _CONFIGURATION.iterdir():
            filled = Template(template.read_text(encoding="utf-8")).substitute(told)
            (folder / template.name).write_text(filled, encoding="utf-8")
        daemon_command = ("/usr/sbin/shibd", "-F", "-f", "-c", f"{made}/shibboleth2.xml", "-p", f"{made}/shibd.pid")
        apache_command = ("/usr/sbin/apache2", "-d", made, "-f", f"{made}/apache2.conf", "-D", "FOREGROUND")
        with (
            running((*_as_nobody(folder), *daemon_command), daemon_port, folder / "shibd.log") as daemon,
            running((*_as_nobody(folder), *apache_command), port, folder / "apache2.log") as process,
        ):
            yield ServiceProvider(process, daemon)


def documented(language: str, places: dict[str, str]) -> str:
    """The one block that the documentation shows in this language, with the addresses of the tests in it."""
    _, _, section = _PAGE.read_text(encoding="utf-8").partition("`shibboleth_passive`\n")
    section, _, _ = section.partition("\n## ")
    block: str
    [block] = re.findall(rf"^```{language}\n(.*?)^```", section, re.M | re.S)
    for shown, here in places.items():
        block = block.replace(shown, here)
    return block


def _as_nobody(folder: Path) -> tuple[str, ...]:
    """How to run a command as a user of few rights, who owns the folder: Apache refuses to serve as root."""
    if os.getuid() != 0:
        return ()
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, "www-data", "www-data")
    return ("setpriv", "--reuid=www-data", "--regid=www-data", "--clear-groups")
