"""One screen for all, and for each test an empty browser and a sandbox on https."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.academy import Academy, running_academy
from tests.certificate import write_certificate
from tests.webkit.driver import WebKit, screen, webkit


@pytest.fixture(scope="module")
def display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with screen(tmp_path_factory.mktemp("screen")) as name:
        yield name


@pytest.fixture
def browser(display: str, tmp_path: Path) -> Iterator[WebKit]:
    with webkit(tmp_path, display) as started:
        yield started


@pytest.fixture
def academy(tmp_path: Path) -> Iterator[Academy]:
    with running_academy(tmp_path, certificate=write_certificate(tmp_path / "certificate.pem")) as running:
        yield running
