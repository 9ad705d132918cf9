"""What the parts of one compilation share: the documents, the names they may refer to, and the notes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from aiguilleur.probes import ConfigFile
from aiguilleur.schools import Directory
from aiguilleur.settings.model import Source, Target
from aiguilleur.settings.notes import Notes, did_you_mean
from aiguilleur.settings.reader import MOST_BYTES, Document, Place

SITE, SOURCES, TARGETS, RULES, SCHOOLS = "aiguilleur.yaml", "sources.yaml", "targets.yaml", "rules.yaml", "schools.csv"


@dataclass(slots=True)
class Context:
    """One pass over the raw files; each part adds what the next ones refer to."""

    documents: Mapping[str, Document]
    directory: Directory
    notes: Notes
    folder: Path
    #: Where the theme is, when these are the copies of files that stand elsewhere; none is missed then.
    themed_by: Path | None
    #: The bytes of every file read, by name; those that the YAML names are added.
    files: dict[str, bytes]
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

    def attached(self, file: str, place: Place, name: str) -> ConfigFile | None:
        """A file that stands beside `file` and that it names; None when the notes say why not."""
        if name in self.documents or Path(name).name != name or name.startswith("."):
            self.wrong(file, place, f"'{name[:80]}' is not the name of another file in this folder")
            return None
        try:
            self.files[name] = (self.folder / name).read_bytes()
        except (OSError, ValueError) as error:
            self.wrong(file, place, f"'{name[:80]}' cannot be read: {getattr(error, 'strerror', error)}")
            return None
        if len(self.files[name]) > MOST_BYTES:
            self.wrong(file, place, f"'{name[:80]}' is over {MOST_BYTES} bytes")
        return ConfigFile(name, self.files[name])

    def refer(self, file: str, place: Place, what: str, name: str, known: Iterable[str], *, key: bool = False) -> None:
        """Note a name that is not among the known ones."""
        names = list(known)
        if name not in names:
            self.wrong(file, place, did_you_mean(what, name, names), key=key)

    def refer_to_schools(self, file: str, place: Place, what: str, name: str, known: Iterable[str]) -> None:
        """Note a name that no school bears; nothing can be said while the directory is empty."""
        if self.directory.schools:
            self.refer(file, place, what, name, sorted({each for each in known if each}))
