"""An aiguilleur that asks a real server through the browser, in a sandbox whose other sites are simulated."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Request
from playwright.sync_api import TimeoutError as LateError
from ruamel.yaml import YAML

from aiguilleur.cli.sandbox import moved, provider_of
from aiguilleur.journal import Event, FileSink, JournalEntry, newest
from aiguilleur.probes.canary import Canaries
from aiguilleur.sandbox import SchoolSite, World, free_port, serve
from aiguilleur.settings.load import load
from aiguilleur.settings.model import Settings
from aiguilleur.web import create_app
from aiguilleur.web.service import canaries_of
from tests.conftest import ROOT
from tests.flows.conftest import chromium, page, profile

__all__ = ["chromium", "page", "profile"]

AIGUILLEUR = "aiguilleur.academie.localhost"
NATIONAL = "teleservices.education.localhost"
#: The simulated one, which the service sends those to who have no session there.
EDUCONNECT = "educonnect.education.localhost"
#: The id of the probe, and of the source that it asks.
PROBE = "educonnect"
LINK = "/vers/teleservices/clg-rochat-rousses"
MIRE = "/mire/clg-rochat-rousses"
#: Longer than a browser may be away before it counts as lost (`core.journey.AWAY_MS`).
LOST_S = 11
NO_CANARY = {"off": "a server of the tests"}
#: Instead of that, for a probe that is used only while its canary comes back; Python knows no names under localhost.
FLOWN: Mapping[str, Any] = {"canary": None, "connect": "127.0.0.1"}


class Clock:
    """The time of day, which can be put forward."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def pass_s(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)


class Academy:
    """A running aiguilleur and the world around it."""

    def __init__(self, port: int, clock: Clock, journal: Path, canaries: Canaries) -> None:
        self.port = port
        self.clock = clock
        self.journal = journal
        self.canaries = canaries

    @property
    def link(self) -> str:
        return at(self.port, AIGUILLEUR, LINK)

    def last(self) -> JournalEntry:
        """What the journal says of the visit that was decided last."""
        return next(entry for entry in newest([self.journal]) if entry.event is Event.DECIDED)

    def told(self) -> tuple[str, str]:
        """The state and the reason of what the browser brought back in that visit, or did not."""
        [finding] = [finding for finding in self.last().findings if finding.by == PROBE]
        return str(finding.state), str(finding.reason)


class Trail:
    """The pages that a browser asked for, each as its host and path, redirects included."""

    def __init__(self, page: Page) -> None:
        self._seen: list[tuple[str, str]] = []
        page.on("request", self._asked)

    def taken(self) -> list[tuple[str, str]]:
        """Those since the last call."""
        seen, self._seen = self._seen, []
        return seen

    def _asked(self, request: Request) -> None:
        if request.is_navigation_request():
            parts = urlsplit(request.url)
            self._seen.append((parts.hostname or "", parts.path))


def at(port: int, host: str, path: str = "/") -> str:
    return f"http://{host}:{port}{path}"


def return_url(port: int, probe: str = PROBE) -> str:
    """What is registered at the server: where it sends the browser back to."""
    return at(port, AIGUILLEUR, f"/retour/{probe}")


def pattern(url: str) -> str:
    """A pattern that this address begins."""
    return f"^{re.escape(url)}"


@contextmanager
def academy(
    folder: Path,
    port: int,
    probe: Mapping[str, object],
    *,
    files: Mapping[str, bytes] = MappingProxyType({}),
    beside: Mapping[str, Mapping[str, object]] = MappingProxyType({}),
    edit: Callable[[Path], None] = lambda _: None,
) -> Iterator[Academy]:
    """The sandbox, in which `probe` asks for EduConnect's sessions instead of its own.

    `files` are added to its configuration; `beside` asks for the sessions of other sources, by their ids.
    `edit` changes the folder of that configuration before it is loaded.
    """
    clock = Clock()
    probes = {source: {"id": source, "canary": NO_CANARY, **each} for source, each in {PROBE: probe, **beside}.items()}
    settings = _settings(folder, port, probes, files, edit)
    schools = tuple(SchoolSite(s.etab, s.name, s.academy, s.town) for s in settings.directory.schools.values())
    world = World(port, schools, dict.fromkeys(("teleservices", "teleservices_public", "ent"), "/"))
    app = create_app(settings, ("k" * 32,), now=clock)
    world.mount(AIGUILLEUR, app)
    with serve(world, port):
        yield Academy(port, clock, folder / "journal.jsonl", canaries_of(app))


def _settings(
    folder: Path,
    port: int,
    probes: Mapping[str, Mapping[str, object]],
    files: Mapping[str, bytes],
    edit: Callable[[Path], None],
) -> Settings:
    (folder / "config").mkdir()
    written = moved(ROOT / "config" / "sandbox", folder / "config", port, provider_of(port))
    for name, document in files.items():
        (written / name).write_bytes(document)
    yaml, sources = YAML(), written / "sources.yaml"
    content = yaml.load(sources)
    for source in content["sources"]:
        if source["id"] in probes:
            source["probes"] = [{key: value for key, value in probes[source["id"]].items() if value is not None}]
    yaml.dump(content, sources)
    edit(written)
    settings, _ = load(written)
    journal = FileSink(str(folder / "journal.jsonl"))
    return replace(settings, site=replace(settings.site, journal=(journal,), state_dir=None))


def follow(page: Page, link: str) -> None:
    """Click a link, and see the browser through the page that posts the answer."""
    page.goto(link, wait_until="commit")
    rest(page)


def rest(page: Page) -> None:
    """Wait until it is at the mire, or where the service, which knows nobody here, sends it on to."""
    page.wait_for_url(lambda url: urlsplit(url).path == MIRE or urlsplit(url).hostname == EDUCONNECT)


def strand(page: Page, link: str, host: str) -> None:
    """Click a link that leads to a host which takes the question and never answers."""
    # The request may come after the click was given up, on a machine that is busy.
    asked = page.expect_request(lambda request: urlsplit(request.url).hostname == host)
    with asked, pytest.raises(LateError):
        page.goto(link, wait_until="commit", timeout=2_000)


@pytest.fixture
def port() -> int:
    """The port of the sandbox, known before anything runs: servers register addresses that hold it."""
    return free_port()


@pytest.fixture
def trail(page: Page) -> Trail:
    return Trail(page)
