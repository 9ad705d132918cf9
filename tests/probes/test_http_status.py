from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from aiguilleur.core.model import Channel, Finding, Reason, SessionState
from aiguilleur.probes import Forwarded, Pattern
from aiguilleur.probes.http_status import HttpStatusProbe
from tests.contracts import BackChannelContract
from tests.waiting import AMPLE, LATE
from tests.wire import Answer, cut, drips, resets, says, serving, silent

ACTIVE, INACTIVE, UNKNOWN = SessionState.ACTIVE, SessionState.INACTIVE, SessionState.UNKNOWN
COOKIES = {"CTSESSION": "value-a", "ACTSESSION": "1", "other": "never-sent"}


def probe(url: str, **settings: object) -> HttpStatusProbe:
    given: dict[str, object] = {
        "active": Pattern(status=200, absent="aten-auth"),
        "inactive": Pattern(status=(302, 303), location="*/login/*"),
        "cookies": ("CTSESSION", "ACTSESSION"),
    }
    return HttpStatusProbe("status", "aten", url, **(given | settings))  # type: ignore[arg-type]


class TestHttpStatus(BackChannelContract):
    cookie = "CTSESSION"

    def make(self, url: str) -> HttpStatusProbe:
        return probe(url)


def told(answer: Answer, cookies: dict[str, str] = COOKIES, **settings: Any) -> tuple[SessionState, Reason]:
    with serving(answer) as wire:
        finding = probe(wire.url, **settings).ask(cookies, Forwarded(), AMPLE)
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
        (says("503 Busy", Retry_After="Mon, 15 Mar 2021 10:00:00 GMT"), UNKNOWN, Reason.MAINTENANCE),
        (says("503 Busy", Retry_After="soon, perhaps"), UNKNOWN, Reason.MAINTENANCE),
        (says("429 Slow down", Retry_After="1000000000"), UNKNOWN, Reason.THROTTLED),
        (says("429 Slow down"), UNKNOWN, Reason.THROTTLED),
        (says("200 OK", b"x" * 70_000), UNKNOWN, Reason.OVERSIZE),
        (resets, UNKNOWN, Reason.PROTOCOL),
        (says("nonsense"), UNKNOWN, Reason.PROTOCOL),
    ],
)
def test_each_answer_has_its_meaning(answer: Answer, state: SessionState, reason: Reason) -> None:
    assert told(answer) == (state, reason)


def test_without_its_cookies_nothing_is_sent() -> None:
    with serving(says("200 OK")) as wire:
        finding = probe(wire.url, without_cookies=INACTIVE).ask({"other": "x"}, Forwarded(), AMPLE)

    assert finding == Finding("aten", INACTIVE, Channel.BACK, "status", Reason.NO_COOKIE)
    assert wire.heard == []


BAD = ["a\r\nX: y", "a b", "é", "\x00", "a;b", "a,b", 'a"b', '"a', "x" * 5000]


@pytest.mark.parametrize("value", BAD)
def test_a_value_that_is_no_cookie_value_is_left_out(value: str) -> None:
    with serving(says("200 OK")) as wire:
        probe(wire.url).ask({"CTSESSION": value, "ACTSESSION": "1"}, Forwarded(), AMPLE)

    assert "Cookie: ACTSESSION=1\r\n" in wire.heard[0]


@pytest.mark.parametrize("value", BAD)
def test_a_visitor_with_no_other_value_has_no_cookie(value: str) -> None:
    with serving(says("200 OK")) as wire:
        finding = probe(wire.url).ask({"CTSESSION": value}, Forwarded(), AMPLE)

    assert (finding.state, finding.reason) == (UNKNOWN, Reason.NO_COOKIE)
    assert wire.heard == []


@pytest.mark.parametrize("value", ["", "%20", '"quoted"', "a=b==", "x" * 4094])
def test_a_value_goes_as_it_came(value: str) -> None:
    with serving(says("200 OK")) as wire:
        probe(wire.url).ask({"CTSESSION": value}, Forwarded(), AMPLE)

    assert wire.sent("Cookie") == [f"CTSESSION={value}"]


def test_what_is_forwarded_is_what_the_configuration_names() -> None:
    forwarded = Forwarded("Mozilla/5.0", "192.0.2.7")
    with serving(says("200 OK")) as wire:
        probe(wire.url).ask(COOKIES, forwarded, AMPLE)
        probe(wire.url, forward=("user-agent", "client-address")).ask(COOKIES, forwarded, AMPLE)

    assert wire.sent("User-Agent") == ["aiguilleur", "Mozilla/5.0"]
    assert wire.sent("X-Forwarded-For") == ["192.0.2.7"]


