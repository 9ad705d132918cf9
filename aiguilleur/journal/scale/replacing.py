"""Files that take the place of others, all or none: what was begun is finished at the next start."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from aiguilleur.journal.scale.files import REPLACED

_FRESH, _INTENT = ".fresh", ".replacing.json"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
#: Who was about to write to a file when its name went has done so after this, in seconds.
_SETTLED_S = 0.2


@dataclass(frozen=True, slots=True)
class Held:
    """A file as it was read: a name may since be another file's, for those that rotate move up by one."""

    path: Path
    inode: int
    size: int

    @classmethod
    def at(cls, path: Path) -> Held:
        """The file that has this name now."""
        found = path.stat()
        return cls(path, found.st_ino, found.st_size)

    @property
    def aside(self) -> Path:
        """Its name while it is being replaced; no reader takes it for one of the journal."""
        return self.path.with_name(f".{self.inode}.replaced")

    def put_aside(self) -> None:
        """Take its name away, whatever that is by now; it may be gone already."""
        names = [self.path, *sorted(self.path.parent.iterdir())]
        name = next((each for each in names if each.exists() and each.stat().st_ino == self.inode), None)
        if name is None or name == self.aside:
            return
        name.rename(self.aside)
        if self.aside.stat().st_ino != self.inode:
            # Another file had just moved up to this name.
            self.aside.rename(name)
            self.put_aside()


@dataclass(frozen=True, slots=True)
class Replacement:
    """New days, by name, and the files whose lines they hold."""

    days: tuple[str, ...]
    replaced: tuple[Held, ...]

    def commit(self, archive: Path, *, keep: bool) -> None:
        """From here on the new days count: `finish` does the rest, now or after a power cut."""
        for name in self.days:
            _synced(archive / _FRESH / name)
        replaced = [(str(each.path), each.inode, each.size) for each in self.replaced]
        told = {"days": self.days, "replaced": replaced, "keep": keep}
        draft = archive / f"{_INTENT}.fresh"
        draft.write_text(json.dumps(told), encoding="utf-8")
        _synced(draft)
        draft.replace(archive / _INTENT)
        _synced(archive)


def finish(archive: Path) -> None:
    """Put the new days in place and take the old files away; nothing to do is fine."""
    intent = archive / _INTENT
    if not intent.exists():
        shutil.rmtree(archive / _FRESH, ignore_errors=True)
        return
    told = json.loads(intent.read_text(encoding="utf-8"))
    for name in told["days"]:
        if (fresh := archive / _FRESH / name).exists():
            fresh.replace(archive / name)
    _synced(archive)
    replaced = [Held(Path(path), inode, size) for path, inode, size in told["replaced"]]
    for each in replaced:
        each.put_aside()
    time.sleep(_SETTLED_S)
    for each in replaced:
        if each.aside.exists():
            _take_away(each, keep=told["keep"])
        if _DAY.search(each.path.parent.name):
            # The folder of a day that is over; it stays when there is anything else in it.
            with contextlib.suppress(OSError):
                each.path.parent.rmdir()
    intent.unlink()
    shutil.rmtree(archive / _FRESH, ignore_errors=True)


def _take_away(held: Held, *, keep: bool) -> None:
    old, path = held.aside, held.path
    if old.stat().st_size > held.size:
        # Lines that came after it was read are a file of their own, for the next time.
        with old.open("rb") as source, path.with_name(f"{path.name}.late").open("ab") as late:
            source.seek(held.size)
            shutil.copyfileobj(source, late)
            late.flush()
            os.fsync(late.fileno())
        os.truncate(old, held.size)
    if keep:
        (path.parent / REPLACED).mkdir(exist_ok=True)
        old.replace(_free(path.parent / REPLACED / path.name))
    else:
        old.unlink()


def _free(path: Path) -> Path:
    """This name, or where there is such a file already, as of those that rotation calls by the same, the next."""
    if not path.exists():
        return path
    stem, packed = path.name.removesuffix(".gz"), ".gz" if path.suffix == ".gz" else ""
    names = (path.with_name(f"{stem}-{number}{packed}") for number in count(2))
    return next(name for name in names if not name.exists())


def _synced(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
