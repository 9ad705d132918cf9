"""Answers in one piece, whatever becomes of the worker."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiguilleur.web.worker import OnePiece


@pytest.fixture
def pair() -> Iterator[tuple[OnePiece, socket.socket]]:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    with ours, theirs:
        yield OnePiece(ours), theirs


def test_a_head_waits_for_its_body_and_both_are_sent_together(pair: tuple[OnePiece, socket.socket]) -> None:
    ours, theirs = pair
    ours.sendall(b"head ")
    ours.sendall(b"body")
    with pytest.raises(BlockingIOError):
        theirs.recv(100)
    ours.flush()

    assert theirs.recv(100) == b"head body"


def test_a_long_answer_is_sent_as_it_comes(pair: tuple[OnePiece, socket.socket]) -> None:
    ours, theirs = pair
    ours.sendall(b"head ")
    ours.sendall(b"x" * 65536)

    assert theirs.recv(100_000).startswith(b"head xxx")


def test_a_file_comes_behind_its_head(pair: tuple[OnePiece, socket.socket], tmp_path: Path) -> None:
    ours, theirs = pair
    (tmp_path / "file").write_bytes(b"content")
    ours.sendall(b"head ")
    with (tmp_path / "file").open("rb") as file:
        ours.sendfile(file)
    ours.flush()

    assert theirs.recv(100) == b"head content"
