from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest

from aiguilleur.core.model import Reason
from aiguilleur.probes.client import MOST_BYTES, Client
from aiguilleur.probes.deadline import connect
from aiguilleur.probes.exchange import Answer, ProbeError, Request
from tests.probes.conftest import Certified
from tests.waiting import AMPLE, LATE, waited
from tests.wire import closed_port, cut, drips, floods, resets, says, serving, silent

#: Of a question to a source that stalls, in seconds.
BUDGET = 0.4
COOKIE = {"Cookie": "sid=canary"}
OK = says("200 OK", b"bonjour")


def get(
    url: str,
    *,
    proxy: str | None = None,
    ca_file: Path | None = None,
    connect: str | None = None,
    within: float = AMPLE,
) -> Answer:
    return Client(proxy=proxy, ca_file=str(ca_file) if ca_file else None, connect=connect).send(
        Request(url), COOKIE, within
    )


def refused(url: str, *, ca_file: Path | None = None, within: float = AMPLE) -> Reason:
    with pytest.raises(ProbeError) as failure:
        get(url, ca_file=ca_file, within=within)
    return failure.value.reason


def addresses(*ports: int) -> object:
    return lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]


def test_a_request_says_no_more_than_it_must() -> None:
    with serving(OK) as wire:
        get(wire.url)

    assert sorted(wire.heard[0].split("\r\n")) == sorted(
        [
            "GET /ts HTTP/1.1",
            f"Host: 127.0.0.1:{wire.port}",
            "User-Agent: python-urllib3/" + wire.sent("User-Agent")[0].rpartition("/")[2],
            "Accept-Encoding: identity",
            "Accept: */*",
            "Cache-Control: no-cache",
            "Cookie: sid=canary",
            "",
            "",
        ]
    )


def test_a_redirect_is_an_answer_and_its_body_is_never_followed_read_whole_or_inflated() -> None:
    taken: list[int] = []
    with serving(OK) as elsewhere:
        head = f"HTTP/1.1 302 Found\r\nLocation: {elsewhere.url}\r\nContent-Encoding: gzip\r\n\r\n".encode()
        with serving(floods(head, taken)) as wire:
            answer = get(wire.url)

    assert (answer.status, answer.location, answer.unreadable) == (302, elsewhere.url, Reason.OVERSIZE)
    assert elsewhere.heard == []


def test_a_body_without_end_is_read_no_further_than_the_limit() -> None:
    taken: list[int] = []
    with serving(floods(b"HTTP/1.1 200 OK\r\n\r\n", taken)) as wire:
        answer = get(wire.url)
        wire.over.wait(0.05)

    assert (answer.body, answer.unreadable) == (b"", Reason.OVERSIZE)
    # What the two kernels hold between them is not ours.
    assert taken[0] < 20_000_000


def test_a_body_of_the_very_limit_is_read() -> None:
    with serving(says("200 OK", b"x" * MOST_BYTES)) as wire:
        answer = get(wire.url)

    assert (answer.body, answer.unreadable) == (b"x" * MOST_BYTES, None)


def test_what_nobody_asked_to_be_compressed_is_not_inflated() -> None:
    small, bomb = gzip.compress(b"aten-auth"), gzip.compress(b"0" * 20_000_000, 1)
    with serving(says("200 OK", small, Content_Encoding="gzip"), says("200 OK", bomb, Content_Encoding="GZIP")) as wire:
        client = Client()
        answers = [client.send(Request(wire.url), COOKIE, AMPLE) for _ in range(2)]

    assert [(answer.body, answer.unreadable) for answer in answers] == [(b"", Reason.PARSE), (b"", Reason.OVERSIZE)]


@pytest.mark.parametrize(
    ("location", "absolute"),
    [
        ("/login/", "http://127.0.0.1:{port}/login/"),
        ("login?a=1", "http://127.0.0.1:{port}/login?a=1"),
        ("//other.test/x", "http://other.test/x"),
        ("https://other.test/x", "https://other.test/x"),
        ("http://[", None),
        ("", None),
    ],
)
def test_a_location_is_resolved_first(location: str, absolute: str | None) -> None:
    with serving(says("302 Found", Location=location)) as wire:
        answer = get(wire.url)

    assert answer.location == (absolute and absolute.format(port=wire.port))


