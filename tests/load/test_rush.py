"""Ten times as many visits within ten seconds, and more than this machine can answer one by one."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from aiguilleur.journal import newest
from tests.load import arriving, by_status, percentile
from tests.nodes import SERVICES, click, node
from tests.wire import Answer, Wire, says

#: Arrivals a second and per core at the height, of which the sources and the visitors of this test take their part.
_HEIGHT = 400 * len(os.sched_getaffinity(0))


def takes_50_ms(status: str, body: bytes = b"") -> Wire:
    def answer(connection: socket.socket, over: threading.Event) -> None:
        over.wait(0.05)
        says(status, body)(connection, over)

    def respond(_: str) -> Answer:
        return answer

    return Wire(respond=respond)


@pytest.mark.prove
def test_ten_times_as_many_within_ten_seconds_get_a_page_soon_and_no_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calm = _HEIGHT / 10
    steps = [
        (3.0, calm),
        *((1.0, calm + calm * 0.9 * second) for second in range(1, 11)),
        (10.0, _HEIGHT),
        (15.0, calm),
    ]
    with (
        takes_50_ms("200 OK", b"in session") as aten,
        takes_50_ms("403 Forbidden") as educonnect,
        node(tmp_path, {"aten": aten.port, "educonnect": educonnect.port}, workers=4) as running,
    ):
        running.ready()
        visits = [click("aten"), click("educonnect"), click("aten", "educonnect"), click()]
        with arriving(running.port, visits, *steps) as load:
            rows = load.rows()

    outcomes = Counter(entry.outcome for entry in newest([running.journal]))
    figures = [f"{percentile(rows, share) * 1000:.0f} ms" for share in (0.5, 0.99, 1)]
    with capsys.disabled():
        sys.stdout.write(f"\n{calm:.0f} to {_HEIGHT} a second: p50, p99, longest {figures}; {dict(outcomes)}\n")
    assert set(by_status(rows)) == {200, 303}
    assert {row.location for row in rows} == {"", SERVICES["aten"]}
    assert percentile(rows, 0.99) <= 2
    # Once it is over, everyone is asked for again.
    over = [row for row in rows if row.at > 28]
    assert {row.visit for row in over if row.status == 303} == {0, 2}
    assert all(row.status == 303 for row in over if row.visit in (0, 2))
