"""Every configuration that was live, kept by its digest: a past decision can be read with the rules of its day."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path

_DIGEST = re.compile(r"[0-9a-f]{6,64}")
_KEPT, _LAST_GOOD = "configurations", "last-good"


def keep(state: Path, digest: str, files: Mapping[str, bytes]) -> None:
    """Keep these files under their digest, whole or not at all; a digest that is kept already is left alone.

    Raises OSError when the disk refuses.
    """
    folder = _folder(state, digest)
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".fresh-"))
    try:
        for name, content in files.items():
            _write(fresh / name, content)
        # The folder of a temporary file is for its owner alone; the operators' group reads this one.
        fresh.chmod(0o750)
        fresh.rename(folder)
    except OSError:
        # Another worker may have been first; then all is well.
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def config_path(state: Path, digest: str) -> Path | None:
    """The folder of a kept configuration."""
    if not _DIGEST.fullmatch(digest):
        return None
    folder = _folder(state, digest)
    return folder if folder.is_dir() else None


def remember_last_good(state: Path, digest: str) -> None:
    """Note, in one step, that this configuration was accepted."""
    state.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=state, prefix=f".{_LAST_GOOD}-")
    os.close(number)
    fresh = Path(name)
    try:
        _write(fresh, digest.encode("ascii"))
        fresh.chmod(0o640)
        fresh.replace(state / _LAST_GOOD)
    finally:
        fresh.unlink(missing_ok=True)


def last_good(state: Path) -> Path | None:
    """The folder of the last configuration that was accepted."""
    try:
        digest = (state / _LAST_GOOD).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return config_path(state, digest)


def kept(state: Path, *, since: datetime, named: Collection[str]) -> list[Path]:
    """The folders of configurations kept before an instant, without the named ones and the last good one."""
    last, folder = last_good(state), state / _KEPT
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return [
        path
        for path in found
        if _DIGEST.fullmatch(path.name)
        and path.name not in named
        and path != last
        and path.stat().st_mtime < since.timestamp()
    ]


def forget(kept_folder: Path) -> None:
    """Remove a kept configuration."""
    shutil.rmtree(kept_folder)


def _folder(state: Path, digest: str) -> Path:
    return state / _KEPT / digest


def _write(path: Path, content: bytes) -> None:
    """On the disk for good before anything points at it: the last good copy is for the start after a power cut."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
