from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from aiguilleur.core.model import Reason, SessionState
from aiguilleur.probes.canary.flight import MOST_HOPS, Flight, fly
from tests.contracts import ODD, SLOW
from tests.probes.canary.conftest import BACK, NOW, passive, posted
from tests.probes.conftest import Certified
from tests.waiting import AMPLE, LATE, waited
from tests.wire import Answer, Wire, closed_port, says, serving, silent


def flown(wire: Wire) -> tuple[Reason, int, str]:
    flight = fly(passive(wire.url), BACK, NOW, AMPLE)
    return flight.reason, flight.hops, flight.host


def answers(query: str) -> Answer:
    """The source's redirect to where the question wants its answer, `{id}` filled in."""

    def answer(connection: socket.socket, over: threading.Event) -> None:
        says("303 See Other", Location=f"{BACK}?{query.format(id=asked[-1])}")(connection, over)

    return answer


asked: list[str] = []


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The id of each trip, which is drawn at random."""
    asked.clear()

    def token(_: int) -> str:
        asked.append("0123456789abcdef0123456789abcdef")
        return asked[-1]

    monkeypatch.setattr("aiguilleur.probes.canary.flight.secrets.token_hex", token)


def test_an_answer_at_the_return_address_is_recognised_and_not_called() -> None:
    with serving(answers("id={id}&session=no")) as wire:
        flight = fly(passive(wire.url), BACK, NOW, AMPLE)

    assert (flight.reason, flight.state, flight.hops) == (Reason.ANSWER, SessionState.INACTIVE, 1)
    assert flight.host == "aiguilleur.example"
    [query] = [parse_qs(urlsplit(heard.split()[1]).query) for heard in wire.heard]
    assert query == {"id": asked, "back": [BACK]}


def test_it_goes_through_redirects_looks_at_the_browser_and_forms_with_the_cookies_of_the_way() -> None:
    look = b'<body onload="document.forms[0].submit()"><form method=post action=/idp/check>'
    look += b"<input type=hidden name=conversation value=c1></form>"
    back = f'<body onload="document.forms[0].submit()"><form method=post action="{BACK}">'
    back += '<input type=hidden name=id value="0123456789abcdef0123456789abcdef"><input type=hidden name=session value=yes></form>'
    with serving(
        says("302 Found", Location="/idp?a=1", Set_Cookie="sid=1; Path=/"),
        says("200 OK", look, Set_Cookie="look=2; Path=/idp"),
        says("200 OK", back.encode()),
    ) as wire:
        flight = fly(posted(wire.url), BACK, NOW, AMPLE)

    assert (flight.reason, flight.state, flight.hops) == (Reason.ANSWER, SessionState.ACTIVE, 3)
    assert [heard.split()[0] for heard in wire.heard] == ["GET", "GET", "POST"]
    assert wire.heard[2].endswith("\r\n\r\nconversation=c1")
    assert wire.sent("Cookie") == ["sid=1", "look=2; sid=1"]


def test_a_307_posts_again_and_a_303_does_not() -> None:
    page = b"<form method=post action=/a><input type=hidden name=x value=1></form><script>f.submit()</script>"
    with serving(
        says("200 OK", page),
        says("307 Temporary Redirect", Location="/b"),
        says("303 See Other", Location="/c"),
        answers("id={id}&session=no"),
    ) as wire:
        assert flown(wire) == (Reason.ANSWER, 4, "aiguilleur.example")

    assert [heard.partition(" HTTP")[0] for heard in wire.heard][1:] == ["POST /a", "POST /b", "GET /c"]
    assert [heard.partition("\r\n\r\n")[2] for heard in wire.heard][1:] == ["x=1", "x=1", ""]


def test_two_flights_share_no_cookie() -> None:
    sets = says("302 Found", Location="/next", Set_Cookie="sid=1; Path=/")
    with serving(sets, says("200 OK", b"")) as wire:
        flown(wire)
    with serving(sets, says("200 OK", b"")) as again:
        flown(again)

    assert [wire.sent("Cookie"), again.sent("Cookie")] == [["sid=1"], ["sid=1"]]
    assert "Cookie" not in again.heard[0]


@pytest.mark.parametrize(
    "answer",
    [
        says("200 OK", b"<form method=post><input name=user><input type=password name=p></form>"),
        says("400 Bad Request", b"invalid_client"),
        says("403 Forbidden"),
        says("404 Not Found"),
        says("204 No Content"),
        says("302 Found"),
        says("302 Found", Location="http://["),
        says("302 Found", Location="ftp://127.0.0.1/"),
        says("302 Found", Location="javascript:alert(1)"),
    ],
)
def test_a_source_that_keeps_its_visitor_is_unproven(answer: Answer) -> None:
    with serving(answer) as wire:
        assert flown(wire) == (Reason.UNPROVEN, 1, "127.0.0.1")


@pytest.mark.parametrize(
    "elsewhere",
    ["http://aiguilleur.example@{here}/retour/edu", "http://{here}/retour/edu", "http://{here}/?x={back}"],
)
def test_an_address_that_looks_like_ours_is_not_ours(elsewhere: str) -> None:
    with serving(says("200 OK")) as other:
        location = elsewhere.format(here=f"127.0.0.1:{other.port}", back=BACK)
        with serving(says("302 Found", Location=location)) as wire:
            assert flown(wire) == (Reason.UNPROVEN, 2, "127.0.0.1")


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("id={id}&session=no", Reason.ANSWER),
        ("id={id}&session=perhaps", Reason.ANSWER),
        ("id={id}&session=nonsense", Reason.PARSE),
        ("id=someone-elses&session=no", Reason.PARSE),
        ("id={id}&id={id}&session=no", Reason.PARSE),
        ("session=no", Reason.PARSE),
        ("", Reason.PARSE),
    ],
)
def test_back_is_not_enough_without_a_valid_answer_to_this_trip(query: str, reason: Reason) -> None:
    with serving(answers(query)) as wire:
        assert flown(wire)[0] is reason


@pytest.mark.parametrize(
    ("status", "headers", "reason"),
    [
        ("500 Oops", {}, Reason.STATUS),
        ("502 Bad Gateway", {}, Reason.STATUS),
        ("503 Unavailable", {}, Reason.STATUS),
        ("503 Unavailable", {"Retry_After": "60"}, Reason.MAINTENANCE),
        ("429 Too Many Requests", {}, Reason.THROTTLED),
    ],
)
def test_a_source_that_fails_says_how(status: str, headers: dict[str, str], reason: Reason) -> None:
    with serving(says(status, b"", **headers)) as wire:
        assert flown(wire) == (reason, 1, "127.0.0.1")


def test_a_dead_source_is_known_at_once() -> None:
    began = time.monotonic()
    flight = fly(passive(f"http://127.0.0.1:{closed_port()}/"), BACK, NOW, AMPLE)

    assert (flight.reason, flight.hops) == (Reason.CONNECT, 1)
    assert waited(began) < LATE


@pytest.mark.parametrize("answer", SLOW.values(), ids=SLOW.keys())
def test_a_source_that_never_ends_is_given_up_in_time(answer: Answer) -> None:
    with serving(answer) as wire:
        began = time.monotonic()
        flight = fly(passive(wire.url), BACK, NOW, 0.5)

    assert flight.reason is Reason.DEADLINE
    assert waited(began) < 0.5 + LATE


def test_all_hops_share_one_deadline() -> None:
    again = says("302 Found", Location="/again")

    def late(connection: socket.socket, over: threading.Event) -> None:
        over.wait(0.5)
        again(connection, over)

    # The first hop takes no time of its own: a machine that stands still leaves enough to begin the second.
    with serving(again, *[late] * MOST_HOPS) as wire:
        began = time.monotonic()
        flight = fly(passive(wire.url), BACK, NOW, 4.0)

    assert (flight.reason, flight.hops > 1) == (Reason.DEADLINE, True)
    assert waited(began) < 4.0 + LATE


@pytest.mark.parametrize("answer", ODD.values(), ids=ODD.keys())
def test_an_odd_source_is_no_proof(answer: Answer) -> None:
    with serving(answer) as wire:
        assert flown(wire)[0] in (Reason.UNPROVEN, Reason.STATUS)


def test_a_loop_ends() -> None:
    with serving(says("302 Found", Location="/ts")) as wire:
        assert flown(wire) == (Reason.UNPROVEN, MOST_HOPS, "127.0.0.1")

    assert len(wire.heard) == MOST_HOPS


def test_the_way_of_the_settings_is_taken() -> None:
    with serving(answers("id={id}&session=no")) as wire:
        flight = fly(passive(f"http://educonnect.example:{wire.port}/x", connect="127.0.0.1"), BACK, NOW, AMPLE)

    assert flight.reason is Reason.ANSWER
    assert wire.sent("Host") == [f"educonnect.example:{wire.port}"]


def test_no_page_leads_from_https_to_http(authority: Path, certified: Certified) -> None:
    with (
        serving(says("200 OK")) as plain,
        serving(says("302 Found", Location=plain.url), tls=certified("127.0.0.1")) as wire,
    ):
        flight = fly(passive(wire.url, ca_file=str(authority)), BACK, NOW, AMPLE)

    assert (flight.reason, flight.hops, plain.heard) == (Reason.UNPROVEN, 1, [])


def test_a_certificate_that_nobody_vouches_for_is_no_way(certified: Certified) -> None:
    with serving(silent, tls=certified("127.0.0.1")) as wire:
        assert flown(wire)[0] is Reason.TLS


def test_what_it_saw_holds_nothing_of_what_was_sent() -> None:
    with serving(answers("id={id}&session=no&ticket=ST-secret")) as wire:
        flight = fly(passive(wire.url), BACK, NOW, AMPLE)

    assert flight == Flight(Reason.ANSWER, SessionState.INACTIVE, 1, flight.ms, "aiguilleur.example")


@pytest.mark.parametrize(
    "written",
    ["https://AIGUILLEUR.example/retour/edu", "https://aiguilleur.example:443/retour/edu"],
)
def test_our_address_is_ours_however_it_is_written(written: str) -> None:
    with serving(says("302 Found", Location=f"{written}?id={'0123456789abcdef' * 2}&session=no")) as wire:
        assert flown(wire) == (Reason.ANSWER, 1, "aiguilleur.example")


def test_an_answer_by_a_post_is_none_where_the_cookie_of_the_trip_would_not_come_along() -> None:
    back = f"<body onload='document.forms[0].submit()'><form method=post action='{BACK}'>"
    back += (
        f"<input type=hidden name=id value={'0123456789abcdef' * 2}><input type=hidden name=session value=no></form>"
    )
    with serving(says("200 OK", back.encode()), says("200 OK", back.encode())) as wire:
        by_get, by_post = (fly(probe(wire.url), BACK, NOW, AMPLE).reason for probe in (passive, posted))

    assert (by_get, by_post) == (Reason.PARSE, Reason.ANSWER)


def test_authorities_that_are_gone_since_are_no_way() -> None:
    assert fly(passive("https://127.0.0.1:9/", ca_file="/nowhere.pem"), BACK, NOW, AMPLE).reason is Reason.TLS
