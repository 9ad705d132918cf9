from __future__ import annotations

import gzip
import socket
import threading
import time
from typing import Any

import pytest

from aiguilleur.core.model import Channel, Finding, Reason, SessionState
from aiguilleur.probes import Forwarded, HttpStatusProbe
from aiguilleur.probes.http_status import Pattern
from tests.wire import Answer, cut, drips, heard, resets, says, serving, silent, waited

ACTIVE, INACTIVE, UNKNOWN = SessionState.ACTIVE, SessionState.INACTIVE, SessionState.UNKNOWN
COOKIES = {"CTSESSION": "value-a", "ACTSESSION": "1", "other": "never-sent"}
BUDGET = 0.4


def probe(url: str, **settings: object) -> HttpStatusProbe:
    given: dict[str, object] = {
        "active": Pattern(status=200, absent="aten-auth"),
        "inactive": Pattern(status=(302, 303), location="*/login/*"),
        "cookies": ("CTSESSION", "ACTSESSION"),
    }
    return HttpStatusProbe("status", "aten", url, **(given | settings))  # type: ignore[arg-type]


def told(answer: Answer, cookies: dict[str, str] = COOKIES, **settings: Any) -> tuple[SessionState, Reason]:
    with serving(answer) as wire:
        finding = probe(wire.url, **settings).ask(cookies, Forwarded(), BUDGET)
    return finding.state, finding.reason


@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [
        (says("200 OK", b"bonjour"), ACTIVE, Reason.ANSWER),
        (says("302 Found", Location="/login/ct_logon_vk.jsp"), INACTIVE, Reason.ANSWER),
        (says("200 OK", b"<form id=aten-auth>"), UNKNOWN, Reason.PARSE),
        (says("200 OK"), UNKNOWN, Reason.PARSE),
        (cut(b"HTTP/1.1 200 OK\r\nX: a"), UNKNOWN, Reason.PARSE),
        (cut(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\npartly"), UNKNOWN, Reason.PROTOCOL),
        (says("302 Found", Location="https://evil.example/"), UNKNOWN, Reason.PARSE),
        (says("404 Not Found"), UNKNOWN, Reason.PARSE),
        (says("500 Oops"), UNKNOWN, Reason.STATUS),
        (says("502 Bad Gateway"), UNKNOWN, Reason.STATUS),
        (says("503 Busy"), UNKNOWN, Reason.STATUS),
        (says("503 Busy", Retry_After="120"), UNKNOWN, Reason.MAINTENANCE),
        (says("429 Slow down", Retry_After="1000000000"), UNKNOWN, Reason.THROTTLED),
        (says("200 OK", b"x" * 70_000), UNKNOWN, Reason.OVERSIZE),
        (resets, UNKNOWN, Reason.PROTOCOL),
        (says("nonsense"), UNKNOWN, Reason.PROTOCOL),
    ],
)
def test_each_answer_has_its_meaning(answer: Answer, state: SessionState, reason: Reason) -> None:
    assert told(answer) == (state, reason)


@pytest.mark.parametrize(
    "answer",
    [
        silent,
        drips(b"HTTP/1.1 200 OK\r\nX: ", b"a", 0.05),
        drips(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"a", 0.05),
        drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.02),
    ],
    ids=["silent", "slow headers", "slow body", "endless 100"],
)
def test_the_deadline_holds_whatever_is_dripped(answer: Answer) -> None:
    began = time.monotonic()

    assert told(answer) == (UNKNOWN, Reason.DEADLINE)
    assert BUDGET * 0.9 <= waited(began) < BUDGET + 0.3


def test_a_tls_handshake_that_never_ends_is_cut() -> None:
    with serving(silent) as wire:
        began = time.monotonic()
        finding = probe(f"https://127.0.0.1:{wire.port}/").ask(COOKIES, Forwarded(), BUDGET)

    assert finding.reason is Reason.DEADLINE
    assert waited(began) < BUDGET + 0.3


def test_a_closed_port_is_told_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    finding = probe(f"http://127.0.0.1:{port}/").ask(COOKIES, Forwarded(), BUDGET)

    assert finding.reason is Reason.CONNECT


def test_a_name_that_does_not_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    assert probe("http://nowhere.localhost/").ask(COOKIES, Forwarded(), BUDGET).reason is Reason.DNS


def test_plain_text_where_tls_was_expected_is_a_tls_fault() -> None:
    with serving(says("200 OK")) as wire:
        finding = probe(f"https://127.0.0.1:{wire.port}/").ask(COOKIES, Forwarded(), BUDGET)

    assert finding.reason in (Reason.TLS, Reason.DEADLINE)


def test_a_compressed_body_is_never_inflated() -> None:
    bomb = gzip.compress(b"0" * 20_000_000)

    assert told(says("200 OK", bomb, Content_Encoding="gzip"))[0] is ACTIVE


