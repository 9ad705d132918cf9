"""The school finder: what a parent types leads to a school, and never into the page."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib import import_module

import pytest
from flask.testing import FlaskClient

from aiguilleur.core.model import School
from aiguilleur.schools import directory_of
from aiguilleur.settings.model import Settings
from aiguilleur.web import create_app
from tests.web.conftest import KEY, MARCH

PUBLIC = "https://aiguilleur.ac-besancon.fr"
PAGES = {
    "asked": "/mire?vers=ent",
    "found": "/mire?vers=ent&cherche=colege+pasteur",
    "none": "/mire?vers=ent&cherche=zzzz",
    "near": "/mire/clg-rochat-rouses?vers=ent",
    "unknown": "/vers/ent/zzzz",
}


def offered(page: str) -> list[str]:
    return re.findall(r'<a class="button" href="(/mire/[^"]+)"', page)


@pytest.fixture
def region(settings: Settings) -> FlaskClient:
    """A client of a region whose schools are too many to be listed."""
    schools = tuple(School(f"clg-{at}", "", f"Collège {at}", "collège", f"Ville{at:03}") for at in range(100))
    bigger = replace(settings, directory=directory_of((*schools, *settings.directory.schools.values())))
    return create_app(bigger, (KEY,), now=lambda: MARCH).test_client()


def test_typing_faults_lead_to_the_school(client: FlaskClient) -> None:
    page = client.get("/mire?vers=ent&cherche=colege+rohcat").text

    assert "<h1>Choisissez votre établissement</h1>" in page
    assert offered(page)[0] == "/mire/clg-rochat-rousses?vers=ent"


def test_the_place_of_the_link_is_kept_on_the_way_to_the_mire(client: FlaskClient) -> None:
    page = client.get("/mire?vers=ent&cherche=arbois&de=poste-partage").text

    assert offered(page) == ["/mire/clg-pasteur-arbois?vers=ent&amp;de=poste-partage"]
    assert '<input type="hidden" name="de" value="poste-partage">' in page
    assert client.get("/mire?vers=ent&cherche=clg-pasteur-arbois&de=poste-partage").location == (
        f"{PUBLIC}/mire/clg-pasteur-arbois?vers=ent&de=poste-partage"
    )
    assert 'value="poste-partage"' in client.get("/vers/ent?de=poste-partage").text


@pytest.mark.parametrize(
    "typed", ["clg-rochat-rousses", " CLG-Rochat-Rousses ", "https://clg-rochat-rousses.eclat-bfc.fr/sg.do?x=1"]
)
def test_what_names_one_school_goes_straight_to_its_mire(client: FlaskClient, typed: str) -> None:
    response = client.get("/mire", query_string={"vers": "ent", "cherche": typed})

    assert (response.status_code, response.location) == (303, f"{PUBLIC}/mire/clg-rochat-rousses?vers=ent")


def test_when_nothing_is_found_there_is_a_way_on(client: FlaskClient) -> None:
    page = client.get(PAGES["none"]).text

    assert "<h1>Nous n’avons pas trouvé cet établissement</h1>" in page
    assert "passer par le site de votre établissement" in page
    assert 'name="cherche"' in page
    assert 'href="/mire/clg-rochat-rousses?vers=ent"' in page


def test_an_address_with_a_fault_is_answered_by_the_schools_it_resembles(client: FlaskClient) -> None:
    for path in ("/mire/clg-rochat-rouses?vers=ent", "/vers/ent/clg-rochat-rouses"):
        response = client.get(path)

        assert response.status_code == 404
        assert offered(response.text)[0] == "/mire/clg-rochat-rousses?vers=ent"


def test_a_region_is_searched_and_not_listed(region: FlaskClient) -> None:
    asked, many = region.get("/mire?vers=ent").text, region.get("/mire?vers=ent&cherche=college").text

    assert "clg-99" not in asked
    assert len(offered(many)) == 12
    assert "D’autres établissements ont un nom semblable." in many
    assert "D’autres établissements" not in region.get("/mire?vers=ent&cherche=rochat").text


@pytest.mark.parametrize(
    "typed",
    ["<script>alert(1)</script> rochat", '"><b>rochat', "{{ 7*7 }} rochat", "Appelez 0899 rochat", "%0d%0ax"],
)
def test_what_was_typed_stands_nowhere_on_the_page(bare: FlaskClient, typed: str) -> None:
    page = bare.get("/mire", query_string={"vers": "ent", "cherche": typed}).text
    shown = re.sub(r' href="/mire\?[^"]*langue=[a-z]+"', "", page)

    for part in typed.replace("rochat", "").split():
        assert part not in shown
    assert re.search(r'<input id="cherche"[^>]*value', page) is None


@pytest.mark.parametrize("name", PAGES)
def test_every_state_is_valid_html(client: FlaskClient, name: str) -> None:
    import_module("html5lib").HTMLParser(strict=True).parse(client.get(PAGES[name]).text)


def test_another_language_keeps_the_search(client: FlaskClient) -> None:
    page = client.get("/mire?vers=ent&cherche=pasteur").text

    assert 'href="/mire?vers=ent&amp;cherche=pasteur&amp;langue=en"' in page
