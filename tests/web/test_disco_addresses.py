"""The addresses that `/disco` sends browsers to are those of the metadata, whatever it is asked."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from aiguilleur.core.journey import Onward
from aiguilleur.settings.model import Settings
from aiguilleur.web import create_app
from aiguilleur.web.redirects import ForeignAddressError, to_service_provider
from tests.web.asker import LOGIN, MOBILE, PROVIDER, SP, disco, fields, remember, with_provider
from tests.web.conftest import KEY, MARCH

NOT_EXACT = "https://sp.ac-exemple.fr.evil.example/Shibboleth.sso/Login"


@pytest.fixture
def app(settings: Settings) -> Flask:
    return create_app(with_provider(settings), (KEY,), now=lambda: MARCH)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


#: Addresses that are not of the metadata, many of which some parser takes for one that is.
ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:\\\\evil.example\\",
    "javascript:alert(1)",
    "javascript://sp.ac-exemple.fr/Shibboleth.sso/Login%0aalert(1)",
    "data:text/html,x",
    "/Shibboleth.sso/Login",
    "Shibboleth.sso/Login",
    "?",
    "http://sp.ac-exemple.fr/Shibboleth.sso/Login",
    "HTTPS://sp.ac-exemple.fr/Shibboleth.sso/Login",
    "https://SP.ac-exemple.fr/Shibboleth.sso/Login",
    "https://sp.ac-exemple.fr:443/Shibboleth.sso/Login",
    "https://sp.ac-exemple.fr:8443/Shibboleth.sso/Login",
    "https://sp.ac-exemple.fr:/Shibboleth.sso/Login",
    "https://sp.ac-exemple.fr./Shibboleth.sso/Login",
    "https://evil.sp.ac-exemple.fr/Shibboleth.sso/Login",
    "https://evilsp.ac-exemple.fr/Shibboleth.sso/Login",
    NOT_EXACT,
    "https://sp.ac-exemple.fr@evil.example/Shibboleth.sso/Login",
    "https://evil@sp.ac-exemple.fr/Shibboleth.sso/Login",
    "https://:@sp.ac-exemple.fr/Shibboleth.sso/Login",
    "https://sp.ac-exemple.fr\\@evil.example/Shibboleth.sso/Login",
    "https://evil.example\\@sp.ac-exemple.fr/Shibboleth.sso/Login",
    "https://evil.example#@sp.ac-exemple.fr/Shibboleth.sso/Login",
    "https://evil.example?@sp.ac-exemple.fr/Shibboleth.sso/Login",
    "https://evil.example/https://sp.ac-exemple.fr/Shibboleth.sso/Login",
    "https://evil.example%2f@sp.ac-exemple.fr/Shibboleth.sso/Login",
    "https://evil.example%00sp.ac-exemple.fr/Shibboleth.sso/Login",
    "https://sp.ac-exemple.fr%2eevil.example/Shibboleth.sso/Login",
    "https://sp.ac-exemple.fr。evil.example/Shibboleth.sso/Login",
    "https://sp.ac-exemple\u3002fr/Shibboleth.sso/Login",
    "https://ⓢp.ac-exemple.fr/Shibboleth.sso/Login",
    "https://sp.ac-exemple.fr\uff0fShibboleth.sso/Login",
    "https://sp.ac-exemple.fr\u2100/Shibboleth.sso/Login",
    "https://[sp.ac-exemple.fr]/Shibboleth.sso/Login",
    "\thttps://sp.ac-exemple.fr/Shibboleth.sso/Login",
    " https://sp.ac-exemple.fr/Shibboleth.sso/Login",
    "ht\ttps://sp.ac-exemple.fr/Shibboleth.sso/Login",
    "https://\tsp.ac-exemple.fr/Shibboleth.sso/Login",
    f"{LOGIN}\n",
    f"{LOGIN}\t",
    f"{LOGIN} ",
    f"{LOGIN}\x00",
    f"{LOGIN}/",
    f"{LOGIN}/../../evil",
    f"{LOGIN}/..;/evil",
    f"{LOGIN};x",
    f"{LOGIN}.evil.example",
    f"{LOGIN}@evil.example",
    f"{LOGIN}%3Fx=1",
    f"{LOGIN}%23",
    f"{LOGIN}#x",
    f"{LOGIN}#?x=1",
    "https://sp.ac-exemple.fr/shibboleth.sso/login",
    "https://sp.ac-exemple.fr/%53hibboleth.sso/Login",
    "https://sp.ac-exemple.fr//Shibboleth.sso/Login",
    "https://sp.ac-exemple.fr/./Shibboleth.sso/Login",
    "https://sp.ac-exemple.fr\\Shibboleth.sso\\Login",
    f"{LOGIN}?x=\r\nLocation: https://evil.example",
    f"{LOGIN}?x=\u2028",
    f"{LOGIN}?x=é",
    f"{LOGIN}?x=a b",
    f"{LOGIN}?x=<script>",
    f'{LOGIN}?x="',
    f"{LOGIN}?x=\\",
    f"{LOGIN}?x=%",
    f"{LOGIN}?x=%0",
    f"{LOGIN}?x=%zz",
    f"{LOGIN}?x=1#https://evil.example",
    f"{LOGIN}?x={{etab}}",
    "http://mobile.ent.localhost:8080/ds",
    "http://mobile.ent.localhost:8080/ds?app=10",
    "http://mobile.ent.localhost:8081/ds?app=1",
]


@pytest.mark.parametrize("address", ELSEWHERE)
def test_a_return_that_is_not_of_the_metadata_is_never_followed(client: FlaskClient, address: str) -> None:
    remember(client, "educonnect")
    form = {"vers": "ent", "entityID": SP, "return": address, "returnIDParam": "entityID", "source": "educonnect"}
    for response in (
        disco(client, **{"return": address}),
        disco(client, **{"return": address, "isPassive": "true"}),
        client.post("/choix", data=form),
    ):
        assert (response.status_code, response.headers.get("Location")) == (400, None)


@given(
    st.lists(
        st.sampled_from(
            [LOGIN, MOBILE, "https://", "//", "evil.example", "@", "\\", "#", "?", "&", ".", ":", "%2f", "a=1", "\t"]
        )
        | st.characters(),
        max_size=6,
    )
)
def test_what_is_taken_is_an_address_of_the_metadata_and_a_query(parts: list[str]) -> None:
    address = "".join(parts)

    if not PROVIDER.fault(address, "entityID"):
        own, mark, query = address.partition("?")
        assert own in (LOGIN, "http://mobile.ent.localhost:8080/ds")
        assert own == LOGIN or query.partition("&")[0] == "app=1"
        assert not {*query} & {"#", "\\", "\t", " "}
        assert urlsplit(address).hostname in ("sp.ac-exemple.fr", "mobile.ent.localhost")
        assert mark in ("?", "")


def test_a_link_with_an_address_of_nobody_is_a_bug_and_no_redirect(app: Flask) -> None:
    with app.test_request_context():
        for onward, source in (
            (Onward(SP, NOT_EXACT, "entityID"), "educonnect"),
            (Onward("https://evil.example/sp", LOGIN, "entityID"), None),
            (Onward(SP, LOGIN, "aten-dijon"), "aten-dijon"),
        ):
            with pytest.raises(ForeignAddressError):
                to_service_provider(onward, source)


@pytest.mark.parametrize(
    "changed",
    [{"vers": "teleservices"}, {"entityID": "https://evil.example/sp"}, {"source": "nope"}, {"returnIDParam": "a b"}],
)
def test_a_form_that_was_changed_chooses_nothing(client: FlaskClient, changed: dict[str, str]) -> None:
    form = {**fields(disco(client).text), "source": "educonnect", **changed}
    response = client.post("/choix", data=form)

    assert (response.status_code, response.headers.get("Location")) == (400, None)


def test_a_form_of_another_site_chooses_nothing(client: FlaskClient) -> None:
    form = {**fields(disco(client).text), "source": "educonnect"}
    response = client.post("/choix", data=form, headers={"Sec-Fetch-Site": "cross-site"})

    assert (response.status_code, response.headers.get("Location")) == (403, None)
