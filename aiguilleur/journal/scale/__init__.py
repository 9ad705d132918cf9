"""The journal read at scale: plain, gzipped and compacted files of several nodes, by DuckDB (extra `ops`)."""

from aiguilleur.journal.scale.compacting import Compacted, compact, rotated
from aiguilleur.journal.scale.counting import FEW, shown
from aiguilleur.journal.scale.files import Files, archive_of, files_in, homes_of, replaced_of
from aiguilleur.journal.scale.lookup import find_code, find_near
from aiguilleur.journal.scale.masking import masked
from aiguilleur.journal.scale.report import named_in, reading, report
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
    SettledWeek,
    SourceChange,
)
from aiguilleur.journal.scale.telling import as_csv, as_json, text
from aiguilleur.journal.settled import Settled

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
    "as_csv",
    "as_json",
    "compact",
    "files_in",
    "find_code",
    "find_near",
    "homes_of",
    "masked",
    "named_in",
    "reading",
    "replaced_of",
    "report",
    "rotated",
    "shown",
    "text",
]
