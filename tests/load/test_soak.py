"""The soak, for one minute and for ten."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.load.soak import assert_held, soak

pytestmark = pytest.mark.nginx

#: Another one is another course of things; the report says which.
SEED = 5


def test_for_a_minute_nothing_that_breaks_is_seen(tmp_path: Path) -> None:
    soaked = soak(tmp_path, 60, 120, seed=SEED, longest=3)

    sys.stdout.write(f"\nseed {SEED}: {soaked.report()}\n")
    assert soaked.weather.killed > 3
    assert soaked.weather.edited > 3
    assert_held(soaked, growth=0.1)


@pytest.mark.prove
def test_for_ten_minutes_at_three_hundred_a_second_nothing_that_breaks_is_seen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        soaked = soak(tmp_path, 600, 300, seed=SEED, longest=6, workers=4)
        sys.stdout.write(f"\nseed {SEED}: {soaked.report()}\n")
    assert_held(soaked, growth=0.1)
