from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguilleur import signals
from aiguilleur.core.model import Arrival, Channel, Finding, Reason, SessionState, Signals
from aiguilleur.signals import Known, Presumption
from tests.builders import ATEN, EDU

KNOWN = Known(
    entries=frozenset({"eclat", "affiche"}),
    sources=frozenset({ATEN, EDU}),
    cookies=frozenset({"CTSESSION", "ACTSESSION"}),
    hosts=("teleservices.example", "*.eclat.example"),
    portal_suffix="eclat.example",
)
HAS_SESSION = Presumption(ATEN, SessionState.ACTIVE, cookie="CTSESSION", unless_blank="ACTSESSION")
HAS_NONE = Presumption(ATEN, SessionState.INACTIVE, no_cookie="CTSESSION")
#: A browser writes a blank cookie in any of these ways.
BLANK = ["", "%20", '""', '"%20"']


def came_from(referer: str) -> dict[str, str]:
    return {"Referer": referer}


def test_cookies_are_read_as_they_came() -> None:
    header = 'CTSESSION=a=b; ACTSESSION="%20";blank=; spaced =x;  last=  c  '

    assert signals.cookies_of(header) == {
        "CTSESSION": "a=b",
        "ACTSESSION": '"%20"',
        "blank": "",
        "spaced ": "x",
        "last": "c",
    }


def test_the_first_cookie_of_a_name_counts() -> None:
    assert signals.cookies_of("sid=narrow; sid=wide; sid=") == {"sid": "narrow"}


@pytest.mark.parametrize("header", ["", ";", "; ;", "=", "=value", "name", "name; other", "\x00"])
def test_what_is_no_pair_is_no_cookie(header: str) -> None:
    assert signals.cookies_of(header) == {}


def test_more_than_two_hundred_cookies_are_not_looked_at() -> None:
    header = "; ".join(f"c{number}=1" for number in range(5000))

    assert list(signals.cookies_of(header)) == [f"c{number}" for number in range(200)]


def test_a_name_is_exact_to_its_capitals() -> None:
    assert signals.read(KNOWN, {}, signals.cookies_of("ctsession=1")).cookies == frozenset()


@pytest.mark.parametrize("value", BLANK)
def test_a_blank_cookie_is_there_and_says_nothing(value: str) -> None:
    read = signals.read(KNOWN, {}, signals.cookies_of(f"CTSESSION={value}; ACTSESSION=1"))

    assert read.cookies == {"CTSESSION=blank", "ACTSESSION"}


def test_only_configured_names_pass() -> None:
    cookies = signals.cookies_of("CTSESSION=canary; other=canary")
    read = signals.read(
        KNOWN, came_from("https://canary.example/canary"), cookies, entry="canary", choice="canary", remembered="canary"
    )

    assert read == Signals(arrival=Arrival.CROSS_SITE, referer_host=signals.OTHER, cookies=frozenset({"CTSESSION"}))


def test_configured_names_do_pass() -> None:
    read = signals.read(KNOWN, {}, {}, entry="affiche", choice=ATEN, remembered=EDU)

    assert (read.entry, read.choice, read.remembered) == ("affiche", ATEN, EDU)


@pytest.mark.parametrize("entry", ["Eclat", "eclat ", "éclat", "", "eclat,affiche"])
def test_an_entry_is_one_of_the_closed_list_to_the_letter(entry: str) -> None:
    assert signals.read(KNOWN, {}, {}, entry=entry).entry is None


@pytest.mark.parametrize(
    ("site", "arrival"),
    [
        ("same-origin", Arrival.SAME_SITE),
        ("same-site", Arrival.SAME_SITE),
        ("cross-site", Arrival.CROSS_SITE),
        ("none", Arrival.NONE),
        ("Cross-Site", Arrival.NONE),
        ("of a later age", Arrival.NONE),
    ],
)
def test_fetch_metadata_says_how_the_browser_came(site: str, arrival: Arrival) -> None:
    assert signals.arrival_of({"Sec-Fetch-Site": site}) is arrival


def test_fetch_metadata_survives_a_stripped_referer_and_wins_over_one() -> None:
    assert signals.arrival_of({"Sec-Fetch-Site": "cross-site"}) is Arrival.CROSS_SITE
    assert signals.arrival_of({"Sec-Fetch-Site": "none"} | came_from("https://a.example/")) is Arrival.NONE


@pytest.mark.parametrize(
    ("referer", "arrival"),
    [
        ("https://a.example/", Arrival.CROSS_SITE),
        ("", Arrival.NONE),
        ("android-app://com.example.mail/", Arrival.NONE),
        ("http://[", Arrival.NONE),
    ],
)
def test_a_browser_without_fetch_metadata_is_read_by_its_referer(referer: str, arrival: Arrival) -> None:
    assert signals.arrival_of(came_from(referer)) is arrival


@pytest.mark.parametrize(
    ("referer", "host"),
    [
        ("https://teleservices.example/ts?canary=1#x", "teleservices.example"),
        ("http://teleservices.example:8080", "teleservices.example"),
        ("HTTPS://TELESERVICES.Example/", "teleservices.example"),
        ("https://user:word@teleservices.example/", "teleservices.example"),
        ("https://teleservices.example@evil.example/", "evil.example"),
        ("https://[::1]/", "::1"),
    ],
)
def test_only_the_host_of_a_referer_is_read(referer: str, host: str) -> None:
    assert signals.referer_host(came_from(referer)) == host


