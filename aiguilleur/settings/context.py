"""What the parts of one compilation share: the documents, the names they may refer to, and the notes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from aiguilleur.schools import Directory
from aiguilleur.settings.model import Source, Target
from aiguilleur.settings.notes import Notes, did_you_mean
from aiguilleur.settings.reader import Document, Place

SITE, SOURCES, TARGETS, RULES, SCHOOLS = "aiguilleur.yaml", "sources.yaml", "targets.yaml", "rules.yaml", "schools.csv"


@dataclass(slots=True)
class Context:
    """One pass over the raw files; each part adds what the next ones refer to."""

    documents: Mapping[str, Document]
    directory: Directory
    notes: Notes
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    #: By source or group, the sources it stands for; one whose shape is wrong is a name that stands for none.
    members: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    targets: dict[str, Target] = field(default_factory=dict)
    #: Every target's name, also of those whose shape is wrong.
    target_names: set[str] = field(default_factory=set)
    entries: Mapping[str, str] = field(default_factory=dict)
    cookies: set[str] = field(default_factory=set)
    referers: set[str] = field(default_factory=set)
    probes: set[str] = field(default_factory=set)

    def wrong(self, file: str, place: Place, message: str, *, key: bool = False) -> None:
        """Note a problem, unless the thing has been told to be of the wrong shape."""
        document = self.documents[file]
        if not self.notes.is_blamed(document, place):
            self.notes.add(document.problem(place, message, key=key))

    def refer(self, file: str, place: Place, what: str, name: str, known: Iterable[str], *, key: bool = False) -> None:
        """Note a name that is not among the known ones."""
        names = list(known)
        if name not in names:
            self.wrong(file, place, did_you_mean(what, name, names), key=key)

    def refer_to_schools(self, file: str, place: Place, what: str, name: str, known: Iterable[str]) -> None:
        """Note a name that no school bears; nothing can be said while the directory is empty."""
        if self.directory.schools:
            self.refer(file, place, what, name, sorted({each for each in known if each}))
