"""Questions of a service provider that only a trip of the browser can settle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from aiguilleur.core.journey import MOST_CARRIED, Onward
from aiguilleur.journey import JourneySeal, cookie_name
from aiguilleur.settings.model import Settings
from aiguilleur.web import create_app
from tests.passive import trip_of
from tests.web.asker import BACK, IDP_EDU, SP, disco, fields, with_provider
from tests.web.conftest import KEY, MARCH
from tests.web.test_retour import EDU, PUBLIC, Clock, asking, comes_back
from tests.web.test_route import entries


@pytest.fixture
def asked(settings: Settings) -> Settings:
    return with_provider(settings)


@pytest.fixture
def travelling(asked: Settings) -> FlaskClient:
    """A browser at an aiguilleur that asks EduConnect through it."""
    return create_app(asking(asked, EDU), (KEY,), now=Clock()).test_client()


def test_a_trip_ends_at_the_service_provider(travelling: FlaskClient, journal: Path) -> None:
    left = disco(travelling)
    assert left.location.startswith(f"{EDU.url}?")

    back = comes_back(travelling, left.location, "yes")
    assert back.location.startswith(f"{BACK}&entityID=")
    assert parse_qs(urlsplit(back.location).query)["entityID"] == [IDP_EDU]
    decided = entries(journal)[-1]
    assert (decided["rule"], decided["host"], decided["legs"]) == ("educonnect-active", "sp.ac-exemple.fr", 1)


def test_a_trip_without_a_session_ends_on_a_mire_that_leads_to_the_service_provider(travelling: FlaskClient) -> None:
    back = comes_back(travelling, disco(travelling, etab="clg-rochat-rousses").location, "no")
    assert back.location.startswith(f"{PUBLIC}/mire/clg-rochat-rousses?vers=ent&trajet=")

    page = travelling.get(back.location.removeprefix(PUBLIC)).text
    assert fields(page)["return"] == BACK
    assert "Ce n’est pas mon établissement" not in page
    chosen = travelling.post("/choix", data={**fields(page), "source": "educonnect"})
    assert chosen.location.startswith(f"{BACK}&entityID=")


def test_a_trip_without_a_school_ends_on_that_mire_too(travelling: FlaskClient) -> None:
    back = comes_back(travelling, disco(travelling).location, "no")

    assert fields(travelling.get(back.location.removeprefix(PUBLIC)).text)["return"] == BACK


def test_a_passive_question_makes_no_trip(travelling: FlaskClient) -> None:
    assert disco(travelling, isPassive="true").location == BACK


def test_an_address_too_long_for_a_cookie_makes_no_trip(travelling: FlaskClient) -> None:
    room = MOST_CARRIED - len(SP) - len("entityID")
    fits = BACK + "a" * (room - len(BACK))

    assert disco(travelling, **{"return": fits}).location.startswith(f"{EDU.url}?")
    assert disco(travelling, **{"return": f"{fits}a"}).status_code == 200


def test_a_service_provider_that_was_taken_out_meanwhile_is_not_returned_to(asked: Settings) -> None:
    before = create_app(asking(asked, EDU), (KEY,), now=Clock()).test_client()
    left = disco(before)
    trip, _ = trip_of(left.location)
    cookie = before.get_cookie(cookie_name(trip))
    assert cookie
    after = create_app(asking(replace(asked, service_providers={}), EDU), (KEY,), now=Clock()).test_client()
    after.set_cookie(cookie_name(trip), cookie.value)

    back = comes_back(after, left.location, "yes")
    assert (back.status_code, back.location) == (303, f"{PUBLIC}/mire")


def test_a_trip_for_a_shibboleth_service_provider_fits_into_a_kilobyte(travelling: FlaskClient) -> None:
    trip, _ = trip_of(disco(travelling, etab="clg-rochat-rousses", de="eclat").location)
    cookie = travelling.get_cookie(cookie_name(trip))
    assert cookie
    [journey] = JourneySeal((KEY,)).held({cookie_name(trip): cookie.value}, int(MARCH.timestamp() * 1000))

    assert journey.onward == Onward(SP, BACK, "entityID")
    assert len(cookie_name(trip) + cookie.value) <= 1024
