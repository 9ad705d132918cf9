"""An aiguilleur in the sandbox whose clock and keys are the test's, and a record of what browsers ask it for."""

from __future__ import annotations

import io
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from aiguilleur.journal import JournalEntry, newest
from aiguilleur.probes import CanaryOff
from aiguilleur.probes.saml import SamlPassive
from aiguilleur.sandbox import SchoolSite, World, educonnect_provider, free_port, serve
from aiguilleur.settings.model import Settings
from aiguilleur.web import create_app
from aiguilleur.web.service import canaries_of
from tests.conftest import Sandbox, sandbox_settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

AIGUILLEUR = "aiguilleur.academie.localhost"
#: A site that is nobody's here, from which anything may be posted.
ELSEWHERE = "ailleurs.autre.localhost"
LINK = "/vers/teleservices/clg-rochat-rousses"
MIRE = "/mire/clg-rochat-rousses"
RETURN = "/retour/educonnect"
KEY = "k" * 32


class Clock:
    """A clock that stands still until it is put forward."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self._now

    def pass_s(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Asked:
    """A page that a browser asked aiguilleur for."""

    line: str
    headers: Mapping[str, str]
    form: Mapping[str, str]


class Academy(Sandbox):
    """The world, and the aiguilleur in it, which can be started anew."""

    def __init__(self, world: World, settings: Settings, journal: Path, clock: Clock) -> None:
        self._app = create_app(settings, (KEY,), now=clock)
        super().__init__(world, world.port, journal, settings, canaries_of(self._app))
        self.clock = clock
        #: What stands between browsers and aiguilleur.
        self.around: Callable[[WSGIApplication], WSGIApplication] = lambda site: site
        self._asked: list[Asked] = []

    @property
    def link(self) -> str:
        return self.at(AIGUILLEUR, LINK)

    def restart(self, *keys: str, now: Callable[[], datetime] | None = None) -> None:
        """Another process takes over, with these keys and perhaps a clock of its own."""
        self._app = create_app(self.settings, keys, now=now or self.clock)

    def site(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """What is mounted: the record, then aiguilleur."""
        if environ.get("HTTP_SEC_FETCH_MODE") == "navigate":
            self._asked.append(_read(environ))
        return self.around(self._app)(environ, start)

    def asked(self) -> list[Asked]:
        """The pages that were asked for since the last call."""
        asked, self._asked = self._asked, []
        return asked

    def lines(self) -> list[str]:
        """The same, each as its method and path."""
        return [each.line for each in self.asked()]

    def posting(self, **fields: str) -> str:
        """The address of another site's page that posts these fields to the return address, by itself."""
        return self.at(ELSEWHERE, f"/?{urlencode(fields)}")

    def recorded(self) -> list[JournalEntry]:
        """The journal, the first entry first."""
        return list(newest([self.journal]))[::-1]


@contextmanager
def running_academy(folder: Path, *, certificate: Path | None = None) -> Iterator[Academy]:
    """The sandbox, on https when it has a certificate; time stands still in it."""
    port, clock, scheme = free_port(), Clock(), "https" if certificate else "http"
    base = f"{scheme}://{AIGUILLEUR}:{port}"
    services = {f"{base}/saml/metadata": f"{base}{RETURN}"}
    provider = educonnect_provider(port, services, clock, scheme=scheme)
    settings = _without_canaries(sandbox_settings(folder, port, provider, certificate))
    schools = tuple(SchoolSite(each.etab, each.name) for each in settings.directory.schools.values())
    link = f"{base}/vers/teleservices/{{etab}}"
    links = {"teleservices": f"{link}?de=eclat", "teleservices_public": link, "ent": "about:blank"}
    world = World(port, schools, links, provider, scheme=scheme)
    academy = Academy(world, settings, folder / "journal.jsonl", clock)
    world.mount(AIGUILLEUR, academy.site)
    world.mount(ELSEWHERE, _elsewhere(f"{base}{RETURN}"))
    with serve(world, port, _tls(certificate) if certificate else None):
        yield academy


def _without_canaries(settings: Settings) -> Settings:
    """The same, whose probes are used at once: browsers are on trial here, and time stands still."""
    sources = {
        name: replace(
            source,
            probes=tuple(
                replace(probe, canary=CanaryOff("browsers are on trial")) if isinstance(probe, SamlPassive) else probe
                for probe in source.probes
            ),
        )
        for name, source in settings.sources.items()
    }
    return replace(settings, sources=sources)


def _read(environ: WSGIEnvironment) -> Asked:
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    headers = {name: str(value) for name, value in environ.items() if name.startswith("HTTP_")}
    line = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
    return Asked(line, headers, dict(parse_qsl(body.decode())))


def _elsewhere(action: str) -> WSGIApplication:
    def site(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        fields = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
            for name, value in parse_qsl(environ["QUERY_STRING"])
        )
        form = f'<form method="post" action="{action}">{fields}</form>' if fields else ""
        body = f"<!doctype html>{form}<script>document.forms[0]?.submit()</script>".encode()
        start("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(len(body)))])
        return [body]

    return site


def _tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
