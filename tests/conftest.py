"""No test reaches the network: pytest-socket lets loopback addresses pass and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from aiguilleur.cli.sandbox import build, dated, moved, provider_of
from aiguilleur.journal import FileSink
from aiguilleur.probes.canary import Canaries
from aiguilleur.sandbox import IdentityProvider, World, free_port, serve
from aiguilleur.settings.load import load
from aiguilleur.settings.model import Settings
from tests.privacy import guard

__all__ = ["guard"]

ROOT = Path(__file__).parents[1]
# How long an example takes says more of the machine than of what is tested.
hypothesis_settings.register_profile(
    "patient", hypothesis_settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("patient")

#: For sources that answer at once: a machine that stands still for a moment must not make them sick.
_BUDGET_S = 5.0


class Sandbox:
    """A running sandbox and its journal."""

    def __init__(self, world: World, port: int, journal: Path, settings: Settings, canaries: Canaries) -> None:
        self.world = world
        self.port = port
        self.journal = journal
        self.settings = settings
        self.canaries = canaries

    def at(self, host: str, path: str = "/") -> str:
        return self.world.url(host, path)


def sandbox_settings(folder: Path, port: int, provider: IdentityProvider, certificate: Path | None = None) -> Settings:
    (folder / "config").mkdir()
    written = moved(ROOT / "config" / "sandbox", folder / "config", port, provider)
    if certificate:
        _on_https(written, port, certificate)
    settings, _ = load(written)
    journal = FileSink(str(folder / "journal.jsonl"))
    return replace(settings, site=replace(settings.site, journal=(journal,), state_dir=None, budget=_BUDGET_S))


def _on_https(folder: Path, port: int, certificate: Path) -> None:
    trusting = f"connect: 127.0.0.1:{port}\n        ca_file: {certificate}\n        "
    for path in folder.glob("*.yaml"):
        text = path.read_text(encoding="utf-8").replace("http://", "https://")
        path.write_text(text.replace(f"connect: 127.0.0.1:{port}", trusting), encoding="utf-8")


@contextmanager
def running_sandbox(folder: Path, day: date | None = None) -> Iterator[Sandbox]:
    """A sandbox as `aiguilleur sandbox` runs it, with `--at` when a day is given."""
    port = free_port()
    provider = provider_of(port, day)
    settings = sandbox_settings(folder, port, provider)
    if day:
        settings = dated(settings, load(ROOT / "config")[0])
    world, canaries = build(settings, port, day, provider)
    with serve(world, port):
        for probe in settings.front_probes:
            canaries.fly(probe)
        yield Sandbox(world, port, folder / "journal.jsonl", settings, canaries)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path) as running:
        yield running