def test_a_connection_is_kept() -> None:
    with serving(OK, OK, OK) as wire:
        client = Client()
        bodies = [client.send(Request(wire.url), COOKIE, AMPLE).body for _ in range(3)]

    assert bodies == [b"bonjour"] * 3
    assert wire.connections == 1


def test_a_tls_connection_is_kept(authority: Path, certified: Certified) -> None:
    with serving(OK, OK, OK, tls=certified("127.0.0.1")) as wire:
        client = Client(ca_file=str(authority))
        bodies = [client.send(Request(wire.url), COOKIE, AMPLE).body for _ in range(3)]

    assert bodies == [b"bonjour"] * 3
    assert wire.connections == 1


def test_each_call_on_a_kept_connection_has_its_own_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    late = drips(b"HTTP/1.1 200 OK\r\nX: ", b"a", 0.05)
    clock = time.monotonic
    with serving(OK, OK, late) as wire:
        client = Client()
        client.send(Request(wire.url), COOKIE, AMPLE)
        # The deadline of the first call is over: nobody needs to wait for that.
        monkeypatch.setattr(time, "monotonic", lambda: clock() + 2 * AMPLE)
        second = client.send(Request(wire.url), COOKIE, AMPLE)
        began = time.monotonic()
        with pytest.raises(ProbeError, match="deadline"):
            client.send(Request(wire.url), COOKIE, BUDGET)

    assert second.body == b"bonjour"
    assert BUDGET * 0.9 <= waited(began) < BUDGET + LATE


def test_a_kept_connection_that_dies_as_it_is_used_is_replaced() -> None:
    with serving(OK, resets) as wire:
        client = Client()
        answers = [client.send(Request(wire.url), COOKIE, AMPLE).status for _ in range(2)]

    assert answers == [200, 200]
    assert (wire.connections, len(wire.heard)) == (2, 3)


def test_a_form_is_posted_once_whatever_happens() -> None:
    with serving(OK, resets) as wire:
        client = Client()
        client.send(Request(wire.url, (("a", "é"), ("a", "&"))), {}, AMPLE)
        with pytest.raises(ProbeError):
            client.send(Request(wire.url, ()), {}, AMPLE)

    assert [heard.split()[0] for heard in wire.heard] == ["POST", "POST"]
    assert wire.sent("Content-Type") == ["application/x-www-form-urlencoded"]
    assert wire.sent("Content-Length") == ["14", "0"]


def test_the_cookies_that_a_source_sets_are_told_and_sent_nowhere() -> None:
    sets = says("200 OK", b"", Set_Cookie="a=1; Path=/")
    with serving(sets, OK) as wire:
        client = Client()
        answers = [client.send(Request(wire.url), COOKIE, AMPLE) for _ in range(2)]

    assert [answer.sets for answer in answers] == [("a=1; Path=/",), ()]
    assert wire.sent("Cookie") == [COOKIE["Cookie"]] * 2
    assert "a=1" not in repr(answers)


def test_a_new_connection_that_dies_is_not_tried_again() -> None:
    with serving(resets) as wire:
        assert refused(wire.url) is Reason.PROTOCOL

    assert len(wire.heard) == 1


