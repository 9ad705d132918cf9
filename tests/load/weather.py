"""What happens to a machine in a soak: sources that break in every way, workers that die, edits good and bad."""

from __future__ import annotations

import os
import random
import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from aiguilleur.sandbox.faults import WITH_TLS, Answer, Authority, Fault, FaultServer, says
from tests.nodes import Node, write_node

_CANARY = re.compile(r"canary-([a-z]+)-(\d+)")
#: Of the site's file: as it was, edited well, and edited so that it cannot be read, or means nothing.
_EDITS: tuple[Callable[[str], str], ...] = (
    lambda text: text,
    lambda text: text.replace("budget_ms: 1200", "budget_ms: 1100"),
    lambda text: text + "portals: [\n",
    lambda text: text + "no_such_key: 1\n",
)


def has_session(number: int) -> bool:
    """Whether the visitor of this number has a session wherever they bring a cookie."""
    return number % 2 == 0


def _answer(head: str) -> Answer:
    canary = _CANARY.search(head)
    known = canary is not None and has_session(int(canary[2]))
    return says("200 OK", b"in session") if known else says("403 Forbidden")


@dataclass(slots=True)
class Sources:
    """Two sources, the first over TLS, and a server that nobody should ever ask."""

    servers: Mapping[str, FaultServer]
    elsewhere: FaultServer
    #: What was asked that should not have been: a cookie of another source, or of none, or who the visitor is.
    leaks: list[str] = field(default_factory=list)
    asked: int = 0

    def able(self, source: str) -> list[Fault]:
        """The ways in which this one can break."""
        return [fault for fault in Fault if source == "aten" or fault not in WITH_TLS]

    def look(self) -> None:
        """Judge what was heard since the last look, and forget it."""
        for source, server in self.servers.items():
            heard = server.heard[: len(server.heard)]
            del server.heard[: len(heard)]
            self.asked += len(heard)
            for request in heard:
                owners = {owner for owner, _ in _CANARY.findall(request)}
                if owners != {source} or "visitor-" in request:
                    self.leaks.append(f"{source} heard {sorted(owners)}")
        self.leaks += ["a redirect of a source was followed"] * len(self.elsewhere.heard)


@contextmanager
def sources(folder: Path) -> Iterator[Sources]:
    """The sources, and the configuration of a node that asks them."""
    authority = Authority(folder)
    with ExitStack() as stack:
        elsewhere = stack.enter_context(FaultServer())
        tls = authority.faults("aten.sources.localhost")
        servers = {
            source: stack.enter_context(FaultServer(respond=_answer, tls=trusted, elsewhere=elsewhere.url))
            for source, trusted in (("aten", tls), ("educonnect", None))
        }
        config = write_node(folder, {source: server.port for source, server in servers.items()})
        written = config / "sources.yaml"
        plain, secure = "url: http://aten", f"ca_file: {authority.path}\n        url: https://aten"
        written.write_text(written.read_text(encoding="utf-8").replace(plain, secure), encoding="utf-8")
        yield Sources(servers, elsewhere)


@dataclass(slots=True)
class Weather:
    """Draws by a seed what happens next to whom, and keeps when which fault was there."""

    sources: Sources
    node: Node
    seed: int
    #: How long a fault lasts at most, in seconds; kills and edits are rarer.
    longest: float
    #: By source, when each of its faults began, in epoch seconds.
    eras: dict[str, list[tuple[float, Fault]]] = field(default_factory=dict)
    killed: int = 0
    edited: int = 0
    _due: dict[str, float] = field(default_factory=dict)
    #: For each its own, so that what one draws does not hang on when another drew.
    _lots: dict[str, random.Random] = field(default_factory=dict)
    _site: str = ""

    def __post_init__(self) -> None:
        self._site = self._file.read_text(encoding="utf-8")
        self.eras = {source: [(time.time(), Fault.WELL)] for source in self.sources.servers}

    @property
    def _file(self) -> Path:
        return self.node.folder / "config" / "aiguilleur.yaml"

    def pass_on(self, witness: int) -> None:
        """Let happen what is due by now; the witness is never killed."""
        happenings: dict[str, Callable[[], None]] = {
            **{source: lambda source=source: self._turn(source) for source in self.sources.servers},  # type: ignore[misc]
            "kill": lambda: self._kill(witness),
            "edit": self._edit,
        }
        for name, happens in happenings.items():
            rarity = 1 if name in self.sources.servers else 3
            if time.monotonic() >= self._due.setdefault(name, time.monotonic() + self.longest * rarity / 3):
                lots = self._lots.setdefault(name, random.Random(f"{self.seed} {name}"))
                self._due[name] = time.monotonic() + lots.uniform(0.3, 1) * self.longest * rarity
                happens()
        self.sources.look()

    def clear_up(self) -> None:
        """All is well again, and the configuration is as it was at first, in a file that is new."""
        for source in self.sources.servers:
            self._set(source, Fault.WELL)
        self._file.write_text(self._site + "# as it was\n", encoding="utf-8")

    def fault(self, source: str, at: float) -> Fault:
        """What a source suffered from at an instant, in epoch seconds."""
        return [fault for number, (began, fault) in enumerate(self.eras[source]) if number == 0 or began <= at][-1]

    def _turn(self, source: str) -> None:
        is_well = self.sources.servers[source].fault is Fault.WELL
        self._set(source, self._lots[source].choice(self.sources.able(source)) if is_well else Fault.WELL)

    def _set(self, source: str, fault: Fault) -> None:
        self.sources.servers[source].set(fault)
        self.eras[source].append((time.time(), fault))

    def _kill(self, witness: int) -> None:
        mortal = [worker for worker in self.node.workers() if worker != witness]
        if len(mortal) > 1:
            with suppress(ProcessLookupError):
                os.kill(self._lots["kill"].choice(mortal), signal.SIGKILL)
                self.killed += 1

    def _edit(self) -> None:
        self._file.write_text(self._lots["edit"].choice(_EDITS)(self._site), encoding="utf-8")
        self.edited += 1
