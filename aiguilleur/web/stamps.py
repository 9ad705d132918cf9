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
        files = _of_folder(self._folder)
        if files != self._files:
            # Only the folder's own files can name another theme.
            self._files, self._theme = files, theme_named(self._folder)
        return files + _of_theme(self._theme) if self._theme else files


def files_below(folder: Path) -> Iterator[os.DirEntry[str]]:
    """The files of a folder and of those in it, through links too, without what stands beside them."""
    seen = set[str]()
    for place, folders, _ in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        # A link may lead back to where it stands.
        folders[:] = [] if real in seen else filter(is_meant, folders)
        if real not in seen:
            seen.add(real)
            yield from _files_in(Path(place))


def is_meant(name: str) -> bool:
    """Whether a file is one of ours, and not what an editor or a system keeps beside one."""
    return not name.startswith(".") and not name.endswith("~")


def _of_theme(theme: Path) -> Stamp:
    try:
        # What is held is of the folder that a link led to.
        found = [(str(theme.resolve()), theme.is_dir(), 0, 0)]
        return (*found, *sorted(_stamp(each) for part in _HELD for each in files_below(theme / part)))
    except (OSError, ValueError, RuntimeError):
        # One that cannot be looked at is not there.
        return ((str(theme), 0, 0, 0),)


def _of_folder(folder: Path) -> Stamp:
    return tuple(sorted(map(_stamp, _files_in(folder))))


def _files_in(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if is_meant(entry.name) and entry.is_file()]
    except OSError:
        return []


def _stamp(entry: os.DirEntry[str]) -> tuple[str, int, int, int]:
    try:
        stat = entry.stat()
    except OSError:
        return entry.path, 0, 0, 0
    return entry.path, stat.st_mtime_ns, stat.st_size, stat.st_ino
