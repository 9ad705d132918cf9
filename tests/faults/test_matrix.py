"""`docs/faults.md` names every row of the matrix, and a test that exists for each, or why there is none."""

from __future__ import annotations

import ast
import re

import pytest

from tests.conftest import ROOT
from tests.faults.test_sources import ROWS

_TEXT = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
_ROWS = {row[1]: row[0] for row in re.finditer(r"^\| (F\d\d) \|.*\|$", _TEXT, re.M)}
_NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", _TEXT)))


def test_every_row_is_there_once_and_in_order() -> None:
    assert re.findall(r"^\| (F\d\d) ", _TEXT, re.M) == [f"F{number:02}" for number in range(1, 37)]


@pytest.mark.parametrize("row", _ROWS)
def test_a_row_names_its_tests_or_says_why_it_cannot_be_run(row: str) -> None:
    held = _ROWS[row].rpartition("| ")[2]

    assert "::" in held or re.search(r"cannot be run here: \w", held) or (held.startswith("as F01") and row in ROWS)


@pytest.mark.parametrize(("file", "name"), _NAMED)
def test_a_test_that_is_named_exists(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))

    assert name in {each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)}
