"""Where the time of one redirect goes inside the application, by sampling: no server, no thread but one."""

from __future__ import annotations

import re
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from werkzeug.test import create_environ

from aiguilleur.settings.load import load
from aiguilleur.web import create_app
from tests.load import Visit
from tests.nodes import write_node

#: By where the innermost frame of ours stands, the first that fits: what it is doing.
_ROOMS: Mapping[str, str] = {
    r"/aiguilleur/journal/": "the journal: the entry, its line, the write",
    r"/aiguilleur/(core/|router)": "the rules",
    r"/aiguilleur/(signing|remembered|journey)": "the signed cookies",
    r"/aiguilleur/web/(security|redirects)": "the answer: its address and headers",
    # The floor stands around the framework, and calls nothing else; our application is the framework's with less to do.
    r"/aiguilleur/web/(floor|application)": "Flask and Werkzeug",
    r"/aiguilleur/": "reading the visit: link, signals, school, what is open and ill",
}
_EVERY_S, _VISITS = 0.0005, 400


def profile(folder: Path, visit: Visit, seconds: float) -> dict[str, float]:
    """Microseconds of one visit, by room; `seconds` of processor time are sampled."""
    app = create_app(load(write_node(folder, {"aten": 1, "educonnect": 2}))[0], ("k" * 32,))
    counted: Counter[str] = Counter()
    spent = visits = 0.0
    while spent < seconds:
        environs = [_environ(visit, int(visits) + number) for number in range(_VISITS)]
        before = time.thread_time()
        with _sampled(counted):
            for environ in environs:
                for _ in app.wsgi_app(environ, _start):
                    pass
        spent += time.thread_time() - before
        visits += _VISITS
    samples = sum(counted.values())
    return {room: counted[room] / samples * spent / visits * 1e6 for room in dict.fromkeys(_ROOMS.values())}


def _environ(visit: Visit, number: int) -> dict[str, Any]:
    headers = {name: value.replace("{n}", str(number)) for name, value in visit.headers.items()}
    return create_environ(visit.path, headers=headers, environ_base={"REMOTE_ADDR": "127.0.0.1"})


def _start(status: str, _headers: object, _error: object = None) -> Any:
    assert status.startswith("303"), status


@contextmanager
def _sampled(counted: Counter[str]) -> Iterator[None]:
    def note(_signal: int, frame: FrameType | None) -> None:
        if (room := _room(frame)) is not None:
            counted[room] += 1

    former = signal.signal(signal.SIGPROF, note)
    signal.setitimer(signal.ITIMER_PROF, _EVERY_S, _EVERY_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, former)


def _room(frame: FrameType | None) -> str | None:
    """What the innermost frame of ours is doing; None outside of them all, where the sampler itself is."""
    while frame is not None:
        file = frame.f_code.co_filename
        for pattern, room in _ROOMS.items():
            if re.search(pattern, file):
                return room
        frame = frame.f_back
    return None