def test_what_cannot_stand_in_a_header_is_not_forwarded() -> None:
    forwarded = Forwarded("Mozilla\r\nX: y", "")
    with serving(says("200 OK")) as wire:
        probe(wire.url, forward=("user-agent", "client-address"), client_address_header="X-Real-IP").ask(
            COOKIES, forwarded, AMPLE
        )

    assert (wire.sent("User-Agent"), wire.sent("X-Real-IP"), wire.sent("X")) == (["aiguilleur"], [], [])


def test_a_source_may_be_given_less_than_the_budget() -> None:
    with serving(silent) as wire:
        finding = probe(wire.url, timeout_ms=100).ask(COOKIES, Forwarded(), AMPLE)

    assert finding.reason is Reason.DEADLINE
    assert 100 <= finding.ms < LATE * 1000


def test_a_json_field_can_tell() -> None:
    patterns: dict[str, Any] = {
        "active": Pattern(status=200, json={"session.live": True}),
        "inactive": Pattern(json={"session.live": False}),
    }

    assert told(says("200 OK", b'{"session": {"live": true}}'), **patterns) == (ACTIVE, Reason.ANSWER)
    assert told(says("200 OK", b'{"session": {"live": false}}'), **patterns) == (INACTIVE, Reason.ANSWER)
    assert told(says("200 OK", b'{"session": {"live": 1}}'), **patterns) == (UNKNOWN, Reason.PARSE)
    assert told(says("200 OK", b'{"session": {}}'), **patterns) == (UNKNOWN, Reason.PARSE)
    assert told(says("200 OK", b"not json"), **patterns) == (UNKNOWN, Reason.PARSE)
    assert told(says("200 OK", b"[" * 60_000), **patterns) == (UNKNOWN, Reason.PARSE)
    assert told(says("200 OK", b"1" * 60_000), **patterns) == (UNKNOWN, Reason.PARSE)
    assert told(says("200 OK", b"\xff\xfe"), **patterns) == (UNKNOWN, Reason.PARSE)
    assert told(says("200 OK", b'{"a": 0}'), active=Pattern(json={"a": "*"})) == (ACTIVE, Reason.ANSWER)


def test_the_connection_address_replaces_resolution() -> None:
    with serving(says("200 OK", b"ok")) as wire:
        url = f"http://teleservices.academie.localhost:{wire.port}/ts"
        finding = probe(url, connect=f"127.0.0.1:{wire.port}").ask(COOKIES, Forwarded(), AMPLE)

    assert finding.state is ACTIVE
    assert f"Host: teleservices.academie.localhost:{wire.port}\r\n" in wire.heard[0]


@pytest.mark.parametrize(
    ("answer", "patterns", "state", "reason"),
    [
        # Both fit.
        (says("200 OK", b"bonjour"), {"inactive": Pattern(contains="bonjour")}, UNKNOWN, Reason.PARSE),
        # A server in trouble may dress its error as any page; only a status that is named makes it an answer.
        (says("500 Oops", b"login"), {"inactive": Pattern(contains="login")}, UNKNOWN, Reason.STATUS),
        (says("429 Slow", b"login"), {"inactive": Pattern(contains="login")}, UNKNOWN, Reason.THROTTLED),
        (says("500 Oops", b"login"), {"inactive": Pattern(status=500)}, INACTIVE, Reason.ANSWER),
        (says("503 Busy", Retry_After="9"), {"inactive": Pattern(status=(401, 503))}, INACTIVE, Reason.ANSWER),
        (says("403 No", b"login"), {"inactive": Pattern(contains="login")}, INACTIVE, Reason.ANSWER),
        # `*` alone is special in an address.
        (
            says("302 F", Location="/login?a=[1]"),
            {"inactive": Pattern(location="*/login?a=[1]")},
            INACTIVE,
            Reason.ANSWER,
        ),
        (says("302 F", Location="/loginXa=1"), {"inactive": Pattern(location="*/login?a=1")}, UNKNOWN, Reason.PARSE),
        (says("302 F"), {"inactive": Pattern(location="*")}, UNKNOWN, Reason.PARSE),
        # French pages come in two encodings.
        (says("200 OK", "Déconnexion".encode()), {"active": Pattern(contains="Déconnexion")}, ACTIVE, Reason.ANSWER),
        (says("200 OK", "Déconnexion".encode("latin-1")), {"active": Pattern(contains="Déc")}, ACTIVE, Reason.ANSWER),
        (says("200 OK", "é".encode("latin-1")), {"active": Pattern(status=200, absent="é")}, UNKNOWN, Reason.PARSE),
        # The body is looked at only where a pattern needs it.
        (says("200 OK", b"x" * 70_000), {"active": Pattern(status=200)}, ACTIVE, Reason.ANSWER),
        (drips(b"HTTP/1.1 200 OK\r\n\r\n<html>", b" ", 0.05), {"timeout_ms": 200}, UNKNOWN, Reason.DEADLINE),
    ],
)
def test_the_patterns_decide(answer: Answer, patterns: dict[str, Any], state: SessionState, reason: Reason) -> None:
    assert told(answer, **patterns) == (state, reason)


