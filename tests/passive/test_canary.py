"""Real servers that keep their visitors, or die: no browser is sent there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from playwright.sync_api import Page

from aiguilleur.core.model import Reason
from aiguilleur.probes.canary import Keeper, Standing
from aiguilleur.sandbox import free_port
from tests.passive import test_cas, test_oidc, test_saml, test_shibboleth
from tests.passive.conftest import AIGUILLEUR, FLOWN, LINK, PROBE, Academy, Trail
from tests.servers import cas as cas_
from tests.servers import oidc as oidc_
from tests.servers import simplesamlphp
from tests.servers.process import Process
from tests.waiting import LATE, LONG

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]
Asking: TypeAlias = Callable[..., AbstractContextManager[tuple[Process, Academy]]]
#: A source that dies is out by then, at the latest, in seconds.
OUT_S = 35


@contextmanager
def cas(folder: Path, port: int, *, registered: bool = True, shows: bool = False) -> Iterator[tuple[Process, Academy]]:
    with test_cas.asking(folder, port, registered=registered, shows=shows, **FLOWN) as (server, around):
        yield server.process, around


@contextmanager
def oidc(folder: Path, port: int, *, registered: bool = True, shows: bool = False) -> Iterator[tuple[Process, Academy]]:
    known: dict[str, Any] = {} if registered else {"client_id": "nobody"}
    with test_oidc.asking(folder, port, shows=shows, **known, **FLOWN) as (server, around):
        yield server.process, around


@contextmanager
def saml(folder: Path, port: int, *, registered: bool = True, shows: bool = False) -> Iterator[tuple[Process, Academy]]:
    with test_saml.asking(folder, port, registered=registered, shows=shows, **FLOWN) as (server, around):
        yield server.process, around


@contextmanager
def shibboleth(
    folder: Path, port: int, *, registered: bool = True, shows: bool = False
) -> Iterator[tuple[Process, Academy]]:
    with test_shibboleth.asking(folder, port, registered=registered, shows=shows, **FLOWN) as (_, provider, around):
        yield provider.process, around


def fly(around: Academy) -> None:
    """The canary's flight, again where the machine took longer than one may last."""
    for _ in range(3):
        around.canaries.fly(PROBE)
        seen = around.canaries.health()[PROBE].seen
        if seen is None or seen.reason is not Reason.DEADLINE:
            return


#: Each, and the host where a visitor would be kept.
SERVERS = [
    pytest.param(cas, cas_.HOST, id="cas"),
    pytest.param(oidc, oidc_.HOST, marks=pytest.mark.npm, id="oidc"),
    pytest.param(saml, simplesamlphp.HOST, marks=pytest.mark.simplesamlphp, id="saml"),
    pytest.param(
        shibboleth,
        simplesamlphp.HOST,
        marks=[pytest.mark.simplesamlphp, pytest.mark.shibboleth],
        id="shibboleth",
    ),
]


@pytest.mark.parametrize(("asking", "host"), SERVERS)
def test_where_the_canary_comes_back_the_browser_is_sent(
    asking: Asking, host: str, page: Page, trail: Trail, tmp_path: Path, port: int
) -> None:
    with asking(tmp_path, port) as (_, around):
        fly(around)
        page.goto(around.link, wait_until="commit")
        page.wait_for_selector("button[name=source]")

        assert host in [seen for seen, _ in trail.taken()]
        assert around.canaries.health()[PROBE].standing is Standing.GOOD
        assert around.told()[1] == "answer"


@pytest.mark.parametrize("how", [{"registered": False}, {"shows": True}], ids=["unknown client", "login form"])
@pytest.mark.parametrize(("asking", "host"), SERVERS)
def test_where_it_meets_an_error_or_a_form_nobody_is_ever_sent(
    asking: Asking, host: str, how: dict[str, bool], page: Page, trail: Trail, tmp_path: Path, port: int
) -> None:
    with asking(tmp_path, port, **how) as (_, around):
        fly(around)
        for _ in range(2):
            page.goto(around.link)
            assert trail.taken() == [(AIGUILLEUR, LINK)]
            assert around.told() == ("unknown", "unproven")

        seen = around.canaries.health()[PROBE].seen
        assert seen is not None
        assert (seen.reason in (Reason.UNPROVEN, Reason.STATUS), seen.host) == (True, host)


@pytest.mark.npm
@pytest.mark.simplesamlphp
@pytest.mark.shibboleth
def test_a_server_that_is_stopped_is_out_within_35_seconds(page: Page, trail: Trail, tmp_path: Path) -> None:
    """The very times of production, all servers at once."""
    with ExitStack() as stack:
        running = []
        for asking in (cas, oidc, saml, shibboleth):
            folder = tmp_path / asking.__name__
            folder.mkdir()
            running.append(stack.enter_context(asking(folder, free_port())))
        over = threading.Event()
        stack.callback(over.set)
        for _, around in running:
            Keeper(lambda ours=around.canaries: ours, over).start()  # type: ignore[misc]
        wait(lambda: all(around.canaries.refusal(PROBE) is None for _, around in running), LONG)

        for process, _ in running:
            process.suspend()
        took = wait(lambda: all(around.canaries.refusal(PROBE) for _, around in running), LONG)

        # The promise, and something for a machine that does other things.
        assert took <= OUT_S + LATE
        for _, around in running:
            page.goto(around.link)
            assert trail.taken() == [(AIGUILLEUR, LINK)]
            assert around.last().ill == (PROBE,)
            assert page.locator("button[value=educonnect] .ill").count() == 1

        # What mends is used again soon.
        for process, _ in running:
            process.resume()
        wait(lambda: all(around.canaries.refusal(PROBE) is None for _, around in running), LONG)


def wait(true: Callable[[], bool], most: float) -> float:
    """How many seconds it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < most
        time.sleep(0.1)
    return time.monotonic() - began
