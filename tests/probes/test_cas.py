from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from aiguilleur.core.model import Channel, Finding, Reason, SessionState
from aiguilleur.probes import CanaryOff, FrontChannelProbe
from aiguilleur.probes.cas import CasPassive
from tests.contracts import NOW, FrontChannelContract

#: Surrogates too: a return may hold any bytes.
ANYTHING = st.text(st.characters())
ACTIVE, INACTIVE, UNKNOWN = SessionState.ACTIVE, SessionState.INACTIVE, SessionState.UNKNOWN
URL = "https://cas.example/cas/login"
TICKET = "ST-1856-aA5Yuvrxzpv8Tau1cYQ7-srv-2"


def probe(url: str = URL, **settings: object) -> CasPassive:
    return CasPassive("cas", "eclat", url, **settings)  # type: ignore[arg-type]


class TestCasPassive(FrontChannelContract):
    leaves_for = URL
    secret = TICKET

    def make(self) -> CasPassive:
        return probe()

    def yes(self, probe: FrontChannelProbe) -> Mapping[str, str]:
        return {probe.echo: self.trip.id, "ticket": TICKET}

    def test_it_is_a_probe_of_the_front_channel(self) -> None:
        assert isinstance(self.make(), FrontChannelProbe)

    def test_the_cas_is_told_to_answer_at_once_and_where(self) -> None:
        departure = urlsplit(self.make().departure(self.trip, NOW))

        assert parse_qs(departure.query, strict_parsing=True) == {
            "service": [f"https://aiguilleur.example/retour/passive?parcours={self.trip.id}"],
            "gateway": ["true"],
        }

    @pytest.mark.parametrize(
        ("written", "begins"), [("", "?"), ("?", "?"), ("?locale=fr", "?locale=fr&"), ("?a=b?c", "?a=b?c&")]
    )
    def test_what_the_configured_address_says_stays(self, written: str, begins: str) -> None:
        departure = probe(f"{URL}{written}").departure(self.trip, NOW)

        assert departure.startswith(f"{URL}{begins}service=https%3A%2F%2Faiguilleur.example%2Fretour%2Fpassive%3F")

    @pytest.mark.parametrize(
        ("params", "state", "reason"),
        [
            ({}, INACTIVE, Reason.ANSWER),
            ({"ticket": TICKET}, ACTIVE, Reason.ANSWER),
            ({"ticket": "ST-" + "x" * 253}, ACTIVE, Reason.ANSWER),
            ({"ticket": "ST-" + "x" * 254}, UNKNOWN, Reason.PARSE),
            ({"ticket": "ST-"}, UNKNOWN, Reason.PARSE),
            ({"ticket": ""}, UNKNOWN, Reason.PARSE),
            ({"ticket": "PT-1856-aA5Yuvrxzpv8Tau1cYQ7"}, UNKNOWN, Reason.PARSE),
            ({"ticket": "ST-été"}, UNKNOWN, Reason.PARSE),
            ({"ticket": f"{TICKET}\n"}, UNKNOWN, Reason.PARSE),
            ({"ticket": f"{TICKET} {TICKET}"}, UNKNOWN, Reason.PARSE),
        ],
    )
    def test_each_return_has_its_meaning(self, params: Mapping[str, str], state: SessionState, reason: Reason) -> None:
        assert self.told({"parcours": self.trip.id, **params}) == (state, reason)

    @hypothesis_settings(max_examples=500)
    @given(st.dictionaries(st.one_of(st.sampled_from(["ticket", "parcours", "error"]), ANYTHING), ANYTHING))
    def test_no_return_is_a_session_without_a_ticket(self, params: dict[str, str]) -> None:
        state, _ = self.told(params)

        assert state is not ACTIVE or params["ticket"].startswith("ST-")
        assert (state is INACTIVE) == ("ticket" not in params)

    @hypothesis_settings(max_examples=500)
    @given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=253))
    def test_every_ticket_is_a_session(self, drawn: str) -> None:
        assert self.told({"ticket": f"ST-{drawn}"}) == (ACTIVE, Reason.ANSWER)


def test_no_ticket_may_mean_nothing_at_a_source_that_lets_others_log_in() -> None:
    finding = probe(without_ticket=UNKNOWN).arrival(TestCasPassive.trip, {}, NOW)

    assert finding == Finding("eclat", UNKNOWN, Channel.FRONT, "cas", Reason.ANSWER)


def test_yaml_settings_become_a_probe() -> None:
    settings = {
        "id": "cas",
        "source": "eclat",
        "url": URL,
        "without_ticket": "unknown",
        "canary": {"off": "the CAS refuses clients from the data centre"},
        "connect": "192.0.2.7",
    }

    assert TypeAdapter(CasPassive).validate_python(settings) == probe(
        without_ticket=UNKNOWN, canary=CanaryOff("the CAS refuses clients from the data centre"), connect="192.0.2.7"
    )


def test_a_password_of_a_proxy_is_not_shown() -> None:
    assert "secret" not in repr(probe(proxy="http://me:secret@127.0.0.1:3128"))


@pytest.mark.parametrize("connect", ["127.0.0.1", "127.0.0.1:8443", "[::1]", "[::1]:443", "cas.internal:443"])
def test_the_canary_may_connect_elsewhere(connect: str) -> None:
    assert probe(connect=connect).connect == connect


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"url": "ftp://x/"}, "url: is not an http"),
        ({"url": "https://user@x/"}, "url: is not an http"),
        ({"url": "https://x/#top"}, "url: is not an http"),
        ({"url": "https://x/é"}, "url: holds a space or a letter outside ASCII"),
        ({"url": "https://x:0/"}, "url: 0 is not a port"),
        ({"url": f"{URL}?service="}, "url: says 'service' already"),
        ({"url": f"{URL}?a=b&renew=true"}, "url: says 'renew' already"),
        ({"url": f"{URL}?gatew%61y=true"}, "url: says 'gateway' already"),
        ({"url": f"{URL}?method=POST"}, "url: says 'method' already"),
        ({"without_ticket": ACTIVE}, "without_ticket: is inactive or unknown"),
        ({"connect": "no where"}, "connect: 'no where' is not host or host:port"),
        ({"connect": "x:70000"}, "connect: 70000 is not a port"),
        ({"connect": "x", "proxy": "http://p:3128"}, "connect: cannot be combined with proxy"),
        ({"proxy": "socks5://p:1080"}, "proxy: is not an http://host:port address"),
        ({"ca_file": "no/such/file.pem"}, "ca_file: 'no/such/file.pem' holds no certificates in PEM"),
    ],
)
def test_a_probe_that_could_never_work_is_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        probe(**({"url": URL} | settings))  # type: ignore[arg-type]


def test_authorities_are_read_at_load(tmp_path: Path, authority: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")

    assert probe(ca_file=str(authority)).ca_file == str(authority)
    with pytest.raises(ValueError, match="holds no certificates in PEM"):
        probe(ca_file=str(tmp_path / "ca.pem"))
