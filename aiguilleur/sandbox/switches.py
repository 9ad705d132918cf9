"""What makes a simulated source slow, down, mute or odd."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: How late a slow source answers unless told otherwise, and the most that one can ask for, in milliseconds.
SLOW_MS, SLOWEST_MS = 600, 30_000
#: How long a mute source keeps a connection open at most, in seconds.
MUTE_S = 30.0

_DOWN = """<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Panne (site simulé)</title></head>
<body data-service="down" data-source="" data-account=""><main><h1>Service indisponible</h1>
<p>Bac à sable&nbsp;: cette source simulée est en panne.</p></main></body></html>
"""
# A login page cut short, in bytes that are no text: a status that promises and a body that does not keep.
_ODD = b"<!doctype html><html lang=fr><title>aten-auth</title><p>\xff\xfe\x00 aten-auth <form"


class Mode(StrEnum):
    """How a simulated source behaves."""

    WELL = "well"
    SLOW = "slow"
    DOWN = "down"
    MUTE = "mute"
    ODD = "odd"
    #: A server of SAML that does not do what a passive question asks for.
    LOGIN_FORM = "login-form"
    GARBAGE = "garbage"
    WRONG_SIGNATURE = "wrong-signature"
    SOMEONE_ELSE = "someone-else"


#: What every source can do; the others take a source that speaks SAML.
COMMON = (Mode.WELL, Mode.SLOW, Mode.DOWN, Mode.MUTE, Mode.ODD)


@dataclass(frozen=True, slots=True)
class Setting:
    """How one source is switched; `slow_ms` counts only when it is slow."""

    mode: Mode = Mode.WELL
    slow_ms: int = SLOW_MS


class Switches:
    """One setting per source; a source that is switched back answers at once whoever still waits."""

    def __init__(
        self, sources: Iterable[str], aliases: Mapping[str, str] | None = None, saml: Iterable[str] = ()
    ) -> None:
        """Every source is well; an alias is another name for one of them; those of `saml` can do more."""
        self._saml = frozenset(saml)
        self._settings = dict.fromkeys(sources, Setting())
        self._aliases = dict(aliases or {})
        self._changed = threading.Condition()
        self._releases = 0

    def __iter__(self) -> Iterator[tuple[str, Setting]]:
        """The sources and how they are switched."""
        return iter(self._settings.items())

    def set(self, source: str, mode: Mode, *, slow_ms: int = SLOW_MS) -> None:
        """Switch a source; KeyError when there is none such, ValueError for a delay or a mode that it cannot have."""
        if not 0 <= slow_ms <= SLOWEST_MS:
            raise ValueError(f"slow_ms: {slow_ms} is not between 0 and {SLOWEST_MS}")
        name = self._known(source)
        if mode not in self.modes(name):
            raise ValueError(f"mode: {source} does not speak SAML, it cannot be {mode}")
        with self._changed:
            self._settings[name] = Setting(mode, slow_ms)
            self._changed.notify_all()

    def modes(self, source: str) -> tuple[Mode, ...]:
        """What a source can be switched to."""
        return tuple(Mode) if source in self._saml else COMMON

    def get(self, source: str) -> Mode:
        """How a source behaves now; KeyError when there is none such."""
        return self._settings[self._known(source)].mode

    def release(self) -> None:
        """End every wait that is under way, so that a server can stop."""
        with self._changed:
            self._releases += 1
            self._changed.notify_all()

    def over(self, source: str, site: WSGIApplication) -> WSGIApplication:
        """The site of a source, misbehaving as switched."""
        name = self._known(source)

        def switched(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            setting = self._settings[name]
            match setting.mode:
                case Mode.SLOW:
                    self._wait(name, setting, setting.slow_ms / 1000)
                case Mode.MUTE:
                    if not self._wait(name, setting, MUTE_S):
                        return _answer(start, "503 Service Unavailable", _DOWN.encode())
                case Mode.DOWN:
                    return _answer(start, "503 Service Unavailable", _DOWN.encode())
                case Mode.ODD:
                    return _answer(start, "200 OK", _ODD)
                case _:
                    # Well, or a matter between the site and those who ask it.
                    pass
            return site(environ, start)

        return switched

    def _known(self, source: str) -> str:
        name = self._aliases.get(source, source)
        if name not in self._settings:
            raise KeyError(source)
        return name

    def _wait(self, name: str, setting: Setting, seconds: float) -> bool:
        """Whether the wait was cut short, by another setting or a release."""
        with self._changed:
            releases = self._releases
            return self._changed.wait_for(
                lambda: self._settings[name] != setting or self._releases != releases, timeout=seconds
            )


def _answer(start: StartResponse, status: str, body: bytes) -> Iterable[bytes]:
    headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))]
    start(status, [*headers, ("Cache-Control", "no-store")])
    return [body]
