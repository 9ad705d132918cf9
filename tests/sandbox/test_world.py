from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterable

import pytest
from werkzeug.test import Client as Direct

from aiguilleur.probes.client import Client
from aiguilleur.probes.exchange import Answer
from aiguilleur.sandbox import Mode, SchoolSite, World, free_port, serve
from aiguilleur.sandbox.faults import Fault
from aiguilleur.sandbox.index import MODES
from aiguilleur.sandbox.switches import ON_THE_WIRE
from tests.faults.felt import SEEN, asked, felt, patience
from tests.sandbox.conftest import LINKS, SCHOOLS
from tests.sandbox.visitor import Place, Visitor
from tests.waiting import AMPLE, LATE

ATEN = "http://teleservices.academie.localhost:8000"
INDEX = "http://sandbox.localhost:8000"


def hello(_environ: dict[str, object], start: Callable[..., object]) -> Iterable[bytes]:
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "7")])
    return [b"bonjour"]


def test_every_system_has_its_host(world: World) -> None:
    assert world.hosts() == (
        "teleservices.academie.localhost",
        "teleservices.dijon.localhost",
        "educonnect.education.localhost",
        "franceconnect.gouv.localhost",
        "teleservices.education.localhost",
        "cas.eclat.localhost",
        "clg-rochat-rousses.eclat.localhost",
        "lyc-lpergaud-besancon.eclat.localhost",
        "clg-cperceret-semur-en-auxois.eclat.localhost",
        "sandbox.localhost",
    )


def test_every_host_answers_and_says_that_it_is_simulated(world: World) -> None:
    for host in world.hosts():
        visitor = Visitor(world)
        place = visitor.go(world.url(host))

        assert (host, place.status) == (host, 200)
        assert "Bac à sable&nbsp;: site simulé" in visitor.text
        assert '<html lang="fr">' in visitor.text


def test_an_application_is_mounted_unchanged(world: World, visitor: Visitor) -> None:
    world.mount("aiguilleur.academie.localhost", hello)
    answer = visitor.ask("http://aiguilleur.academie.localhost:8000/vers/ent")
    visitor.go(INDEX)

    assert (answer.data, list(answer.headers)) == (
        b"bonjour",
        [("Content-Type", "text/plain"), ("Content-Length", "7")],
    )
    assert 'href="http://aiguilleur.academie.localhost:8000/"' in visitor.text


def test_a_taken_host_cannot_be_mounted(world: World) -> None:
    with pytest.raises(ValueError, match=r"sandbox\.localhost is served already"):
        world.mount("sandbox.localhost", hello)


def test_a_missing_link_is_told_at_once() -> None:
    with pytest.raises(KeyError, match="ent"):
        World(8000, (), {"teleservices": "", "teleservices_public": ""})


@pytest.mark.parametrize("host", ["inconnu.localhost:8000", "localhost", "<script>"])
def test_an_unknown_host_gets_a_small_404(world: World, host: str) -> None:
    answer = Direct(world.wsgi).get("/", headers={"Host": host})

    assert (answer.status_code, "aucun site simulé" in answer.text, "<script>" in answer.text) == (404, True, False)


@pytest.mark.parametrize(("path", "status"), [("/rien", 404), ("/ts", 405)])
def test_a_wrong_address_gets_a_french_page(visitor: Visitor, path: str, status: int) -> None:
    form = {"a": "b"} if status == 405 else None

    assert visitor.go(f"{ATEN}{path}", form) == Place(status, "error", "", "")


def test_an_academie_without_a_school_offers_no_portal() -> None:
    visitor = Visitor(World(8000, (SchoolSite("clg-rochat-rousses", academy="besancon"),), LINKS))
    visitor.go("http://teleservices.dijon.localhost:8000/ts/scolarite-services")
    visitor.log_in("parent3")

    assert "Espace numérique de travail" not in visitor.text


def test_the_index_shows_addresses_accounts_and_switches(visitor: Visitor) -> None:
    place = visitor.go(INDEX)

    assert place == Place(200, "sandbox", "", "")
    assert f'href="{ATEN}/"' in visitor.text
    assert "Collège Rochat · Les Rousses" in visitor.text
    assert visitor.text.count('action="/switch"') == 3


def test_the_index_switches_a_source(world: World, visitor: Visitor) -> None:
    visitor.go(f"{INDEX}/switch", {"source": "aten-besancon", "mode": "down", "slow_ms": "250"})

    assert world.switches.get("aten") is Mode.DOWN
    assert visitor.ask(f"{ATEN}/ts").status_code == 503


