"""YAML that surprises, and the place of every value."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiguilleur.settings.reader import read

BOMB = "a0: &a0 [x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 5)}]\n" for level in range(1, 10)
)


def told(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    return [str(problem) for problem in read(path, "x.yaml")[2]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 2021-02-30\nb: 2021-13-01\n", ["x.yaml:1:4: '2021-02-30' is not a day of the calendar",
                                             "x.yaml:2:4: '2021-13-01' is not a day of the calendar"]),
        ("a: 1\nb: {c: 1, c: 2}\na: 2\n", ["x.yaml:2:11: duplicate key 'c'", "x.yaml:3:1: duplicate key 'a'"]),
        ("a:\n  - {b: 1}\n  - {b: 1}\n", []),
        ("a: !x 1\n", ["x.yaml:1:4: tag '!x' is not allowed"]),
        ("[" * 5000, ["x.yaml:1:1: is nested too deeply, or inside itself"]),
        (BOMB, ["x.yaml:1:1: stands for more than 200000 values"]),
        ("a: \x00\n", ["x.yaml:1:1: unacceptable character #x0000: special characters are not allowed"]),
        ("a: 1\n---\nb: 2\n", ["x.yaml:2:1: but found another document"]),
    ],
)  # fmt: skip
def test_what_surprises_is_told_with_its_place(tmp_path: Path, text: str, said: list[str]) -> None:
    assert told(tmp_path, text) == said


def test_yes_is_a_word_and_a_day_is_a_day(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: yes\nb: [on, 010]\n", encoding="utf-8")
    document, _, _ = read(path, "x.yaml")

    assert document.content == {"a": "yes", "b": ["on", 10]}
    assert dict(document.places) == {(): (1, 1), ("a",): (1, 4), ("b",): (2, 4), ("b", 0): (2, 5), ("b", 1): (2, 9)}
    assert dict(document.keys) == {("a",): (1, 1), ("b",): (2, 1), ("b", 0): (2, 5), ("b", 1): (2, 9)}
