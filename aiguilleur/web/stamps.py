"""What tells that a configuration was edited, without reading it again and again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from aiguilleur.settings.load import theme_named

Stamp = tuple[tuple[str, int, int, int], ...]
#: What of a theme an application holds; its other files are read at each request.
_HELD = ("templates", "locale")


class Stamps:
    """The stamps of a folder's files and of those of the theme that it names, one after the other."""

    def __init__(self, folder: Path) -> None:
        """Nothing was looked at yet."""
        self._folder = folder
        self._files: Stamp | None = None
        self._theme: Path | None = None

    def now(self) -> Stamp:
        """What is there now; equal to the one before unless something was edited."""
        files = tuple(sorted(_files(self._folder)))
        if files != self._files:
            # Only the folder's own files can name another theme.
            self._files, self._theme = files, theme_named(self._folder)
        return files + tuple(sorted(_of_theme(self._theme))) if self._theme else files


def _of_theme(theme: Path) -> Iterator[tuple[str, int, int, int]]:
    yield str(theme), theme.is_dir(), 0, 0
    for part in _HELD:
        # Either may be a link, as where a folder is replaced in one step.
        for place, folders, _ in os.walk(theme / part):
            folders[:] = filter(_counts, folders)
            yield from _files(Path(place))


def _files(folder: Path) -> list[tuple[str, int, int, int]]:
    try:
        with os.scandir(folder) as entries:
            found = [(entry.path, entry.stat()) for entry in entries if _counts(entry.name) and entry.is_file()]
    except OSError:
        return []
    return [(path, stat.st_mtime_ns, stat.st_size, stat.st_ino) for path, stat in found]


def _counts(name: str) -> bool:
    """Whether it is a file of the configuration, and not what an editor keeps beside one."""
    return not name.startswith(".") and not name.endswith("~")
