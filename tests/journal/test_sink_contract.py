"""Every kind of sink keeps to the contract."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar, Literal

import pytest

from aiguilleur.journal import (
    SINK_KINDS,
    Event,
    FileSink,
    JournalEntry,
    LoggingSink,
    Sink,
    StdoutSink,
    SyslogSink,
    entry_of,
)
from tests.builders import ATEN, facts, found
from tests.contracts import SinkContract
from tests.journal.collectors import datagrams


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


class _Logging(SinkContract):
    format: ClassVar[Literal["text", "json"]]

    @pytest.fixture(autouse=True)
    def _caught(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "aiguilleur.journal")
        self.caught = caplog

    def make(self) -> Sink:
        return LoggingSink(format=self.format)

    def kept(self) -> list[str]:
        return [record.getMessage() for record in self.caught.records]


class TestLoggingForPeople(_Logging):
    format = "text"


class TestLoggingForMachines(_Logging):
    format = "json"


class _Syslog(SinkContract):
    """The messages without their header, which is another for each process and machine."""

    format: ClassVar[Literal["json", "structured"]]

    @pytest.fixture(autouse=True)
    def _somewhere(self, tmp_path: Path) -> Iterator[None]:
        with datagrams(tmp_path / "log") as self.collector:
            self.written = 0
            yield

    def make(self) -> Sink:
        sink = SyslogSink(self.collector.address, format=self.format)

        def write(entry: JournalEntry) -> None:
            self.written += 1
            sink.write(entry)

        return SimpleNamespace(write=write)

    def kept(self) -> list[str]:
        texts = [message.decode().replace("\ufeff", "") for message in self.collector.messages(self.written)]
        return [text.split(" ", 6)[6].removeprefix("- ") for text in texts]


class TestSyslogForMachines(_Syslog):
    format = "json"


class TestSyslogInStructuredData(_Syslog):
    format = "structured"


def test_no_kind_is_forgotten() -> None:
    assert set(SINK_KINDS.values()) == {FileSink, LoggingSink, StdoutSink, SyslogSink}