@pytest.mark.parametrize(
    "referer",
    [
        "",
        "about:blank",
        "android-app://com.google.android.gm/",
        "data:text/html,https://teleservices.example/",
        "file:///etc/passwd",
        "teleservices.example",
        "//teleservices.example/",
        "https://",
        "https:///path",
        "http://[",
        "http://[zz]/",
        "https://\u2100.example/",
        "\x00\r\n",
    ],
)
def test_a_referer_that_is_no_web_address_is_none(referer: str) -> None:
    assert signals.referer_host(came_from(referer)) is None
    assert signals.read(KNOWN, came_from(referer), {}).referer_host is None


def test_no_referer_at_all_is_none() -> None:
    assert signals.referer_host({}) is None


@given(st.text(st.characters(exclude_categories=())))
def test_no_text_breaks_the_reading_nor_comes_through_it(text: str) -> None:
    headers = {"Referer": text, "Sec-Fetch-Site": text}
    read = signals.read(KNOWN, headers, signals.cookies_of(text), entry=text, choice=text, remembered=text)

    assert read.referer_host in {None, signals.OTHER, *KNOWN.hosts}
    assert read.entry in {None, *KNOWN.entries}
    assert {read.choice, read.remembered} <= {None, *KNOWN.sources}
    assert {name.removesuffix("=blank") for name in read.cookies} <= KNOWN.cookies


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("teleservices.example", "teleservices.example"),
        ("clg-a.eclat.example", "*.eclat.example"),
        ("eclat.example", signals.OTHER),
        (".eclat.example", signals.OTHER),
        ("a.b.eclat.example", signals.OTHER),
        ("eclat.example.evil.example", signals.OTHER),
        ("xeclat.example", signals.OTHER),
        ("*.eclat.example", "*.eclat.example"),
        (None, None),
    ],
)
def test_a_host_is_told_as_the_configuration_writes_it(host: str | None, told: str | None) -> None:
    assert signals.matching_host(host, KNOWN.hosts) == told


def test_an_exact_host_counts_before_a_pattern_wherever_it_stands() -> None:
    hosts = ("*.eclat.example", "clg-a.eclat.example")

    assert signals.matching_host("clg-a.eclat.example", hosts) == "clg-a.eclat.example"


@pytest.mark.parametrize(
    ("header", "states"),
    [
        ("CTSESSION=x", ["active"]),
        ("CTSESSION=x; ACTSESSION=y", ["active"]),
        ("CTSESSION=x; ACTSESSION=%20", []),
        ("CTSESSION=%20", ["inactive"]),
        ("CTSESSION=", ["inactive"]),
        ("ACTSESSION=y", ["inactive"]),
        ("", ["inactive"]),
    ],
)
def test_cookies_let_presume(header: str, states: list[str]) -> None:
    found = signals.presumed([HAS_SESSION, HAS_NONE], signals.cookies_of(header))

    assert [finding.state for finding in found] == states


@pytest.mark.parametrize("value", BLANK)
def test_a_visitor_who_has_logged_out_is_not_presumed_to_be_there(value: str) -> None:
    assert not HAS_SESSION.holds({"CTSESSION": "x", "ACTSESSION": value})


def test_a_presumption_is_weak_and_names_the_cookie_but_not_its_value() -> None:
    cookie, absence = (
        signals.presumed([HAS_SESSION, HAS_NONE], {"CTSESSION": "canary"}),
        signals.presumed([HAS_NONE], {}),
    )

    assert list(cookie) == [Finding(ATEN, SessionState.ACTIVE, Channel.SIGNAL, "CTSESSION", Reason.PRESUMED)]
    assert [finding.by for finding in absence] == ["no CTSESSION"]


def test_the_school_is_named_by_the_path_then_the_query_then_the_portal() -> None:
    portal = came_from("https://Clg-C.eclat.example/sg.do")

    assert tuple(signals.candidate_schools(KNOWN, portal["Referer"], "clg-a", "clg-b")) == (
        "clg-a",
        "clg-b",
        "clg-c.eclat.example",
    )
    assert tuple(signals.candidate_schools(KNOWN, portal["Referer"], None, "")) == ("clg-c.eclat.example",)


@pytest.mark.parametrize(
    "referer", ["https://clg-c.example/", "https://eclat.example/", "android-app://x.eclat.example/"]
)
def test_a_page_that_is_no_portal_names_no_school(referer: str) -> None:
    assert not list(signals.candidate_schools(KNOWN, referer, None, None))


def test_without_a_portal_suffix_no_referer_names_a_school() -> None:
    assert not list(signals.candidate_schools(Known(), "https://clg-c.eclat.example/", None, None))


@pytest.mark.parametrize(
    "address",
    [
        "https://mail.example/jean.dupont?ticket=ST-1",
        "https://mail.example?jean.dupont",
        "https://mail.example#jean.dupont",
        "https://jean.dupont:secret@mail.example/inbox",
        "https://mail.example",
    ],
)
def test_of_an_address_nothing_is_known_again_but_its_host(address: str) -> None:
    assert signals.origin_of(address) == "https://mail.example"
    assert signals.referer_host(came_from(address)) == "mail.example"


@pytest.mark.parametrize("address", ["", "mail.example", "android-app:jean", "jean.dupont@mail.example/", "a/b"])
def test_of_what_is_no_address_nothing_is(address: str) -> None:
    assert signals.origin_of(address) == ""
