"""Every configuration that was live, kept by its digest: a past decision can be read with the rules of its day."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

_DIGEST = re.compile(r"[0-9a-f]{6,64}")
_KEPT, _LAST_GOOD = "configurations", "last-good"


def keep(state: Path, digest: str, files: Mapping[str, bytes]) -> None:
    """Keep these files under their digest, whole or not at all; a digest that is kept already is left alone."""
    folder = state / _KEPT / digest
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".fresh-"))
    try:
        for name, content in files.items():
            (fresh / name).write_bytes(content)
        fresh.rename(folder)
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)
        # Another worker may have been first; then all is well.
        if not folder.is_dir():
            raise


def config_path(state: Path, digest: str) -> Path | None:
    """The folder of a kept configuration."""
    folder = state / _KEPT / digest
    return folder if _DIGEST.fullmatch(digest) and folder.is_dir() else None


def remember_last_good(state: Path, digest: str) -> None:
    """Note, in one step, that this configuration was accepted."""
    fresh = state / f".{_LAST_GOOD}-{os.getpid()}"
    fresh.write_text(digest, encoding="ascii")
    fresh.replace(state / _LAST_GOOD)


def last_good(state: Path) -> Path | None:
    """The folder of the last configuration that was accepted."""
    try:
        digest = (state / _LAST_GOOD).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return config_path(state, digest)
