"""What a visitor sends is planted in every request of the suite, and looked for in all that is kept, shown or logged."""

from __future__ import annotations

import logging
import os
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask

from aiguilleur.journal import Journal, JournalEntry
from aiguilleur.sandbox.sessions import ACCOUNTS, ANGELA, _Kept

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

#: In the user agent, a cookie, the referer's query and the address's own of whatever asks an aiguilleur in this process.
PLANTED = "planted-7f3a"
#: What the visitors of `tests.nodes` bring, whose servers are processes of their own.
BROUGHT = ("canary-aten-", "canary-educonnect-", "visitor-agent-")
_PEOPLE = tuple(word for each in (*ACCOUNTS, ANGELA) for word in (each.name, each.shown))
#: As `secrets.token_urlsafe(24)` draws it: the session cookies of the sandbox.
_SESSION = re.compile(r"(?<![\w-])[\w-]{32}(?![\w-])")
#: Written by what is tested: journals, gzipped or not, metrics, and what servers print.
_KEPT = re.compile(r"\.(jsonl|jsonl\.gz|db|log|prom)$|^log$")


class Guard:
    """Looks at texts, and remembers each that holds what it must not."""

    def __init__(self) -> None:
        self.leaks: list[str] = []
        self.looked: Counter[str] = Counter()
        self._sessions: set[str] = set()

    def session(self, name: str) -> None:
        """From now on, this session's id must not be found anywhere."""
        self._sessions.add(name)

    def look(self, kind: str, text: str) -> None:
        self.looked[kind] += 1
        words = (PLANTED, *BROUGHT) if kind == "page" else (PLANTED, *BROUGHT, *_PEOPLE)
        found = [word for word in words if word in text]
        found += [name for name in _SESSION.findall(text) if name in self._sessions]
        if found:
            where = os.environ.get("PYTEST_CURRENT_TEST", "?")
            self.leaks.append(f"{kind} of {where}: {', '.join(found)}")

    def look_into(self, folder: Path) -> None:
        """Every journal, log and metric under a folder, as it was left."""
        for path in folder.rglob("*"):
            if _KEPT.search(path.name) and path.is_file() and not path.is_symlink():
                data = path.read_bytes()
                if path.suffix == ".gz":
                    # One that was torn on purpose is looked at as far as it goes.
                    data = zlib.decompressobj(31).decompress(data) if data[:2] == b"\x1f\x8b" else data
                self.look(f"file {path.name}", data.decode("latin-1"))


def planted(environ: WSGIEnvironment) -> WSGIEnvironment:
    """A request as it came, with more of what a visitor may send."""
    more = dict(environ)
    more["HTTP_USER_AGENT"] = f"{environ.get('HTTP_USER_AGENT', '')} {PLANTED}-agent".lstrip()
    if environ.get("HTTP_COOKIE"):
        more["HTTP_COOKIE"] = f"{environ['HTTP_COOKIE']}; other={PLANTED}-cookie"
    if (referer := environ.get("HTTP_REFERER", "")).startswith("http") and "#" not in referer:
        more["HTTP_REFERER"] = f"{referer}{'&' if '?' in referer else '?'}{PLANTED}-referer"
    if environ.get("QUERY_STRING"):
        more["QUERY_STRING"] = f"{environ['QUERY_STRING']}&other={PLANTED}-query"
    return more


class _Records(logging.Handler):
    def __init__(self, guard: Guard) -> None:
        super().__init__()
        self._guard = guard
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] in ("aiguilleur", "gunicorn", "urllib3"):
            self._guard.look("log", self.format(record))


def watch(guard: Guard, patch: pytest.MonkeyPatch) -> None:
    """Let the guard see every request, page, journal entry and log record of this process."""
    call, write, put = Flask.__call__, Journal.write, _Kept.put

    def answered(app: Flask, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if "aiguilleur" not in app.extensions:
            return call(app, environ, start)

        def started(status: str, headers: list[tuple[str, str]], *more: Any) -> Callable[[bytes], object]:
            guard.look("page", "\n".join(f"{name}: {value}" for name, value in headers))
            return start(status, headers, *more)

        return _looked(guard, call(app, planted(environ), started))

    def written(journal: Journal, entry: JournalEntry) -> None:
        guard.look("journal", entry.line())
        write(journal, entry)

    def opened(kept: _Kept[Any], value: Any) -> str:
        name = put(kept, value)
        guard.session(name)
        return name

    patch.setattr(Flask, "__call__", answered)
    patch.setattr(Journal, "write", written)
    patch.setattr(_Kept, "put", opened)


def _looked(guard: Guard, parts: Iterable[bytes]) -> Iterator[bytes]:
    try:
        for part in parts:
            guard.look("page", part.decode("utf-8", "replace"))
            yield part
    finally:
        getattr(parts, "close", lambda: None)()


@pytest.fixture(scope="session", autouse=True)
def guard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guard]:
    """Fails the run, once all tests are over, when anything of a visitor was found anywhere."""
    watching = Guard()
    handler = _Records(watching)
    logging.getLogger().addHandler(handler)
    with pytest.MonkeyPatch.context() as patch:
        watch(watching, patch)
        yield watching
    logging.getLogger().removeHandler(handler)
    watching.look_into(tmp_path_factory.getbasetemp())
    assert watching.leaks == []
