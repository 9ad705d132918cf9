"""A whole country's schools are read within a second and searched at once.

The bounds are ten times what was measured on two slow cores, so that only a change of kind goes beyond them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aiguilleur.schools import Directory, read_schools
from tests.schools.country import SIZE, write_country


def seconds(act: Callable[[], object]) -> float:
    """The processor's time of the fastest of three."""

    def once() -> float:
        before = time.thread_time()
        act()
        return time.thread_time() - before

    return min(once() for _ in range(3))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("country") / "schools.csv"
    write_country(path)
    return path


@pytest.fixture(scope="module")
def country(file: Path) -> Directory:
    directory, problems = read_schools(file, "schools.csv")
    assert (len(directory.schools), problems) == (SIZE, ())
    return directory


def test_sixty_thousand_schools_are_read_in_time(file: Path) -> None:
    assert seconds(lambda: read_schools(file, "schools.csv")) < 6


@pytest.mark.parametrize(
    "typed",
    [
        "pergaud ornans",
        "colege pergua ornan",
        "école",
        "école maternelle élémentaire collège lycée exemple",
        "montbelroche saulandor",
        "zzzzzzzzzzzz",
        "mon",
        "é" * 200,
    ],
)
def test_a_search_among_them_is_short(country: Directory, typed: str) -> None:
    assert seconds(lambda: country.search(typed, 12)) < 0.5


def test_one_school_is_found_among_them_whatever_the_spelling(country: Directory) -> None:
    for typed in ("Pergaud Ornans", "colege pergua ornan", "ORNANS collège Pergaud", "clg-pergaud-ornans"):
        assert country.search(typed, 12).schools[0].etab == "clg-pergaud-ornans"
