"""As much of a WebDriver client (W3C WebDriver) as these journeys need, and the programs behind it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from aiguilleur.sandbox import free_port

#: Where Debian's webkit2gtk-driver and xvfb put them.
DRIVER, DISPLAY = Path("/usr/bin/WebKitWebDriver"), Path("/usr/bin/Xvfb")
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
_PATIENCE_S = 30.0


class DriverError(Exception):
    """The driver could not do what it was told."""


class WebKit:
    """One browser with an empty profile."""

    def __init__(self, port: int) -> None:
        self._port = port
        wanted = {"capabilities": {"alwaysMatch": {"acceptInsecureCerts": True}}}
        self._session = f"/session/{self._call('POST', '/session', wanted)['sessionId']}"

    def get(self, address: str) -> None:
        self._in_session("POST", "/url", {"url": address})

    @property
    def url(self) -> str:
        return str(self._in_session("GET", "/url"))

    def sees(self, css: str) -> None:
        """Wait for something on the page."""
        self._element(css)

    def back(self) -> None:
        self._in_session("POST", "/back", {})

    def forward(self) -> None:
        self._in_session("POST", "/forward", {})

    def run(self, script: str) -> None:
        """Let the page do this."""
        self._in_session("POST", "/execute/sync", {"script": script, "args": []})

    @property
    def tab(self) -> str:
        return str(self._in_session("GET", "/window"))

    def turn_to(self, tab: str) -> None:
        self._in_session("POST", "/window", {"handle": tab})

    def new_tab(self) -> None:
        """Open a tab and turn to it."""
        self.turn_to(self._in_session("POST", "/window/new", {"type": "tab"})["handle"])

    def fill(self, css: str, text: str) -> None:
        self._in_session("POST", f"/element/{self._element(css)}/value", {"text": text})

    def click(self, css: str) -> None:
        self._in_session("POST", f"/element/{self._element(css)}/click", {})

    def arrives(self, start: str) -> None:
        """Wait for a page whose address begins so."""
        deadline = time.monotonic() + _PATIENCE_S
        while not self.url.startswith(start):
            assert time.monotonic() < deadline, f"still at {self.url}, not at {start}"
            time.sleep(0.05)

    def _element(self, css: str) -> str:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                found = self._in_session("POST", "/element", {"using": "css selector", "value": css})
            except DriverError:
                # Not there yet, or the page has gone while it was looked at: the driver's own waiting fails then.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return str(found[_ELEMENT])

    def _in_session(self, method: str, path: str, body: object = None) -> Any:
        return self._call(method, self._session + path, body)

    def _call(self, method: str, path: str, body: object = None) -> Any:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE_S)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None)
            answer = connection.getresponse()
            value = json.loads(answer.read())["value"]
            if answer.status != 200:
                raise DriverError(f"{method} {path}: {value}")
            return value
        finally:
            connection.close()


@contextmanager
def screen(folder: Path) -> Iterator[str]:
    """A screen that nobody sees; its name."""
    read, write = os.pipe()
    command = [str(DISPLAY), "-displayfd", str(write), "-nolisten", "tcp"]
    with _running(folder, command, pass_fds=(write,)) as process:
        os.close(write)
        with os.fdopen(read) as told:
            name = told.readline().strip()
        assert process.poll() is None, (folder / "Xvfb.log").read_text()
        yield f":{name}"


@contextmanager
def webkit(folder: Path, display: str) -> Iterator[WebKit]:
    """A browser with a driver of its own."""
    with ExitStack() as stack:
        yield _started(stack, folder, display)


def _started(stack: ExitStack, folder: Path, display: str, attempts: int = 3) -> WebKit:
    with ExitStack() as attempt:
        port = attempt.enter_context(_driver(folder, display))
        try:
            browser = WebKit(port)
        except TimeoutError:
            # On a busy machine one driver in a hundred waits for its browser for ever.
            if attempts == 1:
                raise
        else:
            stack.push(attempt.pop_all())
            return browser
    return _started(stack, folder, display, attempts - 1)


@contextmanager
def _driver(folder: Path, display: str) -> Iterator[int]:
    port = free_port()
    with _running(folder, [str(DRIVER), f"--port={port}"], env={**os.environ, "DISPLAY": display}):
        _await(port)
        yield port


@contextmanager
def _running(folder: Path, command: list[str], **how: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A program, ended at the end with everything that it has started."""
    with (folder / f"{Path(command[0]).name}.log").open("ab") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **how
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _await(port: int) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        connection = HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.request("GET", "/status")
            connection.getresponse().read()
        except (OSError, HTTPException):
            assert time.monotonic() < deadline, "WebKitWebDriver takes no connection"
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()
