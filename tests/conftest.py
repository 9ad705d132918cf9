"""No test reaches the network: pytest-socket lets loopback addresses pass and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aiguilleur.cli.sandbox import build, moved
from aiguilleur.journal import FileSink
from aiguilleur.sandbox import World, free_port, serve
from aiguilleur.settings.load import load
from aiguilleur.settings.model import Settings

ROOT = Path(__file__).parents[1]


class Sandbox:
    """A running sandbox and its journal."""

    def __init__(self, world: World, port: int, journal: Path, settings: Settings) -> None:
        self.world = world
        self.port = port
        self.journal = journal
        self.settings = settings

    def at(self, host: str, path: str = "/") -> str:
        return f"http://{host}:{self.port}{path}"


def sandbox_settings(folder: Path, port: int) -> Settings:
    (folder / "config").mkdir()
    settings, _ = load(moved(ROOT / "config" / "sandbox", folder / "config", port))
    journal = FileSink(str(folder / "journal.jsonl"))
    return replace(settings, site=replace(settings.site, journal=(journal,), state_dir=None))


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    port = free_port()
    settings = sandbox_settings(tmp_path, port)
    world = build(settings, port)
    server = serve(world, port)
    server.start()
    yield Sandbox(world, port, tmp_path / "journal.jsonl", settings)
    server.stop()
