"""When more visits arrive than can be answered: first no source is asked, then all get the same page."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from aiguilleur.core.model import Reason
from aiguilleur.journal import newest
from aiguilleur.settings.load import load
from aiguilleur.web import create_app
from tests.load import arriving, by_status, percentile
from tests.nodes import COOKIES, HOST, LINK, Node, click, node, write_node
from tests.several.fleet import asked
from tests.waiting import await_that
from tests.web.conftest import KEY
from tests.wire import Wire, says, serving

DIRECT = f"{LINK}?source=educonnect"


class Waited:
    """A server's connection whose last byte came in so long ago."""

    def __init__(self, seconds: float) -> None:
        self._ms = round(seconds * 1000)

    def getsockopt(self, level: int, option: int, length: int) -> bytes:
        assert (level, option) == (socket.IPPROTO_TCP, socket.TCP_INFO)
        return b"".join((bytes(52), self._ms.to_bytes(4, "little"), bytes(200)))[:length]


@pytest.fixture
def aten() -> Iterator[Wire]:
    with serving(*[says("200 OK", b"in session")] * 3) as running:
        yield running


@pytest.fixture
def browser(tmp_path: Path, aten: Wire) -> FlaskClient:
    settings, _ = load(write_node(tmp_path, {"aten": aten.port, "educonnect": aten.port}))
    return create_app(settings, (KEY,)).test_client(use_cookies=False)


def get(browser: FlaskClient, path: str, connection: object) -> tuple[int, str, str]:
    """The status, where to, and the page of a visitor who has a session at the source that is asked."""
    headers: Mapping[str, str] = click(Cookie=f"{COOKIES['aten']}=s").headers
    sent = {name: value for name, value in headers.items() if name != "Host"}
    answer = browser.get(path, headers=sent, environ_overrides={"gunicorn.socket": connection})
    return answer.status_code, answer.headers.get("Location", ""), answer.text


def test_who_has_waited_a_little_finds_nobody_asked_but_the_rules_obeyed(
    browser: FlaskClient, aten: Wire, tmp_path: Path
) -> None:
    status, _, page = get(browser, LINK, Waited(0.3))

    assert (status, aten.heard) == (200, [])
    assert "Rochat" in page
    [entry] = newest([tmp_path / "journal.jsonl"])
    assert [finding.reason for finding in entry.findings if finding.source == "aten"] == [Reason.BULKHEAD]
    assert get(browser, DIRECT, Waited(0.3))[0] == 303


def test_who_has_waited_long_gets_the_page_held_in_memory_under_a_code(browser: FlaskClient, tmp_path: Path) -> None:
    status, _, page = get(browser, LINK, Waited(0.8))

    [entry] = newest([tmp_path / "journal.jsonl"])
    assert (status, entry.outcome, entry.event) == (200, "rush", "refused")
    assert entry.code in page
    assert "Rochat" not in page


def test_a_guess_of_the_browser_is_told_to_come_again_however_late(browser: FlaskClient, tmp_path: Path) -> None:
    waited = {"gunicorn.socket": Waited(5)}
    answers = [
        browser.get(LINK, base_url=f"http://{HOST}", headers={header: "prefetch"}, environ_overrides=waited)
        for header in ("Sec-Purpose", "Purpose")
    ]

    assert [(answer.status_code, answer.data) for answer in answers] == [(425, b"")] * 2
    assert not (tmp_path / "journal.jsonl").exists()


@pytest.mark.parametrize("path", [DIRECT, "/healthz", "/readyz", "/retour/nobody"])
def test_what_ends_a_visit_or_watches_is_answered_however_late(browser: FlaskClient, path: str) -> None:
    told = get(browser, path, Waited(5))[:2]

    assert told == get(browser, path, None)[:2]


def test_a_connection_that_cannot_tell_has_not_waited(browser: FlaskClient, aten: Wire) -> None:
    one, other = socket.socketpair()
    with one, other:
        assert get(browser, LINK, one)[0] == 303

    assert len(aten.heard) == 1


def held_up(running: Node, seconds: float) -> None:
    for worker in running.workers():
        os.kill(worker, signal.SIGSTOP)
    time.sleep(seconds)
    for worker in running.workers():
        os.kill(worker, signal.SIGCONT)


def test_the_kernel_tells_how_long_a_visit_has_waited_for_a_worker(tmp_path: Path) -> None:
    with (
        serving(*[says("200 OK", b"in session")] * 500) as aten,
        node(tmp_path, {"aten": aten.port, "educonnect": aten.port}, workers=1) as running,
    ):
        running.ready()
        with arriving(running.port, [click("aten")], (5, 30)) as load:
            await_that(lambda: len(load.so_far()) >= 10)
            held_up(running, 2)
            rows = load.rows()
        # Once it is over, everyone is asked for again.
        await_that(lambda: asked(running.port, LINK, f"{COOKIES['aten']}=later").status == 303)

    assert set(by_status(rows)) <= {200, 303}
    entries = {entry.code: entry for entry in newest([running.journal])}
    slow = [row for row in rows if entries[row.code].outcome == "rush"]
    assert len(slow) > 10
    # The kernel's clock may jump with a machine that stood still: most of them have waited indeed.
    assert percentile(slow, 0.5) > 0.7