def test_yaml_settings_become_a_probe() -> None:
    settings = {
        "id": "status",
        "source": "aten",
        "url": "https://teleservices.ac-besancon.fr/ts",
        "cookies": ["CTSESSION", "ACTSESSION"],
        "without_cookies": "inactive",
        "forward": ["user-agent", "client-address"],
        "active": {"status": 200, "absent": "aten-auth"},
        "inactive": {"status": [302, 303, 403], "location": "https://teleservices.ac-besancon.fr/login/*"},
        "timeout_ms": 800,
    }

    assert TypeAdapter(HttpStatusProbe).validate_python(settings) == HttpStatusProbe(
        id="status",
        source="aten",
        url="https://teleservices.ac-besancon.fr/ts",
        cookies=("CTSESSION", "ACTSESSION"),
        without_cookies=INACTIVE,
        forward=("user-agent", "client-address"),
        active=Pattern(status=200, absent="aten-auth"),
        inactive=Pattern(status=(302, 303, 403), location="https://teleservices.ac-besancon.fr/login/*"),
        timeout_ms=800,
    )


def test_a_password_of_a_proxy_is_not_shown() -> None:
    assert "canary" not in repr(probe("https://source.test/", proxy="http://me:canary@127.0.0.1:3128"))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"url": "ftp://x/"}, "url: is not an http"),
        ({"url": "https://user@x/"}, "url: is not an http"),
        ({"url": "https://:pw@x/"}, "url: is not an http"),
        ({"url": "https://x/#top"}, "url: is not an http"),
        ({"url": "https:///ts"}, "url: is not an http"),
        ({"url": "https://x/é"}, "url: holds a space or a letter outside ASCII"),
        ({"url": "https://x/a b"}, "url: holds a space or a letter outside ASCII"),
        ({"url": "https://x:99999/"}, "Port out of range"),
        ({"url": "https://[x/"}, "Invalid IPv6 URL"),
        ({"cookies": ()}, "cookies: name at least one"),
        ({"cookies": ("a b",)}, "cookies: 'a b' is not a cookie's name"),
        ({"cookies": ("CT*",), "url": "https://x/", "connect": "x"}, "connect: 'x' is not host:port"),
        ({"client_address_header": "X Y"}, "client_address_header: 'X Y' cannot carry an address"),
        ({"client_address_header": "Cookie"}, "client_address_header: 'Cookie' cannot carry an address"),
        ({"connect": "nowhere"}, "connect: 'nowhere' is not host:port"),
        ({"connect": "127.0.0.1:0"}, "connect: 0 is not a port"),
        ({"connect": "127.0.0.1:70000"}, "connect: 70000 is not a port"),
        ({"connect": "127.0.0.1:80", "proxy": "http://p:3128"}, "connect: cannot be combined with proxy"),
        ({"proxy": "socks5://p:1080"}, "proxy: is not an http://host:port address"),
        ({"timeout_ms": 0}, "timeout_ms: 0 leaves no time"),
        ({"ca_file": "no/such/file.pem"}, "ca_file: 'no/such/file.pem' holds no certificates in PEM"),
    ],
)
def test_a_probe_that_could_never_work_is_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        probe(**({"url": "https://x/"} | settings))  # type: ignore[arg-type]


def test_authorities_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")

    with pytest.raises(ValueError, match="holds no certificates in PEM"):
        probe("https://x/", ca_file=str(tmp_path / "ca.pem"))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "says nothing positive"),
        ({"absent": "aten-auth"}, "says nothing positive"),
        ({"contains": ""}, "contains: is empty"),
        ({"status": ()}, "status: is empty"),
        ({"status": 200, "absent": ""}, "absent: is empty"),
        ({"json": {}}, "json: is empty"),
        ({"status": 100}, "status: 100 is not the status of an answer"),
        ({"status": (200, 2000)}, "status: 2000 is not the status of an answer"),
    ],
)
def test_a_pattern_that_fits_anything_or_nothing_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Pattern(**settings)
