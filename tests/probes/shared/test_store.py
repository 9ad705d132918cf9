"""What processes share, in memory and in the servers of the protocol that are installed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from aiguilleur.errors import StoreError
from aiguilleur.probes.shared import Place, Store, StoreState, Trouble
from aiguilleur.probes.shared.store import Line
from aiguilleur.sandbox.faults import Authority
from tests.probes.shared.fakes import Memory
from tests.servers.process import Process
from tests.servers.redis import SERVERS, redis_server, store_at, tended
from tests.waiting import LONG

pytestmark = pytest.mark.redis


@pytest.fixture(params=["memory", *SERVERS])
def store(request: pytest.FixtureRequest, servers: Callable[[str], Process]) -> Memory | Store:
    if request.param == "memory":
        return Memory()
    server = servers(request.param)
    return tended(Store(Place(host="127.0.0.1", port=server.port, prefix=f"test:{uuid4().hex}")))


class TestContract:
    def test_a_result_is_had_by_all_until_its_life_is_over(self, store: Memory | Store) -> None:
        store.put("question", b"1 active", 30)

        assert store.get("question") == b"1 active"
        assert store.get("another") is None

    def test_values_of_one_kind_are_none_of_another(self, store: Memory | Store) -> None:
        assert store.keep("b", "probe", b"open", 30)

        assert store.get("probe") is None
        assert store.look("f", ["probe"]) == {}

    def test_what_is_looked_at_says_for_how_long_it_counts(self, store: Memory | Store) -> None:
        store.keep("b", "one", b"open", 30)
        looked = store.look("b", ["one", "two"])

        assert looked
        assert set(looked) == {"one"}
        assert looked["one"].value == b"open"
        assert 20 < looked["one"].left_s <= 30

    def test_only_one_of_many_gets_what_they_claim(self, store: Memory | Store) -> None:
        assert [store.claim("t", "trial", 30) for _ in range(3)] == [True, False, False]

    def test_a_log_is_read_on_from_where_one_stopped(self, store: Memory | Store) -> None:
        assert store.append("trips", ["one", "two"], 30)
        mark, first = store.since("trips", b"0")
        store.append("trips", ["three"], 30)
        end, second = store.since("trips", mark)

        assert [[text for text, _ in part] for part in (first, second)] == [["one", "two"], ["three"]]
        assert all(0 <= ago < 10 for _, ago in (*first, *second))
        assert store.since("trips", end) == (end, ())

    def test_an_empty_log_leaves_the_mark_where_it_is(self, store: Memory | Store) -> None:
        assert store.since("nothing", b"0") == (b"0", ())


def test_a_life_ends(redis: Process) -> None:
    store = tended(store_at(redis.port))
    store.put("short", b"1 active", 0.05)
    time.sleep(0.2)

    assert store.get("short") is None


def test_a_long_log_comes_in_parts_and_keeps_no_more_than_its_share(redis: Process) -> None:
    store = tended(store_at(redis.port))
    log, mark, read = uuid4().hex, b"0", []
    for _ in range(4):
        store.append(log, ["x"] * 300, 30)
    while part := store.since(log, mark)[1]:
        mark, _ = store.since(log, mark)
        read.append(len(part))

    assert read == [500, 500, 200]


@pytest.mark.parametrize("command", [("LPUSH", "1"), ("HSET", "a", "b")])
def test_a_value_of_another_type_is_no_value_and_the_store_is_well(redis: Process, command: tuple[str, ...]) -> None:
    store = tended(store_at(redis.port))
    key = uuid4().hex
    for kind in ("r", "b", "l"):
        store.exchange((command[0], f"aiguilleur:{kind}:{key}", *command[1:]))

    assert store.get(key) is None
    assert store.look("b", [key]) == {}
    assert store.since(key, b"0") == (b"0", ())
    assert store.health.state is StoreState.OK


def test_a_value_that_is_far_too_long_or_without_an_end_is_no_value(redis: Process) -> None:
    store = tended(store_at(redis.port))
    key = uuid4().hex
    store.keep("b", key, b"x" * 5_000_000, 30)
    store.exchange(("SET", f"aiguilleur:b:{key}-endless", b"open"))

    assert store.look("b", [key, f"{key}-endless"]) == {}
    assert store.get(key) is None


def test_a_visit_that_finds_no_free_connection_does_without_and_the_next_has_one_more(redis: Process) -> None:
    store = tended(store_at(redis.port))
    taken = []
    while store.exchange(("PING",)) is not None and store._free:
        taken.append(store._free.popleft())

    assert store.get("anything") is None
    assert store.health.state is StoreState.OK
    assert store.tend()
    assert store.exchange(("PING",)) == [b"PONG"]


def test_a_connection_is_of_use_long_after_it_was_made(redis: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tended(store_at(redis.port))
    clock = time.monotonic
    # What connecting may take is over: nobody needs to wait for that.
    monkeypatch.setattr(time, "monotonic", lambda: clock() + LONG)

    assert store.exchange(("PING",)) == [b"PONG"]
    assert store.health.errors == 0


def test_nothing_is_connected_before_it_is_tended(redis: Process) -> None:
    store = store_at(redis.port)

    assert store.get("anything") is None
    assert (store.health.state, store.health.reason) == (StoreState.OPEN, Trouble.UNCONNECTED)


def test_a_password_a_user_and_a_database_are_told(tmp_path: Path) -> None:
    user = "user ts on >secret ~aiguilleur:* +@all"
    with redis_server(tmp_path, "--requirepass", "other", "--user", *user.split()[1:]) as server:
        store = tended(Store(Place(host="127.0.0.1", port=server.port, username="ts", database=3), "secret"))
        store.put("question", b"1 active", 30)

        assert store.get("question") == b"1 active"
        assert store.exchange(("CLIENT", "INFO")) is not None
        [info] = store.exchange(("CLIENT", "INFO")) or [b""]
        assert isinstance(info, bytes)
        assert b" db=3 " in info
        assert b"user=ts" in info


def test_a_socket_of_this_machine_will_do(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with redis_server(tmp_path / "redis", "--unixsocket", str(path)):
        store = tended(Store(Place(path=str(path))))
        store.put("question", b"1 active", 30)

        assert store.get("question") == b"1 active"


def test_a_store_over_tls_is_known_by_its_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.server("localhost")
    [certificate] = map(str, tmp_path.glob("server-*.pem"))
    own = ("--tls-cert-file", certificate, "--tls-key-file", certificate, "--tls-ca-cert-file", str(authority.path))
    with redis_server(tmp_path / "redis", "--tls-auth-clients", "no", *own, tls=True) as server:
        places = [
            Place(host=host, port=server.port, tls=True, ca_file=ca_file)
            for host, ca_file in (("localhost", str(authority.path)), ("localhost", None), ("127.0.0.1", None))
        ]
        stores = [Store(place) for place in places]

        assert [store.tend() for store in stores] == [True, False, False]
        assert [store.health.reason for store in stores] == [None, Trouble.TLS, Trouble.TLS]


class Wire:
    """A connection whose server is as the test says."""

    def __init__(self, troubles: list[Trouble | None]) -> None:
        self.troubles = troubles
        self.is_closed = False

    def ask(self, commands: object, within: float) -> list[object]:
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble:
            raise StoreError(trouble)
        return [b"OK"]

    def close(self) -> None:
        self.is_closed = True


class Site:
    """A store whose clock and server stand as the test says."""

    def __init__(self) -> None:
        self.now = 0.0
        self.troubles: list[Trouble | None] = []
        self.opened = 0
        self.store = Store(Place(host="store.test"), clock=lambda: self.now, opened=self._open)

    def _open(self, place: Place, password: str, within: float) -> Line:
        self.opened += 1
        return Wire(self.troubles)

    def pauses(self, tries: int) -> list[int]:
        """How long it is left alone, each time that it fails again."""
        lengths: list[int] = []
        for _ in range(tries):
            self.troubles[:] = [Trouble.TIMEOUT]
            assert not self.store.tend()
            began = self.now
            while self.store.health.again_in_s > 0 or self.store.health.errors == len(lengths):
                self.now += 0.01
            lengths.append(round(self.now - began))
            self.now += 1
        return lengths


def test_a_store_that_fails_is_left_alone_and_then_tried_by_one() -> None:
    site = Site()
    assert site.store.tend()
    site.troubles[:] = [Trouble.TIMEOUT]
    opened = site.opened

    assert site.store.get("question") is None
    assert site.store.get("question") is None
    assert not site.store.tend()
    assert (site.store.health.state, site.store.health.errors, site.opened) == (StoreState.OPEN, 1, opened)
    site.now += 1.1
    assert site.store.get("question") is None
    assert site.store.tend()
    assert (site.store.health.state, site.opened) == (StoreState.OK, opened + 1)


def test_it_is_left_alone_for_twice_as_long_each_time_and_never_for_more_than_half_a_minute() -> None:
    assert Site().pauses(8)[-3:] == [pytest.approx(27, abs=3)] * 3
    assert Site().pauses(4) == [pytest.approx(0.9 * length, abs=0.6 + 0.1 * length) for length in (0.5, 1.5, 3.5, 7.5)]


def test_a_store_that_was_well_for_long_is_forgiven_sooner(caplog: pytest.LogCaptureFixture) -> None:
    site = Site()
    with caplog.at_level(logging.WARNING):
        site.pauses(6)
        assert site.store.tend()
        site.now += 60
        site.troubles[:] = [Trouble.FULL]
        site.store.put("question", b"1 active", 3)

    assert (site.store.health.again_in_s, site.store.health.reason) == (1, Trouble.FULL)
    assert [record.getMessage() for record in caplog.records] == [
        "the shared store store.test:6379 is done without: timeout",
        "the shared store store.test:6379 is used from now on",
        "the shared store store.test:6379 is done without: full",
    ]


def test_what_a_connection_of_before_meets_says_nothing_of_now() -> None:
    site = Site()
    assert site.store.tend()
    assert site.store.tend()
    old = site.store._free.popleft()
    site.troubles[:] = [Trouble.TIMEOUT]
    site.store.get("question")
    site.now += 2
    assert site.store.tend()
    site.store._failed(old[0], StoreError(Trouble.CLOSED))

    assert site.store.health.state is StoreState.OK