def test_the_end_of_an_answer_never_reaches_the_next_visitor() -> None:
    def hints(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        over.wait(0.1)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nUSER-A")

    with serving(hints, hints) as wire:
        client = Client()
        for _ in range(2):
            with pytest.raises(ProbeError, match="protocol"):
                client.send(Request(wire.url), COOKIE, AMPLE)

    assert wire.connections == 2


def test_an_error_holds_nothing_of_what_was_sent() -> None:
    with serving(resets) as wire, pytest.raises(ProbeError) as failure:
        get(wire.url)

    error = failure.value
    assert (repr(error), error.__cause__, error.__context__) == ("ProbeError('protocol')", None, None)


@pytest.mark.parametrize(
    ("name", "days", "trusted", "reason"),
    [
        ("127.0.0.1", 2, True, None),
        ("127.0.0.1", 2, False, Reason.TLS),
        ("127.0.0.1", -1, True, Reason.TLS),
        ("other.test", 2, True, Reason.TLS),
    ],
    ids=["good", "authority unknown", "expired", "another host"],
)
def test_a_certificate_must_be_good(
    authority: Path, certified: Certified, name: str, days: int, trusted: bool, reason: Reason | None
) -> None:
    with serving(OK, tls=certified(name, days=days)) as wire:
        ca_file = authority if trusted else None
        got = refused(wire.url, ca_file=ca_file) if reason else get(wire.url, ca_file=ca_file).body

    assert got == (reason or b"bonjour")
    assert len(wire.heard) == (0 if reason else 1)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
def test_tls_of_another_age_is_refused(authority: Path, certified: Certified) -> None:
    old = certified("127.0.0.1")
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with serving(OK, tls=old) as wire:
        assert refused(wire.url, ca_file=authority) is Reason.TLS


def test_tls_that_drips_is_cut() -> None:
    def one_record(connection: socket.socket, over: threading.Event) -> None:
        drips(b"\x16\x03\x03\x40\x00", b"\x02", 0.05)(connection, over)

    with socket.create_server(("127.0.0.1", 0)) as server:
        over = threading.Event()

        def accept() -> None:
            connection, _ = server.accept()
            with connection:
                try:
                    one_record(connection, over)
                except OSError:
                    return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        began = time.monotonic()
        reason = refused(f"https://127.0.0.1:{server.getsockname()[1]}/", within=BUDGET)
        waiting = waited(began)
        over.set()
        thread.join(AMPLE)

    assert reason is Reason.DEADLINE
    assert waiting < BUDGET + LATE


def test_plain_text_where_tls_was_expected_is_a_tls_fault() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.recv(4096)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        reason = refused(f"https://127.0.0.1:{server.getsockname()[1]}/")
        thread.join(AMPLE)

    assert reason is Reason.TLS


def test_tls_is_asked_for_the_name_and_connects_to_the_address(authority: Path, certified: Certified) -> None:
    names: list[str | None] = []
    tls = certified("source.academie.test")
    tls.sni_callback = lambda _, name, __: names.append(name)
    with serving(OK, tls=tls) as wire:
        url = f"https://source.academie.test:{wire.port}/ts"
        answer = get(url, ca_file=authority, connect=f"127.0.0.1:{wire.port}")

    assert answer.body == b"bonjour"
    assert names == ["source.academie.test"]
    assert wire.sent("Host") == [f"source.academie.test:{wire.port}"]


def test_the_environment_changes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login canary password canary\n")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with serving(OK) as wire:
        answer = get(wire.url)

    assert answer.body == b"bonjour"
    assert wire.sent("Authorization") == []


def test_a_proxy_is_asked_for_the_whole_address() -> None:
    with serving(OK) as proxy:
        answer = get("http://source.test/ts", proxy=f"http://127.0.0.1:{proxy.port}")

    assert answer.body == b"bonjour"
    assert proxy.heard[0].startswith("GET http://source.test/ts HTTP/1.1\r\n")


def test_a_proxy_sees_no_cookie_of_a_tls_source(authority: Path, certified: Certified) -> None:
    tls = certified("source.test")

    def tunnels(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        with tls.wrap_socket(connection.dup(), server_side=True) as inside:
            inside.recv(4096)
            OK(inside, over)

    with serving(tunnels) as proxy:
        answer = get("https://source.test/ts", proxy=f"http://127.0.0.1:{proxy.port}", ca_file=authority)

    assert answer.body == b"bonjour"
    assert proxy.heard[0].startswith("CONNECT source.test:443 HTTP/1.")
    assert "canary" not in "".join(proxy.heard)


@pytest.mark.parametrize(
    ("answer", "within", "reason"),
    [
        (says("403 Forbidden"), AMPLE, Reason.CONNECT),
        (silent, BUDGET, Reason.DEADLINE),
        (drips(b"HTTP/1.1 200 OK\r\nX: ", b"a", 0.05), BUDGET, Reason.DEADLINE),
    ],
    ids=["refuses", "silent", "slow"],
)
def test_a_bad_proxy_is_told_as_such(answer: object, within: float, reason: Reason) -> None:
    with serving(answer) as proxy:  # type: ignore[arg-type]
        began = time.monotonic()
        with pytest.raises(ProbeError, match=reason):
            get("https://source.test/ts", proxy=f"http://127.0.0.1:{proxy.port}", within=within)

    assert waited(began) < BUDGET + LATE


def test_a_dead_proxy_is_told_as_such() -> None:
    with pytest.raises(ProbeError, match="connect"):
        get("http://source.test/ts", proxy=f"http://127.0.0.1:{closed_port()}")


def test_a_name_that_does_not_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    assert refused("http://source.test/") is Reason.DNS


def test_a_resolver_that_stalls_is_not_waited_for_and_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    over, asked = threading.Event(), []

    def stalls(host: str, *_: object, **__: object) -> None:
        asked.append(host)
        over.wait(AMPLE)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure")

    monkeypatch.setattr(socket, "getaddrinfo", stalls)
    began = time.monotonic()
    reasons = [refused("http://source.test/", within=BUDGET) for _ in range(2)]
    waiting = waited(began)
    over.set()

    assert reasons == [Reason.DNS, Reason.DNS]
    assert waiting < 2 * BUDGET + LATE
    assert asked == ["source.test"]


def test_a_look_up_that_gets_no_thread_is_not_waited_for_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with serving(OK) as wire:
        monkeypatch.setattr(socket, "getaddrinfo", addresses(wire.port))
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuses)
            began = time.monotonic()

            assert refused("http://source.test/") is Reason.DNS
            assert waited(began) < LATE

        assert get("http://source.test/").body == b"bonjour"


def test_whatever_a_resolver_raises_ends_the_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise ValueError("embedded null byte")

    monkeypatch.setattr(socket, "getaddrinfo", breaks)
    began = time.monotonic()

    assert refused("http://source.test/") is Reason.DNS
    assert waited(began) < LATE


def test_a_time_that_is_over_is_no_fault_of_the_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **_: asked.append(given))

    with pytest.raises(TimeoutError):
        connect("source.test", 80, time.monotonic() - 0.01)
    with pytest.raises(ProbeError, match="deadline"):
        Client().send(Request("http://source.test/"), COOKIE, -0.01)
    assert asked == []


