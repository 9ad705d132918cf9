"""The standard library's logging, for whoever has it set up already."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Literal

from aiguilleur.journal.entry import JournalEntry
from aiguilleur.journal.sinks.contract import Format, formatted


@dataclass(frozen=True, slots=True)
class LoggingSink:
    """A record of a logger; where it goes, and whether it goes anywhere, the server's own logging says."""

    logger: str = "aiguilleur.journal"
    level: Literal["debug", "info", "warning", "error", "critical"] = "info"
    format: Format = "json"

    def write(self, entry: JournalEntry) -> None:
        """One record; its handlers answer for their own failures."""
        level = logging.getLevelNamesMapping()[self.level.upper()]
        logging.getLogger(self.logger).log(level, "%s", formatted(entry, self.format))
