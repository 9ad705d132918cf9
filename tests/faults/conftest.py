from __future__ import annotations

import pytest

from aiguilleur.sandbox.faults import Authority
from tests.web.conftest import settings

__all__ = ["settings"]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))
