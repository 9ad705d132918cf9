from __future__ import annotations

from urllib.parse import urlencode

import pytest

from aiguilleur.sandbox import World
from tests.sandbox.visitor import Place, Visitor

CAS = "http://cas.eclat.localhost:8000/login"
PORTAL = "http://clg-rochat-rousses.eclat.localhost:8000"
HOME = f"{PORTAL}/sg.do?PROC=PAGE_ACCUEIL"


def login(selection: str, service: str = HOME) -> str:
    return f"{CAS}?{urlencode({'selection': selection, 'service': service})}"


@pytest.mark.parametrize(
    ("selection", "form", "source"),
    [
        ("BESANC-ATS_parent_eleve_2D", Place(200, "login", "aten-besancon", ""), "aten-besancon"),
        ("DIJON-ATS_parent_eleve_2D", Place(200, "login", "aten-dijon", ""), "aten-dijon"),
        ("EDU", Place(200, "login", "educonnect", ""), "educonnect"),
    ],
)
def test_a_selection_logs_in_through_its_source(visitor: Visitor, selection: str, form: Place, source: str) -> None:
    assert visitor.go(login(selection)) == form
    assert visitor.log_in("parent1") == Place(200, "ent", source, "parent1")
    assert visitor.passed[-1] == HOME


@pytest.mark.parametrize(
    ("selection", "opened", "source"),
    [
        ("BESANC-ATS_parent_eleve_2D", "http://teleservices.academie.localhost:8000/ts", "aten-besancon"),
        ("EDU", "http://educonnect.education.localhost:8000/", "educonnect"),
    ],
)
def test_a_live_session_enters_without_a_form(visitor: Visitor, selection: str, opened: str, source: str) -> None:
    visitor.go(opened)
    visitor.log_in("parent1")

    assert visitor.go(login(selection)) == Place(200, "ent", source, "parent1")


def test_the_other_source_replaces_the_portals_session(visitor: Visitor) -> None:
    visitor.go(login("BESANC-ATS_parent_eleve_2D"))
    visitor.log_in("parent1")
    visitor.go(login("EDU"))

    assert visitor.log_in("parent2") == Place(200, "ent", "educonnect", "parent2")
    assert visitor.go(HOME) == Place(200, "ent", "educonnect", "parent2")


@pytest.mark.parametrize(
    "service",
    [
        "https://mechant.example/",
        "http://inconnu.eclat.localhost:8000/",
        "http://cas.eclat.localhost:8000/login",
        "https://clg-rochat-rousses.eclat.localhost:8000/",
        "http://clg-rochat-rousses.eclat.localhost/",
        "http://[",
    ],
)
@pytest.mark.parametrize("selection", ["EDU", ""])
def test_an_unregistered_service_is_refused(visitor: Visitor, service: str, selection: str) -> None:
    assert visitor.go(login(selection, service)) == Place(403, "refused", "", "")
    assert "Application not allowed to use CAS" in visitor.text


def test_without_a_selection_the_long_mire_asks(visitor: Visitor) -> None:
    visitor.go(PORTAL)
    place = visitor.go(visitor.link("Se connecter"))

    assert place == Place(200, "login", "cas", "")
    assert visitor.text.count('type="radio" name="selection"') == 9
    assert 'id="idp-EDU"' in visitor.text
    assert f'name="service" value="{HOME}"' in visitor.text


def test_the_mires_shortcuts_stand_for_a_choice(visitor: Visitor) -> None:
    visitor.go(HOME)

    assert visitor.link("EduConnect") == login("EDU")
    assert visitor.link("ATEN, académie de Besançon") == login("BESANC-ATS_parent_eleve_2D")


def test_a_profile_that_is_not_simulated_says_so(visitor: Visitor) -> None:
    assert visitor.go(login("EN_personnel")) == Place(404, "unplayed", "", "")


def test_an_unknown_selection_gets_the_mire(visitor: Visitor) -> None:
    assert visitor.go(login("<script>")) == Place(200, "login", "cas", "")
    assert "<script" not in visitor.text


def test_without_a_service_the_login_is_a_dead_end(visitor: Visitor) -> None:
    visitor.go(login("EDU", ""))

    assert visitor.log_in("parent2") == Place(200, "dead-end", "educonnect", "parent2")


def test_a_ticket_opens_one_portal_once(visitor: Visitor, world: World) -> None:
    visitor.go("http://educonnect.education.localhost:8000/")
    visitor.log_in("parent2")
    visitor.go(login("EDU"))
    spent = next(address for address in visitor.passed if "ticket=" in address)
    through = visitor.ask(next(address for address in reversed(visitor.passed) if "SAML2" in address))
    fresh = visitor.ask(through.headers["Location"]).headers["Location"]
    elsewhere = fresh.replace("clg-rochat-rousses", "lyc-lpergaud-besancon")

    assert Visitor(world).go(spent) == Place(200, "login", "cas", "")
    assert Visitor(world).go(elsewhere) == Place(200, "login", "cas", "")


def test_the_portal_shows_the_pasted_links(visitor: Visitor) -> None:
    pasted = "http://aiguilleur.academie.localhost:8000/vers/teleservices/clg-rochat-rousses"
    public = visitor.go(PORTAL)
    shown = visitor.link("Téléservices (lien public)")
    visitor.go(login("EDU"))
    visitor.log_in("parent2")

    assert public == Place(200, "portal-public", "", "")
    assert shown == pasted
    assert visitor.link("Téléservices") == f"{pasted}?de=eclat"
    assert visitor.link("e-services (nouvelle fenêtre)") == f"{pasted}?de=eclat"
    assert 'target="_blank" rel="noopener"' in visitor.text


def test_the_connected_zone_asks_for_a_login(visitor: Visitor) -> None:
    assert visitor.go(HOME) == Place(200, "login", "cas", "")


def test_leaving_the_portal_leaves_the_source_open(visitor: Visitor) -> None:
    visitor.go(login("EDU"))
    visitor.log_in("parent2")

    assert visitor.go(f"{PORTAL}/logout") == Place(200, "logout", "eclat", "")
    assert visitor.go(HOME) == Place(200, "login", "cas", "")
    assert visitor.go(login("EDU")) == Place(200, "ent", "educonnect", "parent2")
