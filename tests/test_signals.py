"""What a request says by itself, and what it is not believed to say."""

from __future__ import annotations

import pytest

from aiguilleur.core.model import Arrival, Channel, Reason, SessionState, Signals
from aiguilleur.signals import Known, Presumption, candidate_schools, cookies_of, presumed, read

KNOWN = Known(
    entries=frozenset({"eclat"}),
    sources=frozenset({"aten", "edu"}),
    cookies=frozenset({"CT", "ACT"}),
    hosts=("teleservices.example", "*.eclat.example"),
    portal_suffix="eclat.example",
)
CT = Presumption("aten", SessionState.ACTIVE, cookie="CT", unless_blank="ACT")
NO_CT = Presumption("aten", SessionState.INACTIVE, no_cookie="CT")


def test_only_configured_names_are_read() -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Referer": "https://clg.eclat.example/page?secret=1"}
    cookies = {"CT": "v", "other": "x", "ACT": "%20"}

    assert read(KNOWN, headers, cookies, entry="eclat", choice="aten", remembered="edu") == Signals(
        "aten", "edu", "eclat", Arrival.CROSS_SITE, "*.eclat.example", frozenset({"CT", "ACT=blank"})
    )
    assert read(KNOWN, {}, {}, entry="evil", choice="evil", remembered="evil") == Signals()


@pytest.mark.parametrize(
    ("header", "cookies"),
    [
        ("", {}),
        ("a=1; b=2", {"a": "1", "b": "2"}),
        ("a=1;a=2", {"a": "1"}),
        ("a", {}),
        ("=x; ;;a==", {"a": "="}),
        (" a = 1 ", {"a ": "1"}),
        (";".join(f"c{number}=x" for number in range(500)), {f"c{number}": "x" for number in range(200)}),
    ],
)
def test_cookies_are_read_as_they_came_and_the_first_of_a_name_counts(header: str, cookies: dict[str, str]) -> None:
    assert cookies_of(header) == cookies


@pytest.mark.parametrize(
    ("headers", "arrival", "host"),
    [
        ({}, Arrival.NONE, None),
        ({"Sec-Fetch-Site": "none"}, Arrival.NONE, None),
        ({"Sec-Fetch-Site": "same-origin"}, Arrival.SAME_SITE, None),
        ({"Sec-Fetch-Site": "nonsense"}, Arrival.NONE, None),
        ({"Referer": "https://TELESERVICES.example/x"}, Arrival.CROSS_SITE, "teleservices.example"),
        ({"Referer": "https://elsewhere.example/"}, Arrival.CROSS_SITE, "other"),
        ({"Referer": "https://a.b.eclat.example/"}, Arrival.CROSS_SITE, "other"),
        ({"Referer": "https://eclat.example/"}, Arrival.CROSS_SITE, "other"),
        ({"Referer": "https://evil-eclat.example/"}, Arrival.CROSS_SITE, "other"),
        ({"Referer": "android-app://fr.eclat.example/"}, Arrival.NONE, None),
        ({"Referer": "https://[::1"}, Arrival.NONE, None),
        ({"Referer": "/relative"}, Arrival.NONE, None),
    ],
)
def test_the_way_the_browser_came_survives_whatever_the_referer_holds(
    headers: dict[str, str], arrival: Arrival, host: str | None
) -> None:
    signals = read(KNOWN, headers, {})

    assert (signals.arrival, signals.referer_host) == (arrival, host)


@pytest.mark.parametrize(
    ("cookies", "states"),
    [
        ({"CT": "v"}, ["active"]),
        ({"CT": "v", "ACT": "w"}, ["active"]),
        ({"CT": "v", "ACT": ""}, []),
        ({"CT": "v", "ACT": "%20"}, []),
        ({"CT": '""'}, ["inactive"]),
        ({}, ["inactive"]),
    ],
)
def test_a_cookie_lets_presume_unless_the_other_one_says_logged_out(cookies: dict[str, str], states: list[str]) -> None:
    findings = list(presumed((CT, NO_CT), cookies))

    assert [finding.state for finding in findings] == states
    assert all((f.channel, f.reason, f.source) == (Channel.SIGNAL, Reason.PRESUMED, "aten") for f in findings)


def test_the_school_is_looked_for_in_the_path_then_the_query_then_the_portal() -> None:
    portal = {"Referer": "https://clg-rochat.eclat.example/sg.do"}

    assert candidate_schools(KNOWN, portal, "path", "query") == ("path", "query", "clg-rochat.eclat.example")
    assert candidate_schools(KNOWN, {"Referer": "https://x.other.example/"}, None, None) == ()
