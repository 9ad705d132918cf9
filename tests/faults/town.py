"""A whole application between two sources that can break, and what its visitors, its operators and others see of it."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from aiguilleur.core.model import Finding
from aiguilleur.journal import JournalEntry, newest
from aiguilleur.sandbox.faults import Answer, Authority, FaultServer, says
from aiguilleur.settings.load import load
from aiguilleur.web import create_app
from aiguilleur.web.service import utc_now
from aiguilleur.web.visit import REMEMBERED_COOKIE
from tests.nodes import ETAB, HOST, click, write_node
from tests.waiting import AMPLE

KEY = "k" * 32
#: What a visit waits for sources here, one of which does not answer, in seconds; and where all answer, however slow
#: the machine is, as much as a configuration may give.
BUDGET, LONGEST = 0.6, 5.0
_visitors = count()


@dataclass(frozen=True)
class Seen:
    """One visit."""

    response: TestResponse
    seconds: float
    entry: JournalEntry

    def of(self, source: str) -> Finding:
        """What was found of a source."""
        return next(finding for finding in self.entry.findings if finding.source == source)

    @property
    def place(self) -> str | None:
        """Where the browser was sent; None for a page."""
        return self.response.headers.get("Location")


class Town:
    """ATEN, EduConnect, a site that is nobody's, and aiguilleur."""

    def __init__(
        self,
        folder: Path,
        aten: FaultServer,
        educonnect: FaultServer,
        elsewhere: FaultServer,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.aten, self.educonnect, self.elsewhere = aten, educonnect, elsewhere
        self._journal = folder / "journal.jsonl"
        self.settings, _ = load(folder / "config")
        self.app = create_app(self.settings, (KEY,), now=now)

    def visit(self, *sources: str, path: str = "", jar: str = "", **headers: str) -> Seen:
        """A new visitor's click; they hold a session's cookie of these sources."""
        number = str(next(_visitors))
        asked = click(*sources, **({"path": path} if path else {}), **headers)
        sent = {name: value.replace("{n}", number) for name, value in asked.headers.items()}
        if jar:
            sent["Cookie"] = "; ".join(filter(None, (sent.get("Cookie"), jar)))
        client = self.app.test_client(use_cookies=False)
        began = time.monotonic()
        response = client.get(asked.path, headers=sent, base_url=f"http://{HOST}")
        seconds = time.monotonic() - began
        return Seen(response, seconds, next(each for each in newest([self._journal]) if each.event != "source"))

    def remembering(self, source: str) -> str:
        """The cookie of a visitor who chose this source and asked for it to be remembered."""
        form = {"vers": "teleservices", "etab": ETAB, "source": source, "souvenir": "1"}
        answer = self.app.test_client(use_cookies=False).post("/choix", data=form, base_url=f"http://{HOST}")
        kept = answer.headers.getlist("Set-Cookie")
        return next(each.partition(";")[0] for each in kept if each.startswith(REMEMBERED_COOKIE))

    def ready(self) -> dict[str, Any]:
        """What `/readyz` says, which never fails for a source."""
        answer = self.app.test_client().get("/readyz", base_url=f"http://{HOST}")
        assert answer.status_code == 200
        told: dict[str, Any] = answer.get_json()
        return told

    def changes(self) -> list[tuple[str, str]]:
        """The journal's words on the sources, first to last: how each stood, and why."""
        entries = [each for each in newest([self._journal]) if each.event == "source"]
        return [(each.outcome, str(each.findings[0].reason)) for each in reversed(entries)]


def is_in_session(name: str) -> Answer:
    """The page of a source for who is in session there."""
    return says("200 OK", f"{name}: in session".encode())


@contextmanager
def town(
    folder: Path,
    *,
    authority: Authority | None = None,
    budget: float = BUDGET,
    by_name: bool = False,
    now: Callable[[], datetime] = utc_now,
    more: str = "remember_days: 30",
    rules: str = "",
) -> Iterator[Town]:
    """Everyone is in session where they hold a cookie; ATEN speaks TLS when there is an authority.

    `by_name` lets its address be looked up instead of being configured; `more` are further lines of the site's settings;
    `rules` are others than usual.

    Once it is over, threads and file descriptors must be back to base.
    """
    with back_to_base(), ExitStack() as stack:
        elsewhere = stack.enter_context(FaultServer(respond=lambda _: is_in_session("nobody")))
        tls = authority.faults("aten.sources.localhost") if authority else None
        aten, educonnect = (
            stack.enter_context(
                FaultServer(respond=lambda _: is_in_session("source"), tls=each, elsewhere=elsewhere.url)
            )
            for each in (tls, None)
        )
        ports = {"aten": aten.port, "educonnect": educonnect.port}
        config = write_node(folder, ports, budget_ms=round(budget * 1000), more=more)
        if authority:
            _on_tls(config / "sources.yaml", authority)
        if rules:
            (config / "rules.yaml").write_text(rules, encoding="utf-8")
        if by_name:
            _looked_up(config / "sources.yaml", aten.port)
        running = Town(folder, aten, educonnect, elsewhere, now)
        yield running
        # A test may hold on to the town, but the application must go.
        del running.app, running.settings


def _on_tls(path: Path, authority: Authority) -> None:
    text = path.read_text(encoding="utf-8").replace("http://aten.", "https://aten.")
    trusting = text.replace("connect: 127.0.0.1", f"ca_file: {authority.path}\n        connect: 127.0.0.1")
    path.write_text(trusting, encoding="utf-8")


def _looked_up(path: Path, port: int) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(f"        connect: 127.0.0.1:{port}\n", ""), encoding="utf-8")


@contextmanager
def back_to_base() -> Iterator[None]:
    """After the block, threads and file descriptors are as few as before, before long."""
    before = _held()
    yield
    end = time.monotonic() + AMPLE
    while (after := _held()) > before and time.monotonic() < end:
        time.sleep(0.02)
    threads = sorted(each.name for each in threading.enumerate())
    assert after[0] <= before[0], threads
    assert after[1] <= before[1], f"{after[1]} descriptors, {before[1]} before"


def _held() -> tuple[int, int]:
    gc.collect()
    return threading.active_count(), sum(1 for _ in Path("/proc/self/fd").iterdir())
