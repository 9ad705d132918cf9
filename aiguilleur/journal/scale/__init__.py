"""The journal read at scale: plain, gzipped and compacted files of several nodes, by DuckDB (extra `ops`)."""

from aiguilleur.journal.scale.compacting import Compacted, compact
from aiguilleur.journal.scale.files import Files, archive_of, files_in
from aiguilleur.journal.scale.lookup import code_in, near_in
from aiguilleur.journal.scale.masking import FEW, masked, shown
from aiguilleur.journal.scale.report import reading, report
from aiguilleur.journal.scale.results import (
    ConfigChange,
    Counts,
    Dimension,
    LatencyBin,
    Migration,
    ReasonWeek,
    Regret,
    Regretted,
    Report,
    Row,
    Scope,
    Settled,
    SettledWeek,
    SourceChange,
)

__all__ = [
    "FEW",
    "Compacted",
    "ConfigChange",
    "Counts",
    "Dimension",
    "Files",
    "LatencyBin",
    "Migration",
    "ReasonWeek",
    "Regret",
    "Regretted",
    "Report",
    "Row",
    "Scope",
    "Settled",
    "SettledWeek",
    "SourceChange",
    "archive_of",
    "code_in",
    "compact",
    "files_in",
    "masked",
    "near_in",
    "reading",
    "report",
    "shown",
]
