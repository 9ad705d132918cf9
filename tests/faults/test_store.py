"""Row F25 of `docs/faults.md`: the store that machines share is down, slow, full, or answers nonsense."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aiguilleur.core.model import Reason
from aiguilleur.probes.shared import Store, StoreState, Trouble
from aiguilleur.probes.shared import store as module
from aiguilleur.probes.shared.store import _CONNECT_S, UNSEEN_S, WITHIN_S
from aiguilleur.sandbox.faults import Fault
from aiguilleur.web import create_app
from aiguilleur.web.service import running_in
from aiguilleur.web.sharing import Sharing
from tests.faults.town import KEY, LONGEST, Town, town
from tests.nodes import LINK, SERVICES
from tests.servers.process import Process
from tests.servers.redis import Ill, Way, patient, redis_server
from tests.waiting import LATE, await_probes, await_that

pytestmark = pytest.mark.redis

SAID = {
    Ill.REFUSED: Trouble.CLOSED,
    Ill.BLACK_HOLE: Trouble.TIMEOUT,
    Ill.SLOW: Trouble.TIMEOUT,
    Ill.GARBAGE: Trouble.PROTOCOL,
    Ill.HUGE: Trouble.PROTOCOL,
    Ill.DRIPS: Trouble.TIMEOUT,
    Ill.RESET: Trouble.CLOSED,
}
#: What those say who try to connect to it.
LATER = {Ill.REFUSED: Trouble.REFUSED}


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    patient(monkeypatch)


def in_earnest(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on nobody waits longer than in reality."""
    monkeypatch.setattr(module, "WITHIN_S", WITHIN_S)
    monkeypatch.setattr(module, "UNSEEN_S", UNSEEN_S)
    monkeypatch.setattr(module, "_CONNECT_S", _CONNECT_S)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with redis_server(tmp_path_factory.mktemp("redis")) as process:
        yield process


def sharing(place: Town) -> Sharing:
    """What tends the store of a town, whenever the test says so."""
    return Sharing(lambda: running_in(place.app), threading.Event())


def store_of(place: Town) -> Store:
    running = running_in(place.app)
    assert running
    assert running.store
    return running.store


@contextmanager
def sharing_town(folder: Path, port: int, more: str = "") -> Iterator[Town]:
    """A town whose store answers on this port, and has been tended once."""
    with town(folder, budget=LONGEST, more=f'shared: {{url: "redis://127.0.0.1:{port}/0"{more}}}') as place:
        sharing(place).look()
        yield place
        store_of(place).close()


def tried(store: Store) -> bool:
    """Whether it can be used, once the pause is over, which no test waits for."""
    store._until = 0.0
    return store.tend()


def visited(place: Town) -> float:
    """How long a family waits that ATEN has in session, and that arrives at the right place."""
    seen = place.visit("aten")
    assert (seen.response.status_code, seen.place) == (303, SERVICES["aten"])
    # The store is told behind the visit's back.
    await_probes()
    return seen.seconds


def test_a_visit_that_asks_no_source_asks_nothing_of_the_store(tmp_path: Path, redis: Process) -> None:
    with Way(redis.port) as way, sharing_town(tmp_path, way.port) as place:
        asked = way.asked
        places = [place.visit().place, place.visit("aten", path=f"{LINK}?source=educonnect").place]
        untouched = way.asked
        visited(place)

        assert places == [None, SERVICES["educonnect"]]
        assert untouched == asked < way.asked


