from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from aiguilleur.core.model import Channel, Finding, Reason, SessionState
from aiguilleur.probes import CanaryOff, FrontChannelProbe
from aiguilleur.probes.oidc import OidcPassive
from tests.contracts import NOW, FrontChannelContract

#: Surrogates too: a return may hold any bytes.
ANYTHING = st.text(st.characters())
ACTIVE, INACTIVE, UNKNOWN = SessionState.ACTIVE, SessionState.INACTIVE, SessionState.UNKNOWN
URL = "https://op.example/auth"
ISSUER = "https://op.example"
CODE = "SplxlOBeZQQYbYS6WxSbIA"


def probe(url: str = URL, **settings: object) -> OidcPassive:
    given: dict[str, object] = {"issuer": ISSUER, "client_id": "aiguilleur"}
    return OidcPassive("op", "educonnect", url, **(given | settings))  # type: ignore[arg-type]


class TestOidcPassive(FrontChannelContract):
    leaves_for = URL
    secret = CODE

    def make(self) -> OidcPassive:
        return probe()

    def yes(self, probe: FrontChannelProbe) -> Mapping[str, str]:
        return {probe.echo: self.trip.id, "code": CODE, "iss": ISSUER}

    def asked(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.make().departure(self.trip, NOW)).query, strict_parsing=True)

    def test_it_is_a_probe_of_the_front_channel(self) -> None:
        assert isinstance(self.make(), FrontChannelProbe)

    def test_the_provider_is_asked_to_show_nothing(self) -> None:
        asked = self.asked()
        challenge, nonce = asked.pop("code_challenge"), asked.pop("nonce")

        assert asked == {
            "response_type": ["code"],
            "client_id": ["aiguilleur"],
            "redirect_uri": ["https://aiguilleur.example/retour/passive"],
            "scope": ["openid"],
            "state": [self.trip.id],
            "prompt": ["none"],
            "code_challenge_method": ["S256"],
        }
        assert len(base64.urlsafe_b64decode(challenge[0] + "=")) == 32
        assert len(nonce[0]) >= 16

    def test_challenge_and_nonce_are_new_for_each_departure(self) -> None:
        first, second = self.asked(), self.asked()

        assert first["code_challenge"] != second["code_challenge"]
        assert first["nonce"] != second["nonce"]

    def test_what_the_configured_address_says_stays(self) -> None:
        departure = probe(f"{URL}?acr_values=eidas1").departure(self.trip, NOW)

        assert departure.startswith(f"{URL}?acr_values=eidas1&response_type=code&")

    @pytest.mark.parametrize(
        ("params", "state", "reason"),
        [
            ({"code": CODE}, ACTIVE, Reason.ANSWER),
            ({"code": CODE, "iss": ISSUER, "session_state": "x"}, ACTIVE, Reason.ANSWER),
            ({"code": "x" * 4096}, ACTIVE, Reason.ANSWER),
            ({"code": "x" * 4097}, UNKNOWN, Reason.PARSE),
            ({"code": ""}, UNKNOWN, Reason.PARSE),
            ({"code": "é"}, UNKNOWN, Reason.PARSE),
            ({"code": f"{CODE}\n"}, UNKNOWN, Reason.PARSE),
            ({"error": "login_required"}, INACTIVE, Reason.ANSWER),
            ({"error": "login_required", "iss": ISSUER, "error_description": "é"}, INACTIVE, Reason.ANSWER),
            ({"error": "consent_required"}, ACTIVE, Reason.ANSWER),
            ({"error": "account_selection_required"}, ACTIVE, Reason.ANSWER),
            ({"error": "interaction_required"}, UNKNOWN, Reason.ANSWER),
            ({"error": "server_error"}, UNKNOWN, Reason.PROTOCOL),
            ({"error": "temporarily_unavailable"}, UNKNOWN, Reason.PROTOCOL),
            ({"error": "unauthorized_client"}, UNKNOWN, Reason.PROTOCOL),
            ({"error": "invalid_request"}, UNKNOWN, Reason.PROTOCOL),
            ({"error": "access_denied"}, UNKNOWN, Reason.PROTOCOL),
            ({"error": "x" * 129}, UNKNOWN, Reason.PARSE),
            ({"error": 'login"required'}, UNKNOWN, Reason.PARSE),
            ({"error": "login_required\n"}, UNKNOWN, Reason.PARSE),
            ({"error": ""}, UNKNOWN, Reason.PARSE),
            ({"code": CODE, "error": "login_required"}, UNKNOWN, Reason.PARSE),
            ({"code": CODE, "error": ""}, UNKNOWN, Reason.PARSE),
            ({}, UNKNOWN, Reason.PARSE),
            ({"code": CODE, "iss": "https://other.example"}, UNKNOWN, Reason.PARSE),
            ({"code": CODE, "iss": f"{ISSUER}/"}, UNKNOWN, Reason.PARSE),
            ({"code": CODE, "iss": ""}, UNKNOWN, Reason.PARSE),
            ({"error": "login_required", "iss": "https://other.example"}, UNKNOWN, Reason.PARSE),
        ],
    )
    def test_each_return_has_its_meaning(self, params: Mapping[str, str], state: SessionState, reason: Reason) -> None:
        assert self.told({"state": self.trip.id, **params}) == (state, reason)

    @hypothesis_settings(max_examples=500)
    @given(
        st.dictionaries(
            st.one_of(st.sampled_from(["code", "error", "iss", "state"]), ANYTHING),
            st.one_of(st.sampled_from([CODE, ISSUER, "consent_required", "login_required"]), ANYTHING),
        )
    )
    def test_no_return_is_a_session_but_the_two_that_say_so(self, params: dict[str, str]) -> None:
        state, _ = self.told(params)

        issued = params.get("iss", ISSUER) == ISSUER
        coded = "error" not in params and params.get("code", "") != ""
        consented = "code" not in params and params.get("error") == "consent_required"
        assert state is not ACTIVE or (issued and (coded or consented))
        assert state is not INACTIVE or (issued and "code" not in params and params["error"] == "login_required")


