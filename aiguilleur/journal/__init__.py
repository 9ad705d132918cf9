"""The journal: one line per decision, what was seen and why, and no trace of who it was."""

from aiguilleur.journal.code import new_code, normal_code
from aiguilleur.journal.configs import config_path, forget, keep, kept, last_good, remember_last_good
from aiguilleur.journal.entry import UNKNOWN, Again, Event, JournalEntry
from aiguilleur.journal.facts import entry_of, facts_of
from aiguilleur.journal.following import follow
from aiguilleur.journal.reading import Torn, by_age, find_code, find_near, newest, oldest, paths_in
from aiguilleur.journal.settled import Settled, settled_by
from aiguilleur.journal.sinks import SINK_KINDS, FileSink, LoggingSink, Sink, StdoutSink, SyslogSink
from aiguilleur.journal.writing import Journal

__all__ = [
    "SINK_KINDS",
    "UNKNOWN",
    "Again",
    "Event",
    "FileSink",
    "Journal",
    "JournalEntry",
    "LoggingSink",
    "Settled",
    "Sink",
    "StdoutSink",
    "SyslogSink",
    "Torn",
    "by_age",
    "config_path",
    "entry_of",
    "facts_of",
    "find_code",
    "find_near",
    "follow",
    "forget",
    "keep",
    "kept",
    "last_good",
    "new_code",
    "newest",
    "normal_code",
    "oldest",
    "paths_in",
    "remember_last_good",
    "settled_by",
]
