"""The store that the nodes share is stopped, frozen, slow or full while visits arrive: no visitor notices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest

from aiguilleur.probes.shared import Trouble
from tests.load import arriving
from tests.servers.redis import Ill, patient, store_at, tended
from tests.several.fleet import CALM, Fleet, assert_answered, assert_written_once, fleet, visits
from tests.waiting import await_that

pytestmark = [pytest.mark.redis, pytest.mark.haproxy]


@contextmanager
def stopped(whole: Fleet) -> Iterator[None]:
    whole.store.stop()
    yield
    whole.revive_store()


@contextmanager
def frozen(whole: Fleet) -> Iterator[None]:
    whole.store.suspend()
    yield
    whole.store.resume()


@contextmanager
def slow(whole: Fleet) -> Iterator[None]:
    whole.way.set(Ill.SLOW)
    yield
    whole.way.set(None)


@contextmanager
def full(whole: Fleet) -> Iterator[None]:
    with closing(tended(store_at(whole.store.port))) as store:
        assert store.keep("r", "much", b"x" * 2_000_000, 60)
        assert store.exchange(("CONFIG", "SET", "maxmemory", "1mb", "maxmemory-policy", "noeviction")) == [b"OK"]
        yield
        assert store.exchange(("CONFIG", "SET", "maxmemory", "0")) == [b"OK"]


@pytest.mark.parametrize(
    ("ill", "said"),
    [
        (stopped, {Trouble.CLOSED, Trouble.REFUSED}),
        (frozen, {Trouble.TIMEOUT}),
        (slow, {Trouble.TIMEOUT}),
        (full, {Trouble.FULL}),
    ],
)
def test_no_visitor_notices_what_becomes_of_the_store(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ill: Callable[[Fleet], AbstractContextManager[None]],
    said: set[Trouble],
) -> None:
    patient(monkeypatch)
    with fleet(tmp_path, through=ill is slow) as whole:
        with arriving(whole.port, visits(), CALM, seed=3) as load:
            await_that(lambda: len(load.so_far()) > 20)
            with ill(whole):
                await_that(lambda: all(state == "open" and why in said for state, why in whole.shared()))
                rows = load.rows()

        assert_answered(rows)
        assert_written_once(whole, rows)
        await_that(lambda: set(whole.shared()) == {("ok", None)})
