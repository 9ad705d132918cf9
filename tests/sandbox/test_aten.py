from __future__ import annotations

import pytest

from aiguilleur.sandbox import World
from tests.sandbox.visitor import Place, Visitor

ATEN = "http://teleservices.academie.localhost:8000"
DIJON = "http://teleservices.dijon.localhost:8000"
TS = Place(200, "teleservices", "aten-besancon", "parent1")
LOGIN = Place(200, "login", "aten-besancon", "")


def test_without_a_session_the_services_lead_to_the_login_page(visitor: Visitor) -> None:
    answer = visitor.ask(f"{ATEN}/ts")

    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        f"{ATEN}/login/ct_logon_vk.jsp?CT_ORIG_URL=http%3A%2F%2Fteleservices.academie.localhost%3A8000%2Fts",
    )


def test_the_login_page_carries_its_marker_and_the_accounts(visitor: Visitor) -> None:
    place = visitor.go(f"{ATEN}/ts")

    assert place == LOGIN
    assert 'id="aten-auth"' in visitor.text
    assert "<code>parent1 / parent1</code>" in visitor.text
    assert "Bac à sable&nbsp;: site simulé" in visitor.text


def test_a_login_opens_the_services(visitor: Visitor) -> None:
    visitor.go(f"{ATEN}/ts")

    assert visitor.log_in("parent1") == TS
    assert "aten-auth" not in visitor.text
    assert visitor.go(f"{ATEN}/ts") == TS


def test_both_cookies_are_shared_under_the_academie_and_hidden_from_scripts(visitor: Visitor) -> None:
    answer = visitor.ask(f"{ATEN}/login/ct_logon_vk.jsp", {"user": "parent1", "password": "parent1"})
    attributes = {line.partition("=")[0]: line.partition("; ")[2] for line in answer.headers.getlist("Set-Cookie")}

    assert attributes == {
        "CTSESSION": "Domain=academie.localhost; HttpOnly; Path=/",
        "ACTSESSION": "Domain=academie.localhost; HttpOnly; Path=/",
    }
    assert visitor.cookies("aiguilleur.academie.localhost") == {"CTSESSION", "ACTSESSION"}
    assert visitor.cookies("teleservices.dijon.localhost") == set()


def test_a_wrong_password_opens_nothing(visitor: Visitor) -> None:
    visitor.go(f"{ATEN}/ts")

    assert visitor.log_in("parent1", "autre") == LOGIN
    assert "Identifiant ou mot de passe incorrect." in visitor.text
    assert visitor.cookies("teleservices.academie.localhost") == set()


def test_the_login_returns_where_the_visitor_wanted_to_go(visitor: Visitor) -> None:
    visitor.go(f"{ATEN}/ts/scolarite-services")

    assert visitor.log_in("parent1") == Place(200, "scolarite", "aten-besancon", "parent1")
    assert visitor.link("Espace numérique de travail") == (
        "http://aiguilleur.academie.localhost:8000/vers/ent?etab=clg-rochat-rousses&de=scolarite"
    )


@pytest.mark.parametrize(
    "back",
    [
        "https://mechant.example/",
        "//mechant.example/",
        "http://mechant.localhost:8000/",
        "http://teleservices.academie.localhost:8000@mechant.example/",
        "http://teleservices.academie.localhost:8000\\@mechant.example/",
        "http://teleservices.academie.localhost:8000/\r\nSet-Cookie: a=b",
        "http://[",
        "javascript:alert(1)",
        "http://teleservices.académie.localhost:8000/",
    ],
)
def test_a_foreign_return_address_is_forgotten(visitor: Visitor, back: str) -> None:
    form = {"user": "parent1", "password": "parent1", "CT_ORIG_URL": back}
    answer = visitor.ask(f"{ATEN}/login/ct_logon_vk.jsp", form)

    assert (answer.status_code, answer.headers["Location"]) == (302, f"{ATEN}/ts")


def test_what_a_visitor_writes_is_escaped(visitor: Visitor) -> None:
    visitor.go(f'{ATEN}/login/ct_logon_vk.jsp?CT_ORIG_URL="><script>alert(1)</script>')

    assert "<script" not in visitor.text
    assert "&#34;&gt;&lt;script&gt;" in visitor.text


def test_the_logout_ends_the_session_and_leaves_a_blank_companion(visitor: Visitor) -> None:
    visitor.go(f"{ATEN}/ts")
    visitor.log_in("parent1")
    answer = visitor.ask(f"{ATEN}/login/ct_logout.jsp")

    assert answer.headers.getlist("Set-Cookie") == ["ACTSESSION=%20; Domain=academie.localhost; HttpOnly; Path=/"]
    assert visitor.cookies("aiguilleur.academie.localhost") == {"CTSESSION", "ACTSESSION"}
    assert visitor.go(f"{ATEN}/ts") == LOGIN


def test_a_dead_cookie_is_no_session(visitor: Visitor) -> None:
    visitor.client.set_cookie("CTSESSION", "inconnu", domain="academie.localhost", origin_only=False)

    assert visitor.go(f"{ATEN}/ts") == LOGIN


def test_an_expired_session_leaves_its_cookies_dead(world: World, visitor: Visitor) -> None:
    visitor.go(f"{ATEN}/ts")
    visitor.log_in("parent1")
    world.expire("aten")

    assert visitor.go(f"{ATEN}/ts") == LOGIN
    assert visitor.cookies("aiguilleur.academie.localhost") == {"CTSESSION", "ACTSESSION"}


def test_the_two_academies_know_nothing_of_each_other(visitor: Visitor) -> None:
    visitor.go(f"{ATEN}/ts")
    visitor.log_in("parent1")

    assert visitor.go(f"{DIJON}/ts") == Place(200, "login", "aten-dijon", "")
    assert visitor.log_in("parent3") == Place(200, "teleservices", "aten-dijon", "parent3")
    assert visitor.cookies("teleservices.dijon.localhost") == {"CTSESSION", "ACTSESSION"}
    assert visitor.go(f"{ATEN}/ts") == TS


def test_the_guichet_vouches_only_before_the_cas(visitor: Visitor) -> None:
    visitor.go(f"{ATEN}/ts")
    visitor.log_in("parent1")

    assert visitor.go(f"{ATEN}/sso/SSO?TARGET=http://educonnect.education.localhost:8000/") == Place(
        400, "refused", "", ""
    )
