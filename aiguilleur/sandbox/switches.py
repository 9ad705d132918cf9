"""What makes a simulated source slow, down, mute or odd."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from aiguilleur.sandbox.faults import AFTER_A_REQUEST, Fault, answer_of

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


#: What every source can do on its connections; nobody can be refused on a port that others listen on as well, and mute
#: is silent already.
ON_THE_WIRE = tuple(fault for fault in AFTER_A_REQUEST if fault is not Fault.SILENT)
#: What every source can do; the others take a source that speaks SAML.
COMMON = (Mode.WELL, Mode.SLOW, Mode.DOWN, Mode.MUTE, Mode.ODD, *ON_THE_WIRE)


@dataclass(frozen=True, slots=True)
class Setting:
    """How one source is switched; `slow_ms` counts only when it is slow."""

    mode: Mode | Fault = Mode.WELL
    slow_ms: int = SLOW_MS
    #: Set once it is switched otherwise: who waits need wait no longer.
    over: threading.Event = field(default_factory=threading.Event, compare=False)


class Switches:
    """One setting per source; a source that is switched back answers at once whoever still waits."""

    def __init__(
        self,
        sources: Iterable[str],
        aliases: Mapping[str, str] | None = None,
        saml: Iterable[str] = (),
        elsewhere: str = "",
    ) -> None:
        """Every source is well; an alias is another name for one of them; those of `saml` can do more.

        `elsewhere` is an address of nobody's here, for sources that send those who ask them away.
        """
        self._saml = frozenset(saml)
        self._settings = {source: Setting() for source in sources}
        self._aliases = dict(aliases or {})
        self._elsewhere = elsewhere

    def __iter__(self) -> Iterator[tuple[str, Setting]]:
        """The sources and how they are switched."""
        return iter(self._settings.items())

    def set(self, source: str, mode: Mode | Fault, *, slow_ms: int = SLOW_MS) -> None:
        """Switch a source; KeyError when there is none such, ValueError for a delay or a mode that it cannot have."""
        if not 0 <= slow_ms <= SLOWEST_MS:
            raise ValueError(f"slow_ms: {slow_ms} is not between 0 and {SLOWEST_MS}")
        name = self._known(source)
        if mode not in self.modes(name):
            raise ValueError(f"mode: {source} does not speak SAML, it cannot be {mode}")
        before, self._settings[name] = self._settings[name], Setting(mode, slow_ms)
        before.over.set()

    def modes(self, source: str) -> tuple[Mode | Fault, ...]:
        """What a source can be switched to."""
        return (*Mode, *ON_THE_WIRE) if source in self._saml else COMMON

    def get(self, source: str) -> Mode | Fault:
        """How a source behaves now; KeyError when there is none such."""
        return self._settings[self._known(source)].mode

    def release(self) -> None:
        """End every wait that is under way, so that a server can stop."""
        for name, setting in self._settings.items():
            self._settings[name] = replace(setting, over=threading.Event())
            setting.over.set()

    def over(self, source: str, site: WSGIApplication) -> WSGIApplication:
        """The site of a source, misbehaving as switched."""
        name = self._known(source)

        def switched(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            setting = self._settings[name]
            match setting.mode:
                case Mode.SLOW:
                    setting.over.wait(setting.slow_ms / 1000)
                case Mode.MUTE:
                    if not setting.over.wait(MUTE_S):
                        return _answer(start, "503 Service Unavailable", _DOWN.encode())
                case Mode.DOWN:
                    return _answer(start, "503 Service Unavailable", _DOWN.encode())
                case Mode.ODD:
                    return _answer(start, "200 OK", _ODD)
                case Fault() as fault:
                    answer_of(fault, self._elsewhere)(environ["werkzeug.socket"], setting.over)
                    # Werkzeug, which has answered nothing so far, must leave it at that.
                    raise ConnectionAbortedError
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


def behaviour(text: str) -> Mode | Fault:
    """The mode, or the fault, of that name; ValueError when there is none such."""
    return Mode(text) if text in tuple(Mode) else Fault(text)


def _answer(start: StartResponse, status: str, body: bytes) -> Iterable[bytes]:
    headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))]
    start(status, [*headers, ("Cache-Control", "no-store")])
    return [body]
