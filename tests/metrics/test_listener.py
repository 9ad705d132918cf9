"""Scrapes of a whole server, whatever happens to its workers."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.request import urlopen

import pytest

from aiguilleur.sandbox import free_port
from tests.load import Visit
from tests.nodes import Node, click, node
from tests.waiting import await_that

#: What is answered as it should be also by a machine that is busy.
CLICK = click(path="/vers/teleservices/clg-rochat-rousses?source=educonnect")


class Scraped:
    """A node and its metrics."""

    def __init__(self, node: Node, port: int) -> None:
        self.node, self.port = node, port

    def text(self) -> str:
        with urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=20) as answer:
            return str(answer.read().decode())

    def value(self, name: str) -> float:
        """The sum over all labels."""
        found = re.findall(rf"^aiguilleur_{name}(?:{{.*}})? (\S+)$", self.text(), re.M)
        return sum(map(float, found))

    def workers(self) -> int:
        """How many say that they are alive; none while nobody answers."""
        try:
            return int(self.value("workers"))
        except OSError:
            return 0

    def visit(self, times: int) -> None:
        for _ in range(times):
            assert answered(self.node.port, CLICK) == 303

    def files(self) -> list[str]:
        return sorted(path.name for path in (self.node.folder / "var" / "metrics").glob("*/*.db"))


def answered(port: int, visit: Visit) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", visit.path, headers=dict(visit.headers))
    status = connection.getresponse().status
    connection.close()
    return status


@contextmanager
def scraped(folder: Path, workers: int = 2) -> Iterator[Scraped]:
    port = free_port()
    sources = {"aten": free_port(), "educonnect": free_port()}
    with node(folder, sources, workers=workers, more=f"metrics: {{listen: '127.0.0.1:{port}'}}") as running:
        told = Scraped(running, port)
        await_that(lambda: told.workers() == workers)
        yield told


def test_all_workers_are_read_as_one_and_killed_and_reloaded_ones_count_on_in_no_more_files(tmp_path: Path) -> None:
    with scraped(tmp_path) as told:
        told.visit(20)
        files = len(told.files())
        for round_ in range(2):
            before = told.node.workers()
            if round_:
                os.kill(told.node.process.pid, signal.SIGHUP)
            else:
                os.kill(before[0], signal.SIGKILL)
            await_that(lambda before=before: before[0] not in told.node.workers() and told.workers() == 2)  # type: ignore[misc]
            told.visit(10)

        assert told.value("decisions_total") == 40
        assert told.value("visit_seconds_count") == 40
        assert told.value("config_ok") == 1
        # Those of the dead are two more, however many have died; the last may be leaving still.
        await_that(lambda: len(told.files()) <= files + 2)
        assert urlopen_status(told.port, "/") == 404
        assert urlopen_status(told.node.port, "/metrics") == 404
        log = told.node.log.read_text()
    assert "Traceback" not in log
    assert list((tmp_path / "var" / "metrics").iterdir()) == []


def urlopen_status(port: int, path: str) -> int:
    return answered(port, Visit(path, {"Host": "aiguilleur.academie.localhost"}))


def test_a_configuration_that_is_refused_and_one_that_is_served_again_are_seen(tmp_path: Path) -> None:
    with scraped(tmp_path) as told:
        rules = tmp_path / "config" / "rules.yaml"
        good, digest = rules.read_text(), told.value("config_digest")
        rules.write_text(good.replace("is: active", "is: asleep"))
        await_that(lambda: told.value("config_ok") == 0)
        assert told.value("config_digest") == digest
        rules.write_text(good + "# edited\n")
        await_that(lambda: told.value("config_ok") == 1)
        await_that(lambda: told.value("config_digest") != digest)


def test_a_server_that_takes_over_from_another_answers_once_that_one_has_gone(tmp_path: Path) -> None:
    with scraped(tmp_path, workers=1) as told:
        told.visit(3)
        before = told.node.process.pid
        os.kill(before, signal.SIGUSR2)
        await_that(lambda: len(list((tmp_path / "var" / "metrics").iterdir())) == 2)
        folders = {path.name for path in (tmp_path / "var" / "metrics").iterdir()}
        assert told.value("decisions_total") == 3
        [fresh] = (int(name) for name in folders - {str(before)})
        try:
            os.kill(before, signal.SIGQUIT)
            await_that(lambda: not (tmp_path / "var" / "metrics" / str(before)).exists())
            await_that(lambda: told.workers() == 1)
            told.visit(2)
            assert told.value("decisions_total") == 2
        finally:
            os.kill(fresh, signal.SIGTERM)


def test_without_the_setting_nothing_listens_and_nothing_is_counted(tmp_path: Path) -> None:
    with node(tmp_path, {"aten": free_port(), "educonnect": free_port()}, workers=1) as running:
        assert answered(running.port, CLICK) == 303
        assert len(list(Path(f"/proc/{running.process.pid}/task").iterdir())) == 1
        opened = [fd.readlink().name for fd in Path(f"/proc/{running.workers()[0]}/fd").iterdir()]
    assert not [name for name in opened if name.endswith(".db")]
    assert not (tmp_path / "var" / "metrics").exists()


@pytest.mark.promtool
def test_what_is_scraped_is_as_prometheus_wants_it(tmp_path: Path) -> None:
    with scraped(tmp_path) as told:
        told.visit(5)
        text = told.text()
    checked = subprocess.run(["promtool", "check", "metrics"], check=False, input=text, capture_output=True, text=True)

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