def read(params: Mapping[str, str], **settings: object) -> tuple[SessionState, Reason]:
    finding = probe(**settings).arrival(TestOidcPassive.trip, params, NOW)  # type: ignore[arg-type]
    return finding.state, finding.reason


def test_a_source_may_mean_something_else_by_an_error() -> None:
    answers = {"consent_required": UNKNOWN, "interaction_required": INACTIVE}

    assert read({"error": "consent_required"}, answers=answers) == (UNKNOWN, Reason.ANSWER)
    assert read({"error": "interaction_required"}, answers=answers) == (INACTIVE, Reason.ANSWER)
    assert read({"error": "login_required"}, answers=answers) == (INACTIVE, Reason.ANSWER)
    assert read({"error": "account_selection_required"}, answers=answers) == (ACTIVE, Reason.ANSWER)


def test_the_issuer_may_be_required() -> None:
    assert read({"code": CODE}, iss_required=True) == (UNKNOWN, Reason.PARSE)
    assert read({"error": "login_required"}, iss_required=True) == (UNKNOWN, Reason.PARSE)
    assert read({"code": CODE, "iss": ISSUER}, iss_required=True) == (ACTIVE, Reason.ANSWER)


def test_yaml_settings_become_a_probe() -> None:
    settings = {
        "id": "op",
        "source": "educonnect",
        "url": URL,
        "issuer": ISSUER,
        "client_id": "aiguilleur",
        "scope": "openid profile",
        "answers": {"consent_required": "unknown"},
        "iss_required": True,
        "canary": {"off": "the provider answers in our network alone"},
    }

    made = TypeAdapter(OidcPassive).validate_python(settings)
    assert made == probe(
        scope="openid profile",
        answers={"consent_required": UNKNOWN},
        iss_required=True,
        canary=CanaryOff("the provider answers in our network alone"),
    )
    assert made.arrival(TestOidcPassive.trip, {"error": "consent_required", "iss": ISSUER}, NOW) == Finding(
        "educonnect", UNKNOWN, Channel.FRONT, "op", Reason.ANSWER
    )


@pytest.mark.parametrize("answers", [{"server_error": "inactive"}, {"login_required": "maybe"}, {"code": "active"}])
def test_only_the_registered_passive_errors_can_be_given_a_meaning(answers: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="Input should be"):
        TypeAdapter(OidcPassive).validate_python(
            {"id": "op", "source": "s", "url": URL, "issuer": ISSUER, "client_id": "x", "answers": answers}
        )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"url": "https:///auth"}, "url: is not an http"),
        ({"url": f"{URL}?prompt=login"}, "url: says 'prompt' already"),
        ({"url": f"{URL}?response_mode=form_post"}, "url: says 'response_mode' already"),
        ({"url": f"{URL}?request_uri=urn:x"}, "url: says 'request_uri' already"),
        ({"issuer": ""}, "issuer: is empty"),
        ({"client_id": " "}, "client_id: is empty"),
        ({"scope": "profile"}, "scope: 'profile' lacks openid"),
        ({"scope": ""}, "scope: '' lacks openid"),
        ({"connect": "x:y"}, "connect: 'x:y' is not host or host:port"),
        ({"proxy": "https://p:3128"}, "proxy: is not an http://host:port address"),
        ({"ca_file": "no/such/file.pem"}, "ca_file: 'no/such/file.pem' holds no certificates in PEM"),
    ],
)
def test_a_probe_that_could_never_work_is_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        probe(**({"url": URL} | settings))  # type: ignore[arg-type]
