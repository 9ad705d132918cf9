"""What HAProxy, as it is shipped, lets through, keeps back, and says when there is no node."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from aiguilleur.cli import main
from aiguilleur.cli.cookies import OWN
from aiguilleur.sandbox import free_port
from tests.conftest import ROOT
from tests.nodes import LINK
from tests.operations.machine import EXAMPLES, exchange, get
from tests.servers.process import running
from tests.several.fleet import NAMES, asked, logged, write_haproxy
from tests.waiting import await_that
from tests.wire import Answer, Wire, closed_port, cut, says

pytestmark = pytest.mark.haproxy


@contextmanager
def proxy(folder: Path, upstream: int) -> Iterator[tuple[int, int]]:
    """The ports of HAProxy, plain and of TLS, whose three nodes are one server."""
    port, tls = free_port(), free_port()
    configuration = write_haproxy(folder, dict.fromkeys(NAMES, upstream), port, tls)
    with running(("haproxy", "-db", "-f", str(configuration)), port, folder / "haproxy.log"):
        yield port, tls


@contextmanager
def in_front(folder: Path) -> Iterator[tuple[int, int, Wire]]:
    """HAProxy in front of a server that only listens."""
    with Wire(respond=lambda _: says("200 OK", b"ok")) as upstream, proxy(folder, upstream.port) as (port, tls):
        yield port, tls, upstream


def heard(upstream: Wire) -> list[list[str]]:
    """The lines of each request that was passed on."""
    return [request.split("\r\n") for request in upstream.heard if "/readyz" not in request]


def sent(upstream: Wire, header: str) -> list[str]:
    return [line.partition(": ")[2] for lines in heard(upstream) for line in lines if line.lower().startswith(header)]


@pytest.mark.parametrize(
    ("brought", "arrives"),
    [
        ("CTSESSION=a=1", ["CTSESSION=a=1"]),
        (f"x=1; CTSESSION=a; y=2; {OWN}choix=c; EDUSESSION=", [f"CTSESSION=a; {OWN}choix=c; EDUSESSION="]),
        (f"{OWN}trajet-1=t;CTSESSION=a;x=2", [f"{OWN}trajet-1=t;CTSESSION=a"]),
        ("XCTSESSION=1; CTSESSIONX=2; ctsession=3; x=CTSESSION=4; nameless; _ga=6", []),
        ("x=1;  CTSESSION=two spaces", ["CTSESSION=two spaces"]),
        ("", []),
    ],
)
def test_only_the_cookies_that_are_named_and_our_own_are_let_through(
    tmp_path: Path, brought: str, arrives: list[str]
) -> None:
    with in_front(tmp_path) as (port, _, upstream):
        exchange(port, get("/", *([f"Cookie: {brought}"] if brought else [])))

        assert sent(upstream, "cookie:") == arrives


def test_the_cookies_that_are_named_are_those_of_the_shipped_configuration() -> None:
    told = CliRunner().invoke(main, ["cookies", "--config", str(ROOT / "config"), "--json"])
    names = json.loads(told.output)["names"]

    assert f"(?:{'|'.join(sorted(names, reverse=True))}|{OWN}[^=;]*)=" in (EXAMPLES / "haproxy.cfg").read_text()


def test_what_a_visitor_says_of_where_they_come_from_is_overwritten(tmp_path: Path) -> None:
    said = [f"X-Forwarded-{name}: 6.6.6.6" for name in ("For", "Proto", "Host", "Port", "Prefix")]
    with in_front(tmp_path) as (_, tls, upstream):
        exchange(tls, get("/", *said, "Forwarded: for=6.6.6.6"), tls=True)
        [lines] = heard(upstream)

    assert sorted(line.lower() for line in lines if "forwarded" in line.lower()) == [
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: https",
    ]


def test_nobody_is_refused_for_the_cookies_of_neighbours(tmp_path: Path) -> None:
    with in_front(tmp_path) as (port, _, upstream):
        answer = asked(port, "/", "; ".join(f"c{number}={'v' * 500}" for number in range(80)) + "; CTSESSION=s")

        assert (answer.status, sent(upstream, "cookie:")) == (200, ["CTSESSION=s"])


def test_without_a_node_families_get_a_page_and_monitors_the_truth(tmp_path: Path) -> None:
    with proxy(tmp_path, closed_port()) as (port, _):
        page, monitored = asked(port, LINK), asked(port, "/readyz")

    assert (page.status, monitored.status) == (200, 503)
    assert page.text == (EXAMPLES / "panne.html").read_text(encoding="utf-8")
    assert (page.headers["Cache-Control"], page.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_the_log_holds_no_query_no_whole_address_and_no_cookie(tmp_path: Path) -> None:
    canary = "kanari"
    with in_front(tmp_path) as (port, _, _):
        headers = [f"Cookie: CTSESSION={canary}", f"Referer: https://x/{canary}", f"User-Agent: {canary}"]
        exchange(port, get(f"{LINK}?q={canary}", *headers))
        await_that(lambda: logged(tmp_path))
        [told] = logged(tmp_path)

    assert canary not in (tmp_path / "haproxy.log").read_text(encoding="utf-8")
    assert (told["network"], told["path"], told["status"]) == ("127.0.0.0", LINK, 200)


@pytest.mark.parametrize(("form", "times"), [(None, 3), ({"source": "aten"}, 1)])
def test_a_get_without_an_answer_is_asked_again_and_a_choice_that_is_sent_is_not(
    tmp_path: Path, form: dict[str, str] | None, times: int
) -> None:
    def hangs_up(request: str) -> Answer:
        return says("200 OK") if "/readyz" in request else cut(b"")

    with Wire(respond=hangs_up) as upstream, proxy(tmp_path, upstream.port) as (port, _):
        answer = asked(port, "/choix", form=form)

        assert (answer.status, len(heard(upstream))) == (200, times)
        assert answer.text == (EXAMPLES / "panne.html").read_text(encoding="utf-8")