def test_only_the_named_cookies_are_sent_and_no_redirect_is_followed() -> None:
    with serving(says("200 OK")) as elsewhere:
        answer = says("302 Found", Location=elsewhere.url, Set_Cookie="sid=USER-A")
        with serving(answer) as wire:
            asked = probe(wire.url)
            asked.ask(COOKIES, Forwarded(), BUDGET)
            asked.ask({"CTSESSION": "value-b"}, Forwarded(), BUDGET)

    cookies = [line for request in wire.heard for line in request.split("\r\n") if line.startswith("Cookie")]
    assert cookies == ["Cookie: CTSESSION=value-a; ACTSESSION=1", "Cookie: CTSESSION=value-b"]
    assert elsewhere.heard == []


def test_a_kept_connection_carries_nothing_from_one_visitor_to_the_next() -> None:
    requests: list[str] = []

    def keeps(connection: socket.socket, over: threading.Event) -> None:
        says("200 OK", b"ok", Set_Cookie="sid=USER-A")(connection, over)
        requests.append(heard(connection))
        says("200 OK", b"ok")(connection, over)

    with serving(keeps) as wire:
        asked = probe(wire.url)
        first = asked.ask({"CTSESSION": "a"}, Forwarded(), BUDGET)
        second = asked.ask({"CTSESSION": "b"}, Forwarded(), BUDGET)

    assert (first.state, second.state) == (ACTIVE, ACTIVE)
    assert "USER-A" not in "".join([*requests, *wire.heard[1:]])


def test_without_its_cookies_nothing_is_sent() -> None:
    with serving(says("200 OK")) as wire:
        finding = probe(wire.url, without_cookies=INACTIVE).ask({"other": "x"}, Forwarded(), BUDGET)

    assert finding == Finding("aten", INACTIVE, Channel.BACK, "status", Reason.NO_COOKIE)
    assert wire.heard == []


@pytest.mark.parametrize("value", ["a\r\nX: y", "a b", "é", "\x00", "a;b", "x" * 5000])
def test_a_value_that_is_no_cookie_value_is_left_out(value: str) -> None:
    with serving(says("200 OK")) as wire:
        probe(wire.url).ask({"CTSESSION": value, "ACTSESSION": "1"}, Forwarded(), BUDGET)

    assert "Cookie: ACTSESSION=1\r\n" in wire.heard[0]


def test_what_is_forwarded_is_what_the_configuration_names() -> None:
    forwarded = Forwarded("Mozilla/5.0", "192.0.2.7")
    with serving(says("200 OK")) as wire:
        probe(wire.url).ask(COOKIES, forwarded, BUDGET)
        probe(wire.url, forward=("user-agent", "client-address")).ask(COOKIES, forwarded, BUDGET)

    assert "Mozilla" not in wire.heard[0]
    assert "192.0.2.7" not in wire.heard[0]
    assert "User-Agent: Mozilla/5.0\r\n" in wire.heard[1]
    assert "X-Forwarded-For: 192.0.2.7\r\n" in wire.heard[1]


def test_a_json_field_can_tell() -> None:
    patterns: dict[str, Any] = {
        "active": Pattern(status=200, json={"session.live": True}),
        "inactive": Pattern(json={"session.live": False}),
    }

    assert told(says("200 OK", b'{"session": {"live": true}}'), **patterns) == (ACTIVE, Reason.ANSWER)
    assert told(says("200 OK", b'{"session": {"live": false}}'), **patterns) == (INACTIVE, Reason.ANSWER)
    assert told(says("200 OK", b'{"session": {"live": 1}}'), **patterns) == (UNKNOWN, Reason.PARSE)
    assert told(says("200 OK", b"not json"), **patterns) == (UNKNOWN, Reason.PARSE)
    assert told(says("200 OK", b'{"a": 0}'), active=Pattern(json={"a": "*"})) == (ACTIVE, Reason.ANSWER)


def test_the_connection_address_replaces_resolution() -> None:
    with serving(says("200 OK", b"ok")) as wire:
        url = f"http://teleservices.academie.localhost:{wire.port}/ts"
        finding = probe(url, connect=f"127.0.0.1:{wire.port}").ask(COOKIES, Forwarded(), BUDGET)

    assert finding.state is ACTIVE
    assert f"Host: teleservices.academie.localhost:{wire.port}\r\n" in wire.heard[0]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"url": "ftp://x/"}, "is not an http"),
        ({"url": "https://user@x/"}, "is not an http"),
        ({"cookies": ("a b",)}, "is not a cookie's name"),
        ({"connect": "nowhere"}, "is not host:port"),
    ],
)
def test_a_probe_that_could_never_work_is_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        probe(**({"url": "https://x/"} | settings))  # type: ignore[arg-type]


def test_a_pattern_that_fits_anything_is_refused() -> None:
    with pytest.raises(ValueError, match="says nothing positive"):
        Pattern(absent="aten-auth")