def test_a_source_that_has_moved_is_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(says("200 OK", b"old")) as old, serving(says("200 OK", b"new")) as new:
        client = Client()
        monkeypatch.setattr(socket, "getaddrinfo", addresses(old.port))
        first = client.send(Request("http://source.test/"), COOKIE, AMPLE).body
        monkeypatch.setattr(socket, "getaddrinfo", addresses(new.port))
        second = client.send(Request("http://source.test/"), COOKIE, AMPLE).body

    assert (first, second) == (b"old", b"new")


def test_a_broken_first_address_is_not_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(OK) as wire:
        monkeypatch.setattr(socket, "getaddrinfo", addresses(closed_port(), wire.port))

        assert get("http://source.test/").body == b"bonjour"


def test_addresses_that_swallow_everything_are_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)
        with serving(OK) as wire:
            began = time.monotonic()
            monkeypatch.setattr(socket, "getaddrinfo", addresses(address[1], wire.port))
            # The address that swallows has half of it; of the other half a machine that stands still may take much.
            body = get("http://source.test/", within=10.0).body
            monkeypatch.setattr(socket, "getaddrinfo", addresses(address[1], address[1], address[1]))
            reason = refused("http://source.test/", within=BUDGET)
        for each in waiting:
            each.close()

    assert (body, reason) == (b"bonjour", Reason.DEADLINE)
    assert waited(began) < 10.0 + BUDGET + LATE


def test_a_body_that_ends_with_the_deadline_is_not_taken_for_whole() -> None:
    with serving(drips(b"HTTP/1.1 200 OK\r\n\r\nbonjour", b" ", 0.05)) as wire:
        assert refused(wire.url, within=BUDGET) is Reason.DEADLINE


def test_chunks_are_read_whole_and_the_connection_is_kept() -> None:
    chunked = cut(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbon\r\n4\r\njour\r\n0\r\n\r\n")
    with serving(chunked) as wire:
        assert get(wire.url).body == b"bonjour"
