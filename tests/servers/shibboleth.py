"""A real Shibboleth service provider: Debian's `shibd` and Apache, set up as the documentation says."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory
from urllib.request import Request, urlopen

from aiguilleur.probes.saml import service_provider_metadata
from aiguilleur.sandbox import free_port
from tests.probes.conftest import self_signed
from tests.servers.process import Process, running

_CONFIGURATION = Path(__file__).parent / "shibboleth"
_DOCS = Path(__file__).parents[2] / "docs"
#: Shows the session that a browser has there, to see what a login leaves.
_SESSION = '<Handler type="Session" Location="/Session" showAttributeValues="true"/>'
HOST = "sp.academie.localhost"
LOGIN, ANSWERED = "/Shibboleth.sso/Login", "/Shibboleth.sso/SAML2/POST"
LANDING, FAILED = "/aiguilleur/session", "/aiguilleur/erreur"
#: Where those are sent whose login failed at another service of this host.
ELSEWHERE = "/connexion-impossible.html"
#: The pages of one that asks aiguilleur which identity provider to use: what it protects, and what it shows to all.
PROTECTED, OPEN = "/espace/notes.html", "/accueil.html"


@dataclass(frozen=True, slots=True)
class ServiceProvider:
    """Where it is."""

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

    def published(self) -> bytes:
        """Its metadata as it shows it itself, where it has been told to."""
        # By its number: not every resolver knows names under localhost.
        url, host = f"http://127.0.0.1:{self.process.port}/Shibboleth.sso/Metadata", f"{HOST}:{self.process.port}"
        with urlopen(Request(url, headers={"Host": host}), timeout=60) as answer:
            document: bytes = answer.read()
        return document


@contextmanager
def service_provider(idp_metadata: bytes, idp: str, aiguilleur: str) -> Iterator[ServiceProvider]:
    """Running, with this identity provider, and with a landing page that leads to the aiguilleur at this address."""
    pages = {ELSEWHERE: "Connexion impossible"}
    xml, apache = (documented(language, _places(aiguilleur, idp)) for language in ("xml", "apache"))
    with _running(idp_metadata, xml, apache, pages) as provider:
        yield provider


@contextmanager
def asking_service_provider(idp_metadata: bytes, aiguilleur: str) -> Iterator[ServiceProvider]:
    """Running, with a protected page, and asking the aiguilleur at this address which identity provider to use."""
    pages = {PROTECTED: "Notes", OPEN: "Accueil"}
    text, places = (_DOCS / "disco.md").read_text(encoding="utf-8"), _places(aiguilleur)
    [xml] = [block for block in _blocks(text, "xml", places) if block.startswith("<Sessions")]
    [apache] = _blocks(text, "apache", places)
    with _running(idp_metadata, xml, apache, pages) as provider:
        yield provider


@contextmanager
def _running(idp_metadata: bytes, sessions: str, apache: str, pages: Mapping[str, str]) -> Iterator[ServiceProvider]:
    port, daemon_port = free_port(), free_port()
    # Not under pytest's own folder, which nobody but its user can enter.
    with TemporaryDirectory(prefix="shibboleth-") as made:
        folder = Path(made)
        self_signed(folder, "sp")
        (folder / "idp.xml").write_bytes(idp_metadata)
        for page, title in pages.items():
            path = folder / "pages" / page[1:]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"<!doctype html><title>{title}</title><h1>{title}</h1>", encoding="utf-8")
        (folder / "pages.conf").write_text(apache, encoding="utf-8")
        told = {
            "folder": made,
            "modules": "/usr/lib/apache2/modules",
            "port": str(port),
            "daemon_port": str(daemon_port),
            "url": f"http://{HOST}:{port}",
            "sessions": sessions.replace("</Sessions>", f"{_SESSION}</Sessions>"),
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


def _places(aiguilleur: str, idp: str = "") -> dict[str, str]:
    """What the documentation shows, and what stands there in the tests."""
    return {
        'handlerSSL="true" cookieProps="https"': 'handlerSSL="false" cookieProps="http"',
        "https://idp.ac-exemple.fr/idp/shibboleth": idp,
        "https://aiguilleur.ac-exemple.fr": aiguilleur,
    }


def documented(language: str, places: Mapping[str, str]) -> str:
    """The one block that docs/passive-probes.md shows of it in this language, with the addresses of the tests."""
    _, _, section = (_DOCS / "passive-probes.md").read_text(encoding="utf-8").partition("`shibboleth_passive`\n")
    [block] = _blocks(section.partition("\n## ")[0], language, places)
    return block


def _blocks(text: str, language: str, places: Mapping[str, str]) -> list[str]:
    blocks: list[str] = re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)
    for shown, here in places.items():
        blocks = [block.replace(shown, here) for block in blocks]
    return blocks


def _as_nobody(folder: Path) -> tuple[str, ...]:
    """How to run a command as a user of few rights, who owns the folder: Apache refuses to serve as root."""
    if os.getuid() != 0:
        return ()
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, "www-data", "www-data")
    return ("setpriv", "--reuid=www-data", "--regid=www-data", "--clear-groups")
