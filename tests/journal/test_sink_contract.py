"""Every kind of sink keeps to the contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiguilleur.journal import SINK_KINDS, Event, FileSink, JournalEntry, Sink, StdoutSink, entry_of
from tests.builders import ATEN, facts, found
from tests.contracts import SinkContract


@pytest.fixture
def entry() -> JournalEntry:
    seen = facts(found(ATEN, "active"), entry="eclat", cookies=frozenset({"CTSESSION=blank"}))
    return entry_of(seen, event=Event.DECIDED, code="KOVATI", outcome="redirect", source=ATEN, rule="r", status=303)


class TestFile(SinkContract):
    @pytest.fixture(autouse=True)
    def _somewhere(self, tmp_path: Path) -> None:
        self.path = tmp_path / "journal.jsonl"

    def make(self) -> Sink:
        return FileSink(str(self.path))

    def kept(self) -> list[str]:
        return self.path.read_text(encoding="ascii").splitlines()


class _Stdout(SinkContract):
    @pytest.fixture(autouse=True)
    def _caught(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.caught = capsys

    def kept(self) -> list[str]:
        return self.caught.readouterr().out.splitlines()


class TestStdoutForPeople(_Stdout):
    def make(self) -> Sink:
        return StdoutSink()


class TestStdoutForMachines(_Stdout):
    def make(self) -> Sink:
        return StdoutSink("json")


def test_no_kind_is_forgotten() -> None:
    assert set(SINK_KINDS.values()) == {FileSink, StdoutSink}
