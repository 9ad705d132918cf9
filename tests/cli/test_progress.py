from __future__ import annotations

import io
import sys

import pytest

from aiguilleur.cli.progress import bar, steps


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def under_way() -> None:
    with steps() as step:
        step("by week")
    with bar("compacting") as move:
        move(1, 2)
        move(2, 2)


def test_a_terminal_sees_what_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    under_way()

    assert "compacting" in sys.stderr.getvalue()  # type: ignore[union-attr]


def test_a_pipe_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    under_way()

    assert sys.stderr.getvalue() == ""  # type: ignore[union-attr]


def test_without_the_extra_a_terminal_sees_nothing_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setitem(sys.modules, "rich.console", None)
    under_way()

    assert sys.stderr.getvalue() == ""  # type: ignore[union-attr]
