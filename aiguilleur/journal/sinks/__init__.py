"""Where entries go, a file for each kind of place."""

from __future__ import annotations

from collections.abc import Mapping

from aiguilleur.journal.sinks.contract import Sink
from aiguilleur.journal.sinks.file import FileSink
from aiguilleur.journal.sinks.logger import LoggingSink
from aiguilleur.journal.sinks.stdout import StdoutSink
from aiguilleur.journal.sinks.syslog import SyslogSink

#: By the `kind` that names it in `aiguilleur.yaml`; a sink's fields are its settings.
SINK_KINDS: Mapping[str, type[FileSink] | type[LoggingSink] | type[StdoutSink] | type[SyslogSink]] = {
    "file": FileSink,
    "logging": LoggingSink,
    "stdout": StdoutSink,
    "syslog": SyslogSink,
}

__all__ = ["SINK_KINDS", "FileSink", "LoggingSink", "Sink", "StdoutSink", "SyslogSink"]
