"""Files that take the place of others, all or none: what was begun is finished at the next start."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from aiguilleur.journal.scale.files import REPLACED

_FRESH, _INTENT = ".fresh", ".replacing.json"
#: Who was about to write to a file when its name went has done so after this, in seconds.
_SETTLED_S = 0.2


@dataclass(frozen=True, slots=True)
class Replacement:
    """New days, by name, and the files whose lines they hold, each with the size up to which it was read."""

    days: tuple[str, ...]
    replaced: tuple[tuple[Path, int], ...]

    def commit(self, archive: Path, *, keep: bool) -> None:
        """From here on the new days count: `finish` does the rest, now or after a power cut."""
        for name in self.days:
            _synced(archive / _FRESH / name)
        told = {"days": self.days, "replaced": [(str(path), size) for path, size in self.replaced], "keep": keep}
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
    for path, _ in told["replaced"]:
        if Path(path).exists() and not _aside(path).exists():
            Path(path).rename(_aside(path))
    time.sleep(_SETTLED_S)
    for path, size in told["replaced"]:
        if _aside(path).exists():
            _take_away(Path(path), size, keep=told["keep"])
    intent.unlink()
    shutil.rmtree(archive / _FRESH, ignore_errors=True)


def _aside(path: str | Path) -> Path:
    """The name of a file that is being replaced; no reader takes it for one of the journal."""
    return Path(path).with_name(f".{Path(path).name}.replaced")


def _take_away(path: Path, size: int, *, keep: bool) -> None:
    old = _aside(path)
    if old.stat().st_size > size:
        # Lines that came after it was read are a file of their own, for the next time.
        with old.open("rb") as source, path.with_name(f"{path.name}.late").open("ab") as late:
            source.seek(size)
            shutil.copyfileobj(source, late)
            late.flush()
            os.fsync(late.fileno())
        os.truncate(old, size)
    if keep:
        (path.parent / REPLACED).mkdir(exist_ok=True)
        old.replace(path.parent / REPLACED / path.name)
    else:
        old.unlink()


def _synced(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
