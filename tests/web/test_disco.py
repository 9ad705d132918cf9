"""The discovery service: what it is asked, who is answered, and with what."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask.testing import FlaskClient

from aiguilleur.settings.model import Settings
from aiguilleur.web import create_app
from aiguilleur.web.disco import SINGLE
from tests.web.asker import BACK, IDP_ATEN, IDP_EDU, LOGIN, MOBILE, SP, buttons, disco, fields, remember, with_provider
from tests.web.conftest import KEY, MARCH
from tests.web.test_route import entries


@pytest.fixture
def asked(settings: Settings) -> Settings:
    return with_provider(settings)


@pytest.fixture
def client(asked: Settings) -> FlaskClient:
    return create_app(asked, (KEY,), now=lambda: MARCH).test_client()


def test_it_is_not_there_when_nobody_may_ask(settings: Settings) -> None:
    response = disco(create_app(settings, (KEY,), now=lambda: MARCH).test_client())

    assert response.status_code == 404
    assert "Cette page n’existe pas" in response.text


def test_when_nothing_is_known_the_mire_lets_the_visitor_choose(client: FlaskClient, journal: Path) -> None:
    response = disco(client)

    assert response.status_code == 200
    assert "Espace numérique de travail (Éclat-BFC)" in response.text
    assert buttons(response.text) == ["educonnect", "aten-besancon"]
    asked = {"vers": "ent", "entityID": SP, "return": BACK, "returnIDParam": "entityID"}
    assert fields(response.text) == asked | {"suite": fields(response.text)["suite"]}
    [entry] = entries(journal)
    assert (entry["event"], entry["outcome"], entry["target"], entry["code"]) == (
        "decided",
        "discover",
        "ent",
        response.headers["Aiguilleur-Code"],
    )


def test_the_choice_goes_back_to_the_service_provider(client: FlaskClient, journal: Path) -> None:
    form = fields(disco(client).text)
    response = client.post("/choix", data={**form, "source": "aten-besancon"})

    assert response.status_code == 303
    assert response.location == f"{BACK}&entityID=https%3A%2F%2Fidp.academie.example%2Faten"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    entry = entries(journal)[-1]
    assert (entry["event"], entry["source"], entry["host"], entry["target"]) == (
        "choice",
        "aten-besancon",
        "sp.ac-exemple.fr",
        "ent",
    )
    assert "Shibboleth.sso" not in journal.read_text(encoding="ascii")


def test_a_choice_that_is_remembered_answers_without_a_page(client: FlaskClient, journal: Path) -> None:
    remember(client, "educonnect")
    response = disco(client)

    assert response.status_code == 303
    assert parse_qs(urlsplit(response.location).query)["entityID"] == [IDP_EDU]
    entry = entries(journal)[-1]
    assert (entry["event"], entry["rule"], entry["source"], entry["host"]) == (
        "decided",
        "educonnect-remembered",
        "educonnect",
        "sp.ac-exemple.fr",
    )


def test_a_choice_made_here_can_be_remembered(client: FlaskClient) -> None:
    client.post("/choix", data={**fields(disco(client).text), "source": "educonnect", "souvenir": "1"})
    client.delete_cookie("__Host-aiguilleur-recent")

    assert disco(client).status_code == 303


def test_a_source_without_an_identity_provider_is_not_offered_and_not_taken(
    settings: Settings,
) -> None:
    only = with_provider(settings, aten_besancon=IDP_ATEN)
    client = create_app(only, (KEY,), now=lambda: MARCH).test_client()
    assert disco(client).location == f"{BACK}&entityID=https%3A%2F%2Fidp.academie.example%2Faten"

    form = {"vers": "ent", "entityID": SP, "return": BACK, "returnIDParam": "entityID", "source": "educonnect"}
    refused = client.post("/choix", data=form)
    assert refused.status_code == 200
    assert "Ce compte n’est pas ouvert ici" in refused.text
    assert (buttons(refused.text), fields(refused.text)["return"]) == (["aten-besancon"], BACK)


def test_a_school_may_be_named_by_the_address_that_asks(client: FlaskClient) -> None:
    page = disco(client, etab="lyc-lpergaud-besancon", de="eclat").text

    assert "Lycée Louis Pergaud" in page
    assert fields(page)["etab"] == "lyc-lpergaud-besancon"
    assert fields(page)["de"] == "eclat"


def test_an_explicit_source_or_page_is_no_part_of_the_protocol(client: FlaskClient) -> None:
    assert disco(client, source="educonnect", page="notes").status_code == 200


# The parameters.


@pytest.mark.parametrize(
    ("changed", "location"),
    [
        ({"return": None}, f"{LOGIN}?entityID={{}}"),
        ({"return": LOGIN}, f"{LOGIN}?entityID={{}}"),
        ({"return": f"{LOGIN}?"}, f"{LOGIN}?entityID={{}}"),
        ({"return": MOBILE}, f"{MOBILE}&entityID={{}}"),
        ({"returnIDParam": "idp"}, f"{BACK}&idp={{}}"),
        ({"returnIDParam": "idp", "return": f"{LOGIN}?entityID=1"}, f"{LOGIN}?entityID=1&idp={{}}"),
        ({"policy": SINGLE}, f"{BACK}&entityID={{}}"),
        ({"isPassive": "false"}, f"{BACK}&entityID={{}}"),
        ({"isPassive": "0"}, f"{BACK}&entityID={{}}"),
        ({"unknown": "https://evil.example"}, f"{BACK}&entityID={{}}"),
    ],
)
def test_the_answer_goes_where_the_question_says(
    client: FlaskClient, changed: dict[str, str | None], location: str
) -> None:
    remember(client, "educonnect")
    response = disco(client, **changed)

    assert response.status_code == 303
    assert response.location == location.format("https%3A%2F%2Fidp.education.example%2Fedu%3Fa%3D1%26b%3D%25C3%25A9")


WRONG = [
    ({"entityID": None}, "entityID is no service provider of the configuration"),
    ({"entityID": ""}, "entityID is no service provider of the configuration"),
    ({"entityID": "https://evil.example/sp"}, "entityID is no service provider of the configuration"),
    ({"entityID": f"{SP}/"}, "entityID is no service provider of the configuration"),
    ({"policy": ""}, "policy is not the one that there is"),
    ({"policy": f"{SINGLE}s"}, "policy is not the one that there is"),
    ({"isPassive": ""}, "isPassive is neither true nor false"),
    ({"isPassive": "yes"}, "isPassive is neither true nor false"),
    ({"returnIDParam": ""}, "returnIDParam is no plain name"),
    ({"returnIDParam": "a=b"}, "returnIDParam is no plain name"),
    ({"returnIDParam": "a&target"}, "returnIDParam is no plain name"),
    ({"returnIDParam": "a\r\nb"}, "returnIDParam is no plain name"),
    ({"returnIDParam": "é"}, "returnIDParam is no plain name"),
    ({"returnIDParam": "entityID\n"}, "returnIDParam is no plain name"),
    ({"returnIDParam": "a" * 65}, "returnIDParam is no plain name"),
    ({"returnIDParam": "SAMLDS"}, "return has the parameter already that the answer goes in"),
    ({"return": f"{LOGIN}?entityID=x"}, "return has the parameter already that the answer goes in"),
    ({"return": f"{LOGIN}?a=1&ENTITYID"}, "return has the parameter already that the answer goes in"),
    ({"return": f"{LOGIN}?a=1;entityID=x"}, "return has the parameter already that the answer goes in"),
    ({"return": f"{LOGIN}?%65ntityID=x"}, "return has the parameter already that the answer goes in"),
    ({"return": ""}, "return is no address of its metadata"),
    ({"return": f"{LOGIN}?{'a' * 2048}"}, "return is no address of its metadata"),
]


@pytest.mark.parametrize("passive", [None, "true"])
@pytest.mark.parametrize(("changed", "why"), WRONG)
def test_a_wrong_question_gets_a_page_with_a_code_and_the_log_says_why(
    client: FlaskClient,
    caplog: pytest.LogCaptureFixture,
    changed: dict[str, str | None],
    why: str,
    passive: str | None,
) -> None:
    remember(client, "educonnect")
    with caplog.at_level(logging.WARNING, "aiguilleur.web"):
        response = disco(client, **{"isPassive": passive, **changed})

    assert (response.status_code, response.headers.get("Location")) == (400, None)
    assert "Le service n’a pas bien fait sa demande" in response.text
    code = response.headers["Aiguilleur-Code"]
    assert code in response.text
    assert caplog.messages == [f"disco {code}: {why}"]


@pytest.mark.parametrize("name", ["entityID", "return", "returnIDParam", "policy", "isPassive"])
def test_a_parameter_that_is_there_twice_is_wrong(client: FlaskClient, name: str) -> None:
    good = {"entityID": SP, "return": BACK, "returnIDParam": "entityID", "policy": SINGLE, "isPassive": "true"}
    response = client.get(f"/disco?{urlencode([*good.items(), (name, good[name])])}")

    assert response.status_code == 400


# isPassive: no page, whatever happens.


@pytest.mark.parametrize("passive", ["true", "1"])
def test_without_a_known_choice_a_passive_question_comes_back_without_one(
    client: FlaskClient, journal: Path, passive: str
) -> None:
    response = disco(client, isPassive=passive)

    assert (response.status_code, response.location) == (303, BACK)
    [entry] = entries(journal)
    assert (entry["event"], entry["outcome"], entry["status"], entry["host"]) == (
        "decided",
        "discover",
        303,
        "sp.ac-exemple.fr",
    )


def test_a_passive_question_with_a_known_choice_is_answered(client: FlaskClient) -> None:
    remember(client, "educonnect")

    assert parse_qs(urlsplit(disco(client, isPassive="true").location).query)["entityID"] == [IDP_EDU]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site"},
    ],
    ids=["in a frame", "as an image", "from another site without a click"],
)
def test_a_question_that_nobody_made_learns_nothing(client: FlaskClient, headers: dict[str, str]) -> None:
    remember(client, "educonnect")

    assert disco(client, headers, isPassive="true").location == BACK
    assert disco(client, headers).status_code == 200


def test_on_a_shared_computer_a_passive_question_learns_nothing(client: FlaskClient) -> None:
    remember(client, "educonnect")

    assert disco(client, isPassive="true", de="poste-partage").location == BACK


def test_when_no_source_is_open_a_passive_question_comes_back_without_one(asked: Settings) -> None:
    sources = {name: replace(source, academies=frozenset({"nulle"})) for name, source in asked.sources.items()}
    client = create_app(replace(asked, sources=sources), (KEY,), now=lambda: MARCH).test_client()

    assert disco(client, isPassive="true", etab="clg-rochat-rousses").location == BACK
    page = disco(client, etab="clg-rochat-rousses")
    assert "Aucun accès n’est ouvert aujourd’hui" in page.text
    assert "/mire?vers=ent" not in page.text


# Who may be answered with more than a page.


@pytest.mark.parametrize(
    ("referer", "status"),
    [
        ("https://sp.ac-exemple.fr/page", 303),
        ("http://mobile.ent.localhost:8080/", 303),
        ("https://clg-rochat-rousses.eclat-bfc.fr/", 303),
        ("https://evil.example/", 200),
        ("https://sp.ac-exemple.fr.evil.example/", 200),
        (None, 200),
    ],
)
def test_the_service_providers_own_host_may_send_browsers_here(
    client: FlaskClient, referer: str | None, status: int
) -> None:
    remember(client, "educonnect")
    headers = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site"}

    assert disco(client, headers | ({"Referer": referer} if referer else {})).status_code == status


def test_that_host_is_no_portal_of_any_other_link(client: FlaskClient) -> None:
    remember(client, "educonnect")
    headers = {"Sec-Fetch-Site": "cross-site", "Referer": "https://sp.ac-exemple.fr/page"}

    assert client.get("/vers/ent/clg-rochat-rousses", headers=headers).status_code == 200


def test_in_a_frame_there_is_a_way_out_of_it(client: FlaskClient) -> None:
    page = disco(client, {"Sec-Fetch-Dest": "iframe"}).text

    link = re.search(r'<a class="go" href="([^"]*)" target="_blank"', page)
    assert link
    assert urlsplit(unescape(link[1])).path == "/disco"
    assert parse_qs(urlsplit(unescape(link[1])).query) == {"entityID": [SP], "return": [BACK]}


def test_a_prefetch_and_a_head_learn_nothing(client: FlaskClient, journal: Path) -> None:
    remember(client, "educonnect")
    before = entries(journal)
    head = client.head("/disco", query_string={"entityID": SP, "return": BACK})

    assert disco(client, {"Sec-Purpose": "prefetch"}).status_code == 425
    assert (head.status_code, head.headers.get("Location"), head.headers.getlist("Set-Cookie")) == (200, None, [])
    assert entries(journal) == before


# Second visits and loops.


def test_a_second_visit_soon_gets_the_mire_and_the_first_choice_first(client: FlaskClient) -> None:
    remember(client, "educonnect")
    assert disco(client).status_code == 303

    page = disco(client)
    assert page.status_code == 200
    assert "Réessayer avec" in page.text
    assert buttons(page.text) == ["educonnect", "aten-besancon"]
    assert disco(client, isPassive="true").location == BACK


def test_a_passive_question_is_no_visit(client: FlaskClient) -> None:
    remember(client, "educonnect")
    for _ in range(5):
        assert "entityID=" in disco(client, isPassive="true").location

    assert disco(client).status_code == 303


def test_a_link_that_leads_to_the_service_provider_is_no_second_visit(client: FlaskClient) -> None:
    remember(client, "educonnect")
    assert client.get("/vers/ent/clg-rochat-rousses").status_code == 303

    assert disco(client, etab="clg-rochat-rousses").status_code == 303


def test_a_fourth_answer_within_a_minute_is_a_loop(settings: Settings) -> None:
    only = with_provider(settings, aten_besancon=IDP_ATEN)
    client = create_app(only, (KEY,), now=lambda: MARCH).test_client()
    for _ in range(3):
        assert disco(client).status_code == 303

    page = disco(client)
    assert page.status_code == 200
    assert "plusieurs fois de suite" in page.text


# Languages.


def test_the_language_of_the_mire_can_be_changed_and_it_is_still_that_mire(client: FlaskClient) -> None:
    links = re.findall(r'<a href="([^"]*)" lang="en"', disco(client).text)
    page = client.get(unescape(links[0])).text

    assert '<html lang="en"' in page
    assert fields(page)["return"] == BACK
    assert buttons(page) == ["educonnect", "aten-besancon"]


def test_a_change_of_language_redirects_nobody(client: FlaskClient) -> None:
    remember(client, "educonnect")

    assert disco(client, langue="en").status_code == 200
