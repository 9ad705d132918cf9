"""The way out: closing another person's session, and making the browser forget."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from aiguilleur.settings.model import Settings
from aiguilleur.web import create_app
from tests.web.conftest import KEY, MARCH

CHOICE, RECENT, SPOKEN = "__Host-aiguilleur-choix", "__Host-aiguilleur-recent", "__Host-aiguilleur-langue"
FORM = {"vers": "ent", "etab": "clg-rochat-rousses", "source": "educonnect", "souvenir": "1"}
BESANCON, DIJON, NATIONAL = (
    "https://teleservices.ac-besancon.fr/login/ct_logout.jsp",
    "https://teleservices.ac-dijon.fr/login/ct_logout.jsp",
    "https://educonnect.education.gouv.fr/Logout",
)


def logouts(page: str) -> list[str]:
    return re.findall(r'<a class="button" href="(https:[^"]+)"', page)


@pytest.mark.parametrize(
    ("query", "closable"),
    [
        ("", [BESANCON, DIJON, NATIONAL]),
        ("?vers=ent&etab=clg-rochat-rousses", [BESANCON, NATIONAL]),
        ("?vers=ent&etab=lyc-lamartine-macon", [DIJON, NATIONAL]),
        ("?vers=nope&etab=nope", [BESANCON, DIJON, NATIONAL]),
    ],
)
def test_each_source_of_the_academie_says_where_it_closes_a_session(
    client: FlaskClient, query: str, closable: list[str]
) -> None:
    response = client.get(f"/quitter{query}")

    assert (response.status_code, logouts(response.text)) == (200, closable)
    assert response.headers["Referrer-Policy"] == "same-origin"


def test_it_leads_back_to_the_mire_that_it_was_left_from(client: FlaskClient) -> None:
    page = client.get("/quitter?vers=teleservices&etab=clg-rochat-rousses&de=affiche").text

    assert 'href="/mire/clg-rochat-rousses?vers=teleservices&amp;de=affiche">Choisir mon compte' in page


def test_without_a_known_logout_the_browser_is_to_be_closed(settings: Settings) -> None:
    silent = {name: replace(source, logout=None) for name, source in settings.sources.items()}
    page = create_app(replace(settings, sources=silent), (KEY,), now=lambda: MARCH).test_client().get("/quitter").text

    assert "Fermez toutes les fenêtres du navigateur" in page


def test_it_offers_to_forget_only_where_something_is_kept(client: FlaskClient) -> None:
    before = client.get("/quitter").text
    client.post("/choix", data=FORM)

    assert ("Tout oublier" in before, "Tout oublier" in client.get("/quitter").text) == (False, True)


def carrying(client: FlaskClient) -> set[str]:
    return {name for name in (CHOICE, RECENT, SPOKEN, TRIP) if client.get_cookie(name)}


TRIP = "__Host-aiguilleur-trajet-abcdefgh"


@pytest.fixture
def known(client: FlaskClient) -> FlaskClient:
    """A browser that keeps one of each."""
    client.get("/oublier?langue=pt")
    client.post("/choix", data=FORM)
    client.set_cookie(TRIP, "x", secure=True, path="/")
    return client


def test_all_that_is_kept_is_shown(known: FlaskClient) -> None:
    page = known.get("/oublier").text

    assert carrying(known) == {CHOICE, RECENT, SPOKEN, TRIP}
    for said in ("EduConnect", "Collège Rochat", '<span lang="pt" dir="ltr">Português</span>', 'value="choix"'):
        assert said in page


def test_all_is_forgotten(known: FlaskClient) -> None:
    known.set_cookie("CTSESSION", "x", secure=True)
    response = known.post("/oublier")

    assert response.headers["Location"] == "https://aiguilleur.ac-besancon.fr/oublier?fait=1"
    assert carrying(known) == set()
    assert known.get_cookie("CTSESSION") is not None
    assert "Rien n’est retenu sur cet appareil." in known.get("/oublier?fait=1").text


def test_the_choice_alone_is_forgotten(known: FlaskClient) -> None:
    known.post("/oublier", data={"quoi": "choix"})

    assert carrying(known) == {RECENT, SPOKEN, TRIP}
    page = known.get("/oublier?fait=1&langue=fr").text
    assert "C’est oublié. Voici ce qui reste" in page
    assert 'value="choix"' not in page


def test_another_site_makes_nobody_forget(known: FlaskClient) -> None:
    response = known.post("/oublier", headers={"Sec-Fetch-Site": "cross-site"})

    assert (response.status_code, carrying(known)) == (403, {CHOICE, RECENT, SPOKEN, TRIP})
