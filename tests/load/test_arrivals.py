from __future__ import annotations

import socket
import threading
import time

import pytest

from tests.load import Row, Visit, arriving, by_status, percentile
from tests.load.__main__ import _MOST_S
from tests.waiting import LATE, waited
from tests.wire import cut, resets, says, serving, silent


def test_visits_arrive_at_their_rate_whatever_the_answers_take() -> None:
    def slow(connection: socket.socket, over: threading.Event) -> None:
        over.wait(0.5)
        says("303 See Other", Location="https://x.example/", Aiguilleur_Code="KOVATI", Set_Cookie="a=b")(
            connection, over
        )

    visits = [Visit("/a", {"Host": "x", "Cookie": "sid={n}"}), Visit("/b")]
    with serving(slow) as wire, arriving(wire.port, visits, (1, 40), (0.5, 80)) as load:
        rows = load.rows()

    assert [row.at for row in rows[:3]] == [0, 0.025, 0.05]
    assert len(rows) == 80
    assert by_status(rows) == {303: 80}
    assert {(row.location, row.code, row.sets) for row in rows} == {("https://x.example/", "KOVATI", ("a",))}
    assert min(row.seconds for row in rows) >= 0.5
    assert sorted(wire.sent("Cookie")) == sorted(f"sid={number}" for number in range(0, 80, 2))


@pytest.mark.parametrize("answer", [resets, cut(b""), cut(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc")])
def test_an_answer_that_is_not_whole_is_an_error(answer: object) -> None:
    with serving(answer) as wire, arriving(wire.port, [Visit("/")], (0.1, 20)) as load:  # type: ignore[arg-type]
        rows = load.rows()

    assert by_status(rows) == {0: 2}
    assert all(row.error for row in rows)


def test_time_counts_from_when_a_visit_was_due() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=1)
    with listener, arriving(listener.getsockname()[1], [Visit("/")], (0.2, 10)) as load:
        connections = [listener.accept()[0]]
        time.sleep(1)
        connections.append(listener.accept()[0])
        for connection in connections:
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        rows = load.rows()

    assert len(rows) == 2
    assert min(row.seconds for row in rows) > 0.8


def test_the_nearest_rank() -> None:
    rows = [Row(number, 0, 0, number / 10, 0) for number in range(1, 11)]

    assert [percentile(rows, share) for share in (0.0, 0.5, 0.9, 0.99, 1)] == [0.1, 0.5, 0.9, 1.0, 1.0]


def test_visits_at_random_come_as_the_seed_says() -> None:
    with serving(says("200 OK")) as wire:
        told = []
        for seed in (1, 1, 2):
            with arriving(wire.port, [Visit("/a"), Visit("/b")], (0.5, 60), seed=seed) as load:
                told.append([(row.at, row.visit) for row in load.rows()])

    assert told[0] == told[1] != told[2]
    assert {visit for _, visit in told[0]} == {0, 1}


def test_silence_is_not_waited_for_when_the_block_ends() -> None:
    began = time.monotonic()
    with serving(silent) as wire, arriving(wire.port, [Visit("/")], (0.1, 10)) as load:
        time.sleep(0.5)
        assert not load.is_over()

    # The process itself would wait for an answer until then.
    assert waited(began) < _MOST_S - LATE
