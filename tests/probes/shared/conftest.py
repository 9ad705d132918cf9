from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.servers.process import Process
from tests.servers.redis import SERVERS, patient, redis_server


@pytest.fixture(scope="package")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Process]]:
    """A server of each kind that is well, the same for all tests of the package."""
    started: dict[str, Process] = {}
    with ExitStack() as stack:

        def one(name: str) -> Process:
            if name not in started:
                started[name] = stack.enter_context(redis_server(tmp_path_factory.mktemp("redis"), server=name))
            return started[name]

        yield one


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    patient(monkeypatch)


@pytest.fixture(params=SERVERS)
def redis(servers: Callable[[str], Process], request: pytest.FixtureRequest) -> Process:
    return servers(request.param)