def test_the_index_expires_sessions(visitor: Visitor) -> None:
    visitor.go(f"{ATEN}/ts")
    visitor.log_in("parent1")

    assert visitor.go(f"{INDEX}/expire", {"source": "aten-besancon"}) == Place(200, "sandbox", "", "")
    assert visitor.go(f"{ATEN}/ts") == Place(200, "login", "aten-besancon", "")


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/switch", {}),
        ("/switch", {"source": "inconnue", "mode": "down"}),
        ("/switch", {"source": "educonnect", "mode": "inconnu"}),
        ("/switch", {"source": "educonnect", "mode": "slow", "slow_ms": "99999999"}),
        ("/switch", {"source": "educonnect", "mode": "slow", "slow_ms": "tard"}),
        ("/expire", {"source": "inconnue"}),
    ],
)
def test_a_wrong_switch_is_refused(visitor: Visitor, path: str, form: dict[str, str]) -> None:
    assert visitor.go(f"{INDEX}{path}", form) == Place(400, "refused", "", "")


@pytest.fixture
def served() -> Iterable[tuple[World, int]]:
    port = free_port()
    world = World(port, SCHOOLS, LINKS)
    with serve(world, port) as server:
        assert server.port == port
        yield world, port


def get(port: int, host: str, path: str = "/", timeout: float = AMPLE) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"Host": f"{host}:{port}"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_the_server_serves_hosts_and_gives_its_port_back(capfd: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    server = serve(World(port, SCHOOLS, LINKS), port)
    server.start()
    status, body = get(port, "teleservices.academie.localhost", "/login/ct_logon_vk.jsp")
    server.stop()

    assert (status, b"aten-auth" in body) == (200, True)
    assert capfd.readouterr() == ("", "")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_a_server_that_never_started_stops_as_well() -> None:
    port = free_port()
    serve(World(port, SCHOOLS, LINKS), port).stop()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_an_address_that_cannot_be_read_is_refused(
    served: tuple[World, int], capfd: pytest.CaptureFixture[str]
) -> None:
    _, port = served

    assert get(port, "sandbox.localhost", "http://[")[0] == 400
    assert capfd.readouterr() == ("", "")


def test_a_mute_source_does_not_keep_the_others_waiting(served: tuple[World, int]) -> None:
    world, port = served
    world.switches.set("aten", Mode.MUTE)
    with pytest.raises(TimeoutError):
        get(port, "teleservices.academie.localhost", "/ts", timeout=0.3)

    assert get(port, "teleservices.dijon.localhost", "/ts")[0] == 302


def test_a_mute_source_answers_who_still_waits_when_it_is_switched_back(served: tuple[World, int]) -> None:
    world, port = served
    world.switches.set("aten", Mode.MUTE)
    switched: list[float] = []

    def switch_back() -> None:
        switched.append(time.monotonic())
        world.switches.set("aten", Mode.WELL)

    back = threading.Timer(0.2, switch_back)
    back.start()
    # It is mute for longer than this waits.
    status, _ = get(port, "teleservices.academie.localhost", "/ts")
    answered = time.monotonic()
    back.join()

    assert (status, answered > switched[0]) == (302, True)


def test_stopping_does_not_wait_for_a_mute_source() -> None:
    port = free_port()
    world = World(port, SCHOOLS, LINKS)
    with serve(world, port):
        world.switches.set("aten", Mode.MUTE)
        with pytest.raises(TimeoutError):
            get(port, "teleservices.academie.localhost", "/ts", timeout=0.2)
        started = time.monotonic()

    assert time.monotonic() - started < LATE


@pytest.mark.parametrize("fault", ON_THE_WIRE)
def test_a_source_can_misbehave_on_its_connections(served: tuple[World, int], fault: Fault) -> None:
    world, port = served
    client = Client(connect=f"127.0.0.1:{port}")
    world.switches.set("aten", fault)
    seen = felt(client, world.url("teleservices.academie.localhost", "/ts"), patience(fault))
    other = asked(client, world.url("teleservices.dijon.localhost", "/ts"))
    world.switches.set("aten", Mode.WELL)
    after = asked(client, world.url("teleservices.academie.localhost", "/ts"))

    assert seen == SEEN[fault]
    assert [each.status for each in (other, after) if isinstance(each, Answer)] == [302, 302]


def test_every_way_to_misbehave_has_a_name_on_the_page(world: World) -> None:
    assert set(world.switches.modes("educonnect")) == set(MODES)
