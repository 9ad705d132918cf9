"""The landing page of docs/passive-probes.md in a real Apache, asked without a browser, and by those who mean ill."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest

from aiguilleur.sandbox.sso import educonnect_provider
from tests.servers.shibboleth import (
    ANSWERED,
    ELSEWHERE,
    FAILED,
    HOST,
    LANDING,
    LOGIN,
    ServiceProvider,
    documented,
    service_provider,
)

pytestmark = [pytest.mark.shibboleth, pytest.mark.enable_socket]
AIGUILLEUR = "http://aiguilleur.academie.localhost:8000"
RETURN = f"{AIGUILLEUR}/retour/educonnect"
TRIP = "0123456789abcdef" * 2
IDP = educonnect_provider(8000, {})
NO_PASSIVE = "urn:oasis:names:tc:SAML:2.0:status:NoPassive"


@pytest.fixture(scope="module")
def provider() -> Iterator[ServiceProvider]:
    with service_provider(IDP.metadata(), IDP.entity_id, AIGUILLEUR) as running:
        yield running


def seen(provider: ServiceProvider, path: str, body: str | None = None) -> tuple[int, str]:
    """The status and the Location of an answer."""
    connection = HTTPConnection("127.0.0.1", provider.process.port, timeout=60)
    headers = {"Host": urlsplit(provider.origin).netloc, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST" if body else "GET", path, body, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.getheader("Location") or ""


def failure(landing: str, **told: str) -> str:
    """The address of the error page, as the service provider makes it after a login that was to end at `landing`."""
    query = {"now": "Mon Mar 15 09:42:00 2021", "errorText": "SAML response reported an IdP error."}
    return f"{FAILED}?{urlencode(query | {'RelayState': landing} | told, quote_via=quote, safe='')}"


def test_the_landing_page_without_a_session_says_that_nothing_is_known(provider: ServiceProvider) -> None:
    assert seen(provider, f"{LANDING}?parcours={TRIP}") == (303, f"{RETURN}?parcours={TRIP}&session=error")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "parcours=",
        f"parcours={TRIP.upper()}",
        f"parcours={TRIP}0",
        f"parcours={TRIP}%0d%0aSet-Cookie:%20a=b",
        f"parcours={TRIP}%0a",
        f"parcours={TRIP}&session=yes",
        f"session=yes&parcours={TRIP}",
        f"parcours={TRIP}&parcours={TRIP}",
        "parcours=https://evil.example/",
        "parcours=//evil.example",
        "target=https://evil.example/",
    ],
)
def test_the_landing_page_passes_nothing_on_but_a_trips_id(provider: ServiceProvider, query: str) -> None:
    assert seen(provider, f"{LANDING}?{query}") == (404, "")


@pytest.mark.parametrize(
    ("landing", "told", "session"),
    [
        (f"{LANDING}?parcours={TRIP}", {"statusCode2": NO_PASSIVE}, "no"),
        (f"{LANDING}?parcours={TRIP}", {"statusCode2": NO_PASSIVE, "statusMessage": "Passive & so on"}, "no"),
        (f"{LANDING}?parcours={TRIP}", {"statusCode2": f"{NO_PASSIVE}X"}, "error"),
        (f"{LANDING}?parcours={TRIP}", {"statusCode": NO_PASSIVE}, "error"),
        (f"{LANDING}?parcours={TRIP}", {"statusMessage": f"&statusCode2={NO_PASSIVE}"}, "error"),
        (f"{LANDING}?parcours={TRIP}", {}, "error"),
    ],
)
def test_only_no_passive_is_a_no(provider: ServiceProvider, landing: str, told: dict[str, str], session: str) -> None:
    assert seen(provider, failure(provider.origin + landing, **told)) == (
        303,
        f"{RETURN}?parcours={TRIP}&session={session}",
    )


@pytest.mark.parametrize(
    "landing",
    [
        "/",
        f"{LANDING}?parcours=",
        f"{LANDING}?parcours={TRIP}0",
        f"{LANDING}?parcours={TRIP}\r\nX: y",
        f"?parcours={TRIP}",
    ],
)
def test_a_login_that_fails_elsewhere_is_no_matter_of_ours(provider: ServiceProvider, landing: str) -> None:
    status, location = seen(provider, failure(f"{provider.origin}{landing}", statusCode2=NO_PASSIVE))

    assert (status, location.partition("?")[0]) == (303, provider.origin + ELSEWHERE)


def test_an_answer_that_is_none_is_sent_to_the_page_for_failures(provider: ServiceProvider) -> None:
    status, location = seen(provider, ANSWERED, urlencode({"SAMLResponse": "PHg+"}))

    assert (status, location.partition("?")[0]) == (302, provider.origin + FAILED)


def test_the_service_provider_sends_browsers_back_to_its_own_host_alone(provider: ServiceProvider) -> None:
    asked = {"isPassive": "true", "target": "https://evil.example/"}

    assert seen(provider, f"{LOGIN}?{urlencode(asked)}") == (500, "")


def test_a_documented_try_asks_the_landing_page_and_the_identity_provider(provider: ServiceProvider) -> None:
    places = {"https://sp.ac-exemple.fr": provider.origin, "https://idp.ac-exemple.fr/idp/shibboleth": IDP.entity_id}
    landing, login = (seen(provider, path) for path in tries(documented("sh", places)))

    assert landing == (303, f"{RETURN}?parcours={'0' * 32}&session=error")
    assert login[0] == 302
    assert login[1].startswith(f"{IDP.sso_url}?SAMLRequest=")


def tries(commands: str) -> list[str]:
    """What each `curl -G` of the documentation asks for."""
    found = []
    for command in commands.replace("\\\n", " ").splitlines():
        words = shlex.split(command)
        [address] = [word for word in words if re.match(rf"http://{HOST}:\d+/", word)]
        given = [words[at + 1] for at, word in enumerate(words) if word in ("-d", "--data-urlencode")]
        query = urlencode([pair for each in given for pair in parse_qsl(each)])
        found.append(f"{urlsplit(address).path}?{query}")
    return found
