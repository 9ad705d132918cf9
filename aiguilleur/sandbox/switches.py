"""What makes a simulated source slow, down, mute or odd."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: How long a slow source takes, and how long a mute one keeps silent at most, in seconds.
SLOW_S, MUTE_S = 0.6, 30.0


class Mode(StrEnum):
    """How a simulated source behaves."""

    WELL = "well"
    SLOW = "slow"
    DOWN = "down"
    MUTE = "mute"
    ODD = "odd"


class Switches:
    """One mode per source; a mute source wakes up when it is switched back."""

    def __init__(self, sources: Iterable[str]) -> None:
        """Every source is well."""
        self._modes = dict.fromkeys(sources, Mode.WELL)
        self._changed = threading.Condition()

    def __iter__(self) -> Iterator[tuple[str, Mode]]:
        """The sources and their modes."""
        return iter(self._modes.items())

    def set(self, source: str, mode: Mode) -> None:
        """Switch a source; raises KeyError when there is none such."""
        if source not in self._modes:
            raise KeyError(source)
        with self._changed:
            self._modes[source] = mode
            self._changed.notify_all()

    def get(self, source: str) -> Mode:
        """How a source behaves now."""
        return self._modes[source]

    def over(self, source: str, site: WSGIApplication) -> WSGIApplication:
        """The site of a source, misbehaving as switched."""

        def switched(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            mode = self._modes[source]
            if mode is Mode.SLOW:
                time.sleep(SLOW_S)  # this is what « slow » means
            elif mode is Mode.MUTE:
                with self._changed:
                    self._changed.wait_for(lambda: self._modes[source] is not Mode.MUTE, MUTE_S)
            elif mode is Mode.DOWN:
                start("502 Bad Gateway", [("Content-Type", "text/plain; charset=utf-8")])
                return [b"Simulation : ce site est en panne.\n"]
            elif mode is Mode.ODD:
                start("200 OK", [("Content-Type", "text/html; charset=utf-8")])
                return [b"<!doctype html><title>aten-auth</title><p>aten-auth \x00\xff</p>"]
            return site(environ, start)

        return switched