@pytest.mark.parametrize("ill", Ill)
def test_a_sick_store_costs_one_visit_a_moment_and_the_next_ones_nothing(
    tmp_path: Path, redis: Process, ill: Ill, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Way(redis.port) as way, sharing_town(tmp_path, way.port) as place:
        usual = visited(place)
        store = store_of(place)
        assert store.health.state is StoreState.OK
        before = way.asked
        way.set(ill)
        if SAID[ill] is Trouble.TIMEOUT:
            in_earnest(monkeypatch)
        first = visited(place)
        # What refuses may not have been asked at all.
        await_that(lambda: ill is Ill.REFUSED or way.asked > before)
        assert store.health.errors
        asked = way.asked
        for _ in range(5):
            visited(place)

        assert first < usual + 2 * WITHIN_S + LATE
        assert way.asked == asked
        assert place.ready()["shared"] | {"again_in_s": 1} == {
            "state": "open",
            "reason": SAID[ill],
            "again_in_s": 1,
            "errors": 1,
        }

        assert not tried(store)
        assert store.health.reason == LATER.get(ill, SAID[ill])
        way.set(None)
        patient(monkeypatch)
        assert tried(store)
        visited(place)
        assert place.ready()["shared"]["state"] == "ok"


def test_a_store_that_is_frozen_costs_one_visit_a_moment(
    tmp_path: Path, redis: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Way(redis.port) as way, sharing_town(tmp_path, way.port) as place:
        usual = visited(place)
        before = way.asked
        redis.suspend()
        in_earnest(monkeypatch)
        try:
            first = visited(place)
            await_that(lambda: way.asked > before)
            assert place.ready()["shared"]["reason"] == "timeout"
            asked = way.asked
            for _ in range(5):
                visited(place)
            later = way.asked
        finally:
            redis.resume()
            patient(monkeypatch)

        assert first < usual + 2 * WITHIN_S + LATE
        assert later == asked
        assert tried(store_of(place))


REFUSALS = {
    "read-only": ("--replicaof", "127.0.0.1", "1", "--replica-serve-stale-data", "yes"),
    "auth": ("--requirepass", "a password that was not told"),
}


def test_a_store_that_is_full_is_done_without(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as server, sharing_town(tmp_path, server.port) as place:
        store = store_of(place)
        store.keep("r", "much", b"x" * 2_000_000, 60)
        store.exchange(("CONFIG", "SET", "maxmemory", "1mb", "maxmemory-policy", "noeviction"))
        visited(place)

        assert min(visited(place) for _ in range(5)) < LATE
        assert store.health.reason is Trouble.FULL
        assert not tried(store)
        assert store.health.reason is Trouble.FULL


@pytest.mark.parametrize("said", REFUSALS)
def test_a_store_that_refuses_what_it_is_asked_is_done_without(tmp_path: Path, said: str) -> None:
    with redis_server(tmp_path / "redis", *REFUSALS[said]) as server, sharing_town(tmp_path, server.port) as place:
        assert visited(place) < LATE

        assert place.ready()["shared"] | {"again_in_s": 1} == {
            "state": "open",
            "reason": said,
            "again_in_s": 1,
            "errors": 1,
        }


@pytest.mark.parametrize(
    "wrong", [("LPUSH", "1 active"), ("SET", "active"), ("SET", "\x00" * 4096), ("SET", "2 active")]
)
def test_a_value_that_is_none_of_ours_is_no_answer_and_the_source_is_asked(
    tmp_path: Path, redis: Process, wrong: tuple[str, str]
) -> None:
    with sharing_town(tmp_path, redis.port, f", prefix: {wrong[0].lower()}{len(wrong[1])}") as place:
        store = store_of(place)
        kept, poisoned = store.get, []

        def get(key: str) -> bytes | None:
            # As if somebody had put it there a moment before.
            store.exchange((wrong[0], store._name("r", key), wrong[1]))
            poisoned.append(key)
            return kept(key)

        store.get = get  # type: ignore[method-assign]
        seen = place.visit("aten")

        assert poisoned
        assert (seen.place, seen.of("aten").reason) == (SERVICES["aten"], Reason.ANSWER)
        assert store.health.state is StoreState.OK


def test_what_one_process_found_is_not_asked_again_by_another_and_only_by_that_name(
    tmp_path: Path, redis: Process
) -> None:
    with sharing_town(tmp_path, redis.port, ", prefix: two") as place:
        cookie, first = {"Cookie": "CTSESSION=the-same"}, store_of(place)
        answers = [place.visit(**cookie)]
        await_that(lambda: first.exchange(("KEYS", "two:r:*")) not in (None, [[]]))
        place.app = create_app(place.settings, (KEY,))
        sharing(place).look()
        answers += [place.visit(**cookie)]
        place.app = create_app(place.settings, ("another key" * 4,))
        sharing(place).look()
        answers += [place.visit(**cookie)]
        written = str(first.exchange(("KEYS", "*"), ("MGET", *_names(first))))

        assert [each.of("aten").reason for each in answers] == [Reason.ANSWER, Reason.CACHED, Reason.ANSWER]
        assert {each.place for each in answers} == {SERVICES["aten"]}
        assert "the-same" not in written
        assert "CTSESSION" not in written
        first.close()


def _names(store: Store) -> list[bytes]:
    [names] = store.exchange(("KEYS", "two:r:*")) or [[]]
    assert isinstance(names, list)
    return names


def test_what_one_process_finds_dead_another_does_not_ask_and_the_journal_says_so_once(
    tmp_path: Path, redis: Process
) -> None:
    with sharing_town(tmp_path, redis.port, ", prefix: three") as place:
        first, there = sharing(place), store_of(place)
        first.look()
        place.aten.set(Fault.ERROR_500)
        for _ in range(3):
            place.visit("aten")
        first.look()
        place.app = create_app(place.settings, (KEY,))
        sharing(place).look()
        asked = len(place.aten.heard)
        place.visit("aten")

        assert len(place.aten.heard) == asked == 3
        assert place.ready()["probes"]["aten-status"] | {"again_in_s": 5} == {
            "breaker": "open",
            "reason": "status",
            "again_in_s": 5,
        }
        assert place.changes() == [("open", "status")]
        there.close()
