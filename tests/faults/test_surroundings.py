"""Rows F16, F17, F28, F35 and F36 of `docs/faults.md`: names, clocks, addresses and certificates around the sources."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import ClassVar

import pytest

from aiguilleur.core.model import Finding, Reason, SessionState
from aiguilleur.probes import Breaker, Forwarded, Limits, Pattern, Runner
from aiguilleur.probes.client import Client
from aiguilleur.probes.http_status import HttpStatusProbe
from aiguilleur.sandbox.faults import Authority, Fault, FaultServer
from aiguilleur.settings.model import Settings
from aiguilleur.web import create_app
from tests.faults.felt import felt
from tests.faults.town import BUDGET, LONGEST, is_in_session, town
from tests.nodes import SERVICES
from tests.waiting import AMPLE, LATE, LONG, await_probes, await_that
from tests.web.conftest import KEY
from tests.web.test_retour import EDU, Clock, asking, comes_back, is_its_mire, leaves
from tests.web.test_route import NATIONAL

NAME = "aten.sources.localhost"
IN_SESSION = is_in_session("aten")
Resolver = Callable[..., object]


def names(monkeypatch: pytest.MonkeyPatch, resolver: Resolver) -> None:
    """Resolve that name so; no resolver of this machine is asked for it, nor can one be made to fail as wanted."""
    known = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *a, **k: (resolver if host == NAME else known)(host, *a, **k)
    )


def at(*addresses: tuple[str, int]) -> Resolver:
    families = [(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, address) for address in addresses]
    return lambda *_, **__: [(family, socket.SOCK_STREAM, 6, "", address) for family, address in families]


def no_such_name(*_: object, **__: object) -> object:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_a_name_that_is_gone_is_told_as_such_and_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, no_such_name)
    with town(tmp_path, by_name=True, budget=LONGEST) as place:
        seen = [place.visit("aten", "educonnect") for _ in range(3)]
        told = place.ready()["probes"]["aten-status"]

    assert [each.of("aten").reason for each in seen] == [Reason.DNS] * 3
    assert {each.place for each in seen} == {SERVICES["educonnect"]}
    assert max(each.seconds for each in seen) < LATE
    assert (told["breaker"], told["reason"]) == ("open", "dns")


def test_a_resolver_that_stalls_keeps_nobody_and_holds_one_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def stalls(*_: object, **__: object) -> object:
        over.wait(LONG)
        return no_such_name()

    names(monkeypatch, stalls)
    # A machine that stands still leaves some of it to the source that is well.
    budget = 4.0
    with town(tmp_path, by_name=True, budget=budget) as place:
        seen = [place.visit("aten", "educonnect") for _ in range(2)]
        held = [each.name for each in threading.enumerate() if each.name.startswith("dns-")]
        over.set()

    # It is told at the deadline, which may be over before it has been told.
    assert {each.of("aten").reason for each in seen} <= {Reason.DNS, Reason.DEADLINE}
    assert {each.place for each in seen} == {SERVICES["educonnect"]}
    assert max(each.seconds for each in seen) < budget + LATE
    assert held == [f"dns-{NAME}"]


def test_a_source_that_moves_is_followed_and_its_old_address_hears_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with town(tmp_path, by_name=True, budget=LONGEST) as place, FaultServer(respond=lambda _: IN_SESSION) as new:
        names(monkeypatch, at(("127.0.0.1", place.aten.port)))
        assert place.visit("aten").place == SERVICES["aten"]
        names(monkeypatch, at(("127.0.0.1", new.port)))
        # Connections that are kept end with the server that moves away.
        place.aten.set(Fault.REFUSED)

        assert place.visit("aten").place == SERVICES["aten"]
        assert (len(place.aten.heard), len(new.heard)) == (1, 1)


def test_a_first_address_that_is_broken_is_not_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer(host="::1") as broken, town(tmp_path, by_name=True, budget=LONGEST) as place:
        broken.set(Fault.REFUSED)
        names(monkeypatch, at(("::1", broken.port), ("127.0.0.1", place.aten.port)))

        assert place.visit("aten").place == SERVICES["aten"]


def test_a_source_on_ipv6_alone_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        FaultServer(respond=lambda _: IN_SESSION, host="::1") as source,
        town(tmp_path, by_name=True, budget=LONGEST) as place,
    ):
        names(monkeypatch, at(("::1", source.port)))

        assert place.visit("aten").place == SERVICES["aten"]


@pytest.mark.parametrize("seconds", [-86_400, -30, 30, 86_400])
def test_a_clock_that_jumps_during_a_trip_costs_a_click_at_most(settings: Settings, seconds: int) -> None:
    clock = Clock()
    family = create_app(asking(settings, EDU), (KEY,), now=clock).test_client()
    location = leaves(family)
    clock.pass_s(seconds)
    back = comes_back(family, location, "yes")

    assert back.status_code == 303
    assert back.location == NATIONAL or is_its_mire(back) or back.location.endswith(".fr/mire")
    if back.location != NATIONAL:
        assert family.get(back.location.partition(".fr")[2]).status_code == 200


def test_budgets_and_breakers_do_not_look_at_the_clock_on_the_wall(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jumps = cycle((3_600.0, -7_200.0, 86_400.0))
    began = time.time()
    monkeypatch.setattr(time, "time", lambda: began + next(jumps))
    with town(tmp_path, now=lambda: datetime.now(UTC) + timedelta(seconds=next(jumps))) as place:
        place.aten.set(Fault.SILENT)
        seen = [place.visit("aten") for _ in range(3)]
        await_that(lambda: place.ready()["probes"]["aten-status"]["breaker"] == "open")
        told = place.ready()["probes"]["aten-status"]

    assert all(BUDGET / 2 < each.seconds < BUDGET + LATE for each in seen)
    assert told["again_in_s"] <= 6


class Counted(HttpStatusProbe):
    """A probe that counts how often its source is asked."""

    asked: ClassVar[int] = 0

    def ask(self, cookies: Mapping[str, str], forwarded: Forwarded, within: float) -> Finding:
        type(self).asked += 1
        return super().ask(cookies, forwarded, within)


def test_a_source_that_flaps_costs_one_slow_visit_for_each_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    # A visit with too little time left asks nobody, and a machine that stands still leaves too little of any.
    monkeypatch.setattr("aiguilleur.probes.runner._LEAST", -LONG)
    clock = [0.0]
    limits = Limits(pause_s=10, longest_pause_s=10)
    with FaultServer(respond=lambda _: IN_SESSION) as source:
        probe = Counted(
            id="aten",
            source="aten",
            url=source.url,
            active=Pattern(status=200),
            inactive=Pattern(status=302),
            cookies=("sid",),
        )
        runner = Runner({"aten": probe}, breaker=lambda: Breaker(limits, clock=lambda: clock[0], jitter=lambda: 1.0))
        asked = []
        # A visit a second; it is well and silent for twenty seconds each.
        for number in range(80):
            if number % 20 == 0:
                source.set(Fault.SILENT if source.fault is Fault.WELL else Fault.WELL)
            clock[0], before = float(number), Counted.asked
            budget = 0.1 if source.fault is Fault.SILENT else AMPLE
            with runner.visit({"sid": f"visitor-{number}"}, Forwarded(), budget) as asking_it:
                asking_it.start([probe.ref])
                asking_it.next()
            await_probes()
            if Counted.asked > before:
                asked.append(number)

    # Three find it silent; each pause ends with one trial, and nobody else waits until one has gone well.
    silent, well = [0, 1, 2, 12], list(range(22, 40))
    assert asked == silent + well + [each + 40 for each in silent + well]


def test_a_source_whose_certificate_is_renewed_is_asked_as_before(authority: Authority) -> None:
    renewed = authority.faults("127.0.0.1")
    with FaultServer(respond=lambda _: IN_SESSION, tls=renewed) as source:
        client = Client(ca_file=str(authority.path))
        before = felt(client, source.url)
        renewed[Fault.WELL] = authority.server("127.0.0.1")
        source.renew(renewed)

        assert (before, felt(client, source.url)) == (None, None)
        client.close()


def test_nothing_is_asked_of_a_source_for_who_brings_no_cookie(tmp_path: Path) -> None:
    with town(tmp_path) as place:
        seen = place.visit(**{"User-Agent": "Googlebot/2.1"})

        assert seen.response.status_code == 200
        assert place.aten.connections == place.educonnect.connections == 0
    assert {finding.state for finding in seen.entry.findings} == {SessionState.INACTIVE}
