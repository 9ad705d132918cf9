"""What nginx, as it is shipped, lets through, keeps back, and says when there is nobody behind it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from aiguilleur.cli.cookies import OWN
from tests.load import Visit, arriving, by_status, percentile
from tests.nodes import HOST, LINK, Node, click, write_node
from tests.operations.machine import HALF, Machine, exchange, get, held_open, machine, proxied
from tests.waiting import LATE
from tests.wire import Wire, closed_port, says, serving

pytestmark = pytest.mark.nginx

CHOSEN = f"{LINK}?source=educonnect"


@contextmanager
def in_front_of(folder: Path, answers: int = 1) -> Iterator[tuple[Machine, Wire]]:
    """nginx in front of a server that only listens."""
    with serving(*[says("200 OK", b"ok")] * answers) as upstream:
        write_node(folder, {"aten": 1, "educonnect": 2})
        with proxied(Node(upstream.port, folder, None)) as whole:  # type: ignore[arg-type]
            yield whole, upstream


def head_of(answer: bytes) -> dict[str, str]:
    status, *lines = answer.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    return {"status": status.split()[1]} | {
        name.lower(): value for name, _, value in (line.partition(": ") for line in lines)
    }


def test_only_the_cookies_that_the_configuration_names_and_our_own_are_let_through(tmp_path: Path) -> None:
    own = [f"{OWN}trajet-{number}=t{number}" for number in range(4)] + [f"{OWN}choix=c", f"{OWN}langue=pt"]
    others = ["XCTSESSION=1", "CTSESSIONX=2", "ctsession=3", "x=CTSESSION=4", f"x{OWN}choix=5", "_ga=6", "nameless"]
    mixed = "; ".join([others[0], "CTSESSION=aten=1", *others[1:4], *own, *others[4:], "EDUSESSION=", "CTSESSION=late"])
    with in_front_of(tmp_path, 3) as (whole, upstream):
        exchange(whole.port, get("/", f"Cookie: {mixed}"))
        exchange(whole.port, get("/", "Cookie: _ga=1", "Cookie: EDUSESSION=e", "Cookie: CTSESSION=a"))
        exchange(whole.port, get("/", "Cookie: _ga=1"))
        first, second = ([each for each in sent.split("; ") if each] for sent in upstream.sent("Cookie"))

    assert sorted(first) == sorted(["CTSESSION=aten=1", "EDUSESSION=", *own])
    assert second == ["CTSESSION=a", "EDUSESSION=e"]
    assert len(upstream.heard) == 3


def test_what_a_visitor_says_of_where_they_come_from_is_overwritten(tmp_path: Path) -> None:
    said = [
        "X-Forwarded-For: 6.6.6.6",
        "X-Forwarded-Proto: gopher",
        "Forwarded: for=6.6.6.6",
        "X_Forwarded_For: 6.6.6.6",
    ]
    said += [f"X-Forwarded-{name}: 6.6.6.6" for name in ("Host", "Port", "Prefix")]
    with in_front_of(tmp_path) as (whole, upstream):
        exchange(whole.tls, get("/", *said), tls=True)

    assert "6.6.6.6" not in upstream.heard[0]
    assert re.findall(r"(?im)^(?:x-)?forwarded.*?(?=\r?$)", upstream.heard[0]) == [
        "X-Forwarded-For: 127.0.0.1",
        "X-Forwarded-Proto: https",
    ]


def test_a_header_of_cookies_as_large_as_browsers_send_gets_its_answer_and_a_larger_one_a_page(tmp_path: Path) -> None:
    def cookies(size: int) -> list[str]:
        kept = "; ".join(f"c{number}={'v' * 500}" for number in range(size // 508))
        return [f"Cookie: {kept}; CTSESSION=s", "Sec-Fetch-Mode: navigate"]

    with machine(tmp_path, workers=2) as whole:
        passed = exchange(whole.port, get(CHOSEN, *cookies(12_000)))
        refused = [exchange(whole.port, get(LINK, *cookies(size))) for size in (20_000, 40_000)]
        refused.append(exchange(whole.port, get("/" + "x" * 20_000)))
        refused.append(
            exchange(whole.port, f"POST /choix HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 99999\r\n\r\n".encode())
        )
        refused.append(exchange(whole.port, b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n"))

    assert head_of(passed)["status"] == "303"
    assert [head_of(answer)["status"] for answer in refused] == ["431", "431", "414", "413", "400"]
    for answer in refused:
        assert "Votre navigateur envoie trop de données" in answer.decode()
        assert head_of(answer)["cache-control"] == "no-store"


def test_without_a_server_families_get_a_page_and_monitors_the_status(tmp_path: Path) -> None:
    write_node(tmp_path, {"aten": 1, "educonnect": 2})
    with proxied(Node(closed_port(), tmp_path, None)) as whole:  # type: ignore[arg-type]
        answers = [exchange(whole.port, get(path)) for path in (LINK, "/mire", "/healthz", "/readyz")]
        posted = exchange(
            whole.port,
            f"POST /choix HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode(),
        )
        logged = whole.access()

    assert [head_of(answer)["status"] for answer in answers] == ["200", "200", "503", "503"]
    for answer in (answers[0], posted):
        assert "Un instant, s’il vous plaît" in answer.decode()
        assert head_of(answer)["content-security-policy"].endswith("frame-ancestors 'none'")
        assert head_of(answer)["x-frame-options"] == "DENY"
    assert logged[0]["upstream_status"] == "502, 502, 502"


def test_the_headers_of_our_answers_are_kept_and_none_is_added(tmp_path: Path) -> None:
    with machine(tmp_path, workers=1) as whole:
        direct, through = (head_of(exchange(port, get(CHOSEN))) for port in (whole.node.port, whole.port))

    changing = {"date", "server", "aiguilleur-code", "set-cookie", "content-length", "x"}
    assert {k: v for k, v in through.items() if k not in changing} == {
        k: v for k, v in direct.items() if k not in changing
    }
    assert (through["cache-control"], through["status"], through["server"]) == ("no-store", "303", "nginx")


def test_the_log_of_nginx_holds_no_query_no_whole_address_and_no_cookie(tmp_path: Path) -> None:
    canary = "kanari"
    with machine(tmp_path, workers=1) as whole:
        headers = [f"Cookie: CTSESSION={canary}", f"Referer: https://x/{canary}", f"User-Agent: {canary}"]
        exchange(whole.port, get(f"{CHOSEN}&q={canary}", *headers))
        whole.node.process.stop()
        exchange(whole.port, get(f"{CHOSEN}&q={canary}", *headers))
        logs = [path for path in tmp_path.glob("nginx*log*") if path.is_file()]
        text = "".join(path.read_text() for path in logs)
        logged = whole.access()

    assert len(logs) >= 2
    assert canary not in text
    assert "127.0.0.1" not in (tmp_path / "nginx.access.log").read_text() + (tmp_path / "nginx.error.log").read_text()
    assert [(line["network"], line["path"], line["status"]) for line in logged] == [
        ("127.0.0.0", LINK, 303),
        ("127.0.0.0", LINK, 200),
    ]


def test_half_open_clients_and_slow_readers_keep_nobody_waiting(tmp_path: Path) -> None:
    with machine(tmp_path, workers=2) as whole, ExitStack() as stack:
        held_open(stack, whole.port, HALF, 40)
        held_open(
            stack, whole.port, f"POST /choix HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 50\r\n\r\nvers=".encode(), 40
        )
        # They ask for a page, and do not read it.
        held_open(stack, whole.port, get("/readme.html"), 40)
        with arriving(whole.port, [click("aten"), click()], (2, 15)) as load:
            rows = load.rows()

    assert set(by_status(rows)) <= {200, 303}
    assert len(rows) == 30
    # The server ends what is not whole after ten seconds: here nobody has waited for that.
    assert percentile(rows, 1) < LATE


def test_without_nginx_half_open_clients_block_everybody(tmp_path: Path) -> None:
    """The counter-proof: what the proxy is for."""
    with machine(tmp_path, workers=1) as whole, ExitStack() as stack:
        held_open(stack, whole.node.port, HALF, 40)
        time.sleep(0.5)
        with arriving(whole.node.port, [Visit("/healthz", {"Host": HOST})], (0.2, 10)) as load:
            time.sleep(1)
            assert load.so_far() == []
