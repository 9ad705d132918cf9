from __future__ import annotations

import pytest

from aiguilleur.sandbox import World
from tests.sandbox.visitor import Place, Visitor

EDUCONNECT = "http://educonnect.education.localhost:8000"
NATIONAL = "http://teleservices.education.localhost:8000"
SSO = f"{EDUCONNECT}/idp/profile/SAML2/Redirect/SSO"
LOGIN = Place(200, "login", "educonnect", "")


def test_the_national_services_ask_educonnect_for_a_login(visitor: Visitor) -> None:
    assert visitor.go(f"{NATIONAL}/") == LOGIN
    assert visitor.log_in("parent2", profil="responsable") == Place(200, "teleservices", "educonnect", "parent2")


def test_with_a_session_educonnect_goes_straight_through(visitor: Visitor) -> None:
    visitor.go(f"{EDUCONNECT}/")
    home = visitor.log_in("parent2")

    assert home == Place(200, "educonnect", "educonnect", "parent2")
    assert visitor.go(f"{NATIONAL}/scolarite-services") == Place(200, "scolarite", "educonnect", "parent2")
    assert [address.partition("?")[0] for address in visitor.passed] == [
        f"{NATIONAL}/scolarite-services",
        SSO,
        f"{NATIONAL}/scolarite-services",
        f"{NATIONAL}/scolarite-services",
    ]


def test_its_cookie_stays_on_its_own_host(visitor: Visitor) -> None:
    answer = visitor.ask(SSO, {"user": "parent2", "password": "parent2"})
    name, _, attributes = answer.headers["Set-Cookie"].partition("=")

    assert (name, attributes.partition("; ")[2]) == ("shib_idp_session", "HttpOnly; Path=/; SameSite=Lax")
    assert visitor.cookies("educonnect.education.localhost") == {"shib_idp_session"}
    assert visitor.cookies("teleservices.education.localhost") == set()
    assert visitor.cookies("aiguilleur.academie.localhost") == set()


@pytest.mark.parametrize(
    ("name", "etab"), [("parent2", "clg-rochat-rousses"), ("parent3", "clg-cperceret-semur-en-auxois")]
)
def test_scolarite_services_lead_to_the_portal_of_the_familys_academie(visitor: Visitor, name: str, etab: str) -> None:
    visitor.go(f"{NATIONAL}/scolarite-services")
    visitor.log_in(name)

    assert visitor.link("Espace numérique de travail") == (
        f"http://aiguilleur.academie.localhost:8000/vers/ent?etab={etab}&de=scolarite"
    )


def test_franceconnect_opens_an_educonnect_session(visitor: Visitor) -> None:
    visitor.go(f"{NATIONAL}/")
    place = visitor.go(visitor.link("S’identifier avec FranceConnect"))

    assert place == Place(200, "login", "franceconnect", "")
    assert visitor.passed[-1].startswith("http://franceconnect.gouv.localhost:8000/api/v2/authorize?")
    assert 'name="state" value="http://teleservices.education.localhost:8000/"' in visitor.text
    assert visitor.go(visitor.passed[-1], {"state": f"{NATIONAL}/"}) == Place(
        200, "teleservices", "educonnect", "angela"
    )
    assert "avec FranceConnect" in visitor.text
    assert visitor.go(f"{EDUCONNECT}/") == Place(200, "educonnect", "educonnect", "angela")


def test_a_code_of_franceconnect_is_good_once(visitor: Visitor, world: World) -> None:
    authorize = "http://franceconnect.gouv.localhost:8000/api/v2/authorize"
    back = visitor.ask(authorize, {"state": ""}).headers["Location"]
    first, second = visitor.go(back), Visitor(world).go(back)

    assert first == Place(200, "educonnect", "educonnect", "angela")
    assert second == Place(400, "refused", "", "")


@pytest.mark.parametrize("back", ["https://mechant.example/", "http://sandbox.localhost:8000/", "http://[", "/"])
@pytest.mark.parametrize("path", ["/idp/profile/SAML2/Redirect/SSO?return=", "/franceconnect?return="])
def test_an_unknown_service_is_refused(visitor: Visitor, path: str, back: str) -> None:
    assert visitor.go(f"{EDUCONNECT}{path}{back}") == Place(400, "refused", "", "")


def test_a_forged_state_is_refused(visitor: Visitor) -> None:
    authorize = "http://franceconnect.gouv.localhost:8000/api/v2/authorize"

    assert visitor.go(authorize, {"state": "https://mechant.example/"}) == Place(400, "refused", "", "")


def test_a_ticket_is_good_once_and_for_its_own_service(visitor: Visitor, world: World) -> None:
    visitor.go(f"{EDUCONNECT}/")
    visitor.log_in("parent2")
    ticket = visitor.ask(f"{SSO}?return={NATIONAL}/").headers["Location"]
    stolen = ticket.replace(NATIONAL, "http://cas.eclat.localhost:8000").replace("/?", "/login?selection=EDU&")

    assert Visitor(world).go(stolen) == LOGIN
    assert Visitor(world).go(ticket) == LOGIN


@pytest.mark.parametrize(
    ("name", "password", "profil"),
    [
        ("parent2", "parent1", "responsable"),
        ("parent2", "parent2", "eleve"),
        ("angela", "", "responsable"),
        ("", "", ""),
    ],
)
def test_a_wrong_login_opens_nothing(visitor: Visitor, name: str, password: str, profil: str) -> None:
    visitor.go(f"{NATIONAL}/")

    assert visitor.log_in(name, password, profil=profil) == LOGIN
    assert visitor.cookies("educonnect.education.localhost") == set()


def test_the_logout_of_the_national_services_ends_both_sessions(visitor: Visitor) -> None:
    visitor.go(f"{NATIONAL}/")
    visitor.log_in("parent2")

    assert visitor.go(f"{NATIONAL}/logout") == Place(200, "logout", "educonnect", "")
    assert visitor.go(f"{NATIONAL}/") == LOGIN
    assert visitor.cookies("educonnect.education.localhost") == set()


def test_a_login_form_sent_for_an_unknown_service_is_refused(visitor: Visitor) -> None:
    form = {"user": "parent2", "password": "parent2", "return": "https://mechant.example/"}

    assert visitor.go(SSO, form) == Place(400, "refused", "", "")
    assert visitor.cookies("educonnect.education.localhost") == set()
