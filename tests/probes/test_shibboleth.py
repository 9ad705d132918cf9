from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from aiguilleur.core.model import Channel, Finding, Reason, SessionState
from aiguilleur.probes import CanaryOff, FrontChannelProbe
from aiguilleur.probes.shibboleth import ShibbolethPassive
from tests.contracts import NOW, FrontChannelContract

#: Surrogates too: a return may hold any bytes.
ANYTHING = st.text(st.characters())
ACTIVE, INACTIVE, UNKNOWN = SessionState.ACTIVE, SessionState.INACTIVE, SessionState.UNKNOWN
SP = "https://sp.example"
URL = f"{SP}/Shibboleth.sso/Login"
LANDING = f"{SP}/aiguilleur/session"
IDP = "https://idp.example/idp/shibboleth"


def probe(url: str = URL, landing: str = LANDING, **settings: object) -> ShibbolethPassive:
    return ShibbolethPassive("sp", "educonnect", url, landing, **settings)  # type: ignore[arg-type]


def asked(made: ShibbolethPassive) -> dict[str, list[str]]:
    return parse_qs(urlsplit(made.departure(TestShibbolethPassive.trip, NOW)).query, strict_parsing=True)


class TestShibbolethPassive(FrontChannelContract):
    leaves_for = URL
    secret = "alice.martin"

    def make(self) -> ShibbolethPassive:
        return probe(no_passive=INACTIVE)

    def yes(self, probe: FrontChannelProbe) -> Mapping[str, str]:
        """With more than the landing page may say, to see that it goes nowhere."""
        return {probe.echo: self.trip.id, "session": "yes", "uid": self.secret}

    def test_it_is_a_probe_of_the_front_channel(self) -> None:
        assert isinstance(self.make(), FrontChannelProbe)

    def test_the_service_provider_is_told_to_show_nothing_and_where_to_end(self) -> None:
        assert asked(self.make()) == {"isPassive": ["true"], "target": [f"{LANDING}?parcours={self.trip.id}"]}

    @pytest.mark.parametrize(
        ("params", "state", "reason"),
        [
            ({"session": "yes"}, ACTIVE, Reason.ANSWER),
            ({"session": "no"}, INACTIVE, Reason.ANSWER),
            ({"session": "error"}, UNKNOWN, Reason.PROTOCOL),
            ({"session": ""}, UNKNOWN, Reason.PARSE),
            ({"session": "YES"}, UNKNOWN, Reason.PARSE),
            ({"session": "yes\n"}, UNKNOWN, Reason.PARSE),
            ({"session": "_a9ff9b460ee0a425d7a55ed6e142cce9"}, UNKNOWN, Reason.PARSE),
            ({"Session": "yes"}, UNKNOWN, Reason.PARSE),
            ({"error": "no"}, UNKNOWN, Reason.PARSE),
            ({}, UNKNOWN, Reason.PARSE),
        ],
    )
    def test_each_return_has_its_meaning(self, params: Mapping[str, str], state: SessionState, reason: Reason) -> None:
        assert self.told({"parcours": self.trip.id, **params}) == (state, reason)

    @hypothesis_settings(max_examples=500)
    @given(st.dictionaries(st.one_of(st.sampled_from(["session", "parcours"]), ANYTHING), ANYTHING))
    def test_only_the_three_words_are_an_answer(self, params: dict[str, str]) -> None:
        told = self.told(params)

        assert told == (UNKNOWN, Reason.PARSE) or params["session"] in ("yes", "no", "error")


def test_one_of_several_identity_providers_is_named() -> None:
    assert asked(probe(idp=IDP))["entityID"] == [IDP]


def test_what_the_configured_address_says_stays() -> None:
    departure = probe(f"{URL}?acsIndex=1").departure(TestShibbolethPassive.trip, NOW)

    assert departure.startswith(f"{URL}?acsIndex=1&isPassive=true&target=https%3A%2F%2Fsp.example%2Faiguilleur%2F")


def test_no_passive_is_no_proof_unless_the_configuration_says_so() -> None:
    finding = probe().arrival(TestShibbolethPassive.trip, {"session": "no"}, NOW)

    assert finding == Finding("educonnect", UNKNOWN, Channel.FRONT, "sp", Reason.ANSWER)


def test_yaml_settings_become_a_probe() -> None:
    settings = {
        "id": "sp",
        "source": "educonnect",
        "url": URL,
        "landing": LANDING,
        "idp": IDP,
        "no_passive": "inactive",
        "canary": {"off": "the service provider logs every trip"},
    }

    assert TypeAdapter(ShibbolethPassive).validate_python(settings) == probe(
        idp=IDP, no_passive=INACTIVE, canary=CanaryOff("the service provider logs every trip")
    )


def test_no_passive_never_means_a_session() -> None:
    with pytest.raises(ValidationError, match="Input should be"):
        TypeAdapter(ShibbolethPassive).validate_python(
            {"id": "sp", "source": "educonnect", "url": URL, "landing": LANDING, "no_passive": "active"}
        )


def test_a_password_of_a_proxy_is_not_shown() -> None:
    assert "secret" not in repr(probe(proxy="http://me:secret@127.0.0.1:3128"))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"url": "ftp://sp.example/Login"}, "url: is not an http"),
        ({"url": f"{URL}?target=x"}, "url: says 'target' already"),
        ({"url": f"{URL}?isPassive=false"}, "url: says 'isPassive' already"),
        ({"url": f"{URL}?forceAuthn=1"}, "url: says 'forceAuthn' already"),
        ({"url": f"{URL}?entityID={IDP}"}, "url: says 'entityID' already"),
        ({"url": f"{URL}?providerId={IDP}"}, "url: says 'providerId' already"),
        ({"landing": "/aiguilleur/session"}, "landing: is not an http"),
        ({"landing": f"{SP}/été"}, "landing: holds a space or a letter outside ASCII"),
        ({"landing": "https://sp.example:0/"}, "landing: 0 is not a port"),
        ({"landing": "http://sp.example/aiguilleur"}, "landing: is not on the host of url"),
        ({"landing": "https://sp.example:8443/aiguilleur"}, "landing: is not on the host of url"),
        ({"landing": "https://aiguilleur.example/retour"}, "landing: is not on the host of url"),
        ({"landing": f"{LANDING}?"}, "landing: has a query"),
        ({"landing": f"{LANDING}?a=b"}, "landing: has a query"),
        ({"idp": " "}, "idp: is empty"),
        ({"connect": "x", "proxy": "http://p:3128"}, "connect: cannot be combined with proxy"),
        ({"proxy": "socks5://p:1080"}, "proxy: is not an http://host:port address"),
        ({"ca_file": "no/such/file.pem"}, "ca_file: 'no/such/file.pem' holds no certificates in PEM"),
    ],
)
def test_a_probe_that_could_never_work_is_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        probe(**({"url": URL} | settings))  # type: ignore[arg-type]
