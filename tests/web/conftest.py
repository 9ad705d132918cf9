from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from aiguilleur.journal import FileSink
from aiguilleur.settings.load import load
from aiguilleur.settings.model import LegacyLink, Settings
from aiguilleur.web import create_app
from tests.conftest import ROOT

KEY = "k" * 32
MARCH = datetime(2021, 3, 15, 9, 42, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The shipped configuration, without its probes: what the web layer does with what is known."""
    shipped, _ = load(ROOT / "config")
    sources = {name: replace(source, probes=()) for name, source in shipped.sources.items()}
    policies = {name: replace(policy, probes={}) for name, policy in shipped.policies.items()}
    legacy = (
        LegacyLink("/aiguilleur.php", "ent", {"svc": "ent"}, "rne", "src", {"EDU": "educonnect"}, "eclat"),
        LegacyLink("/aiguilleur.php", "teleservices", {"svc": "ts"}, "rne"),
    )
    site = replace(shipped.site, journal=(FileSink(str(tmp_path / "journal.jsonl")),), state_dir=None, legacy=legacy)
    return replace(shipped, site=site, sources=sources, policies=policies)


@pytest.fixture
def client(settings: Settings) -> Iterator[FlaskClient]:
    app = create_app(settings, (KEY,), now=lambda: MARCH)
    with app.test_client() as client:
        yield client


@pytest.fixture
def bare(settings: Settings) -> FlaskClient:
    """A client without a cookie jar, so that a `Cookie` header goes out as it is written."""
    return create_app(settings, (KEY,), now=lambda: MARCH).test_client(use_cookies=False)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"
