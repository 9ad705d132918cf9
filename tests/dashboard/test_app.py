from __future__ import annotations

from datetime import UTC, datetime

import html5lib
import pytest
from flask.testing import FlaskClient

from aiguilleur.dashboard import create_dashboard
from aiguilleur.errors import JournalError
from aiguilleur.journal.scale import Report, Scope
from tests.dashboard.conftest import Journal

ADDRESSES = ("/", "/?depuis=tout&etab=CLG-1&suivre=1", "/?etab=nowhere", "/visite?code=kovati", "/visite?code=<b>")


@pytest.fixture
def client(journal: Journal) -> FlaskClient:
    return create_dashboard(journal.desk(), ("localhost",)).test_client()


@pytest.mark.parametrize("address", ADDRESSES)
def test_its_pages_are_valid_and_carry_the_headers(client: FlaskClient, address: str) -> None:
    answer = client.get(address)

    html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(answer.text)
    headers = answer.headers
    assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    assert (headers["X-Frame-Options"], headers["Referrer-Policy"]) == ("DENY", "no-referrer")
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")
    assert "Set-Cookie" not in headers


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:8090", "evil.example:8090"])
def test_another_name_that_was_made_to_lead_here_gets_nothing(client: FlaskClient, host: str) -> None:
    answer = client.get("/", headers={"Host": host})

    assert (answer.status_code, answer.text) == (421, "Unknown host.\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("address", ["/", "/visite"])
def test_it_can_only_be_read(client: FlaskClient, method: str, address: str) -> None:
    assert client.open(address, method=method).status_code == 405


def test_it_tells_the_last_thirty_days_of_all_schools_unless_asked(client: FlaskClient, journal: Journal) -> None:
    answer = client.get("/")

    assert answer.status_code == 200
    assert "<h1>Toutes les visites</h1>" in answer.text
    # From midnight in Paris.
    assert journal.scopes == [Scope(since=datetime(2021, 6, 7, 22, tzinfo=UTC))]


def test_it_tells_of_one_school_and_another_period(client: FlaskClient, journal: Journal) -> None:
    answer = client.get("/?depuis=tout&etab=CLG-1&suivre=1")

    assert "<h1>Collège Numéro 1 de Ville-sur-Rivière</h1>" in answer.text
    assert '<meta http-equiv="refresh" content="60">' in answer.text
    assert journal.scopes == [Scope(etab="clg-1")]


def test_a_period_that_is_none_is_the_usual_one(client: FlaskClient, journal: Journal) -> None:
    client.get("/?depuis=-1")

    assert journal.scopes == [Scope(since=datetime(2021, 6, 7, 22, tzinfo=UTC))]


def test_a_school_that_nobody_knows_is_told(client: FlaskClient, journal: Journal) -> None:
    answer = client.get("/?etab=<i>nowhere")

    assert (answer.status_code, journal.scopes) == (404, [])
    assert "« &lt;i&gt;nowhere »" in answer.text


def test_of_a_school_that_the_directory_has_forgotten_the_journal_is_told(
    client: FlaskClient, journal: Journal
) -> None:
    answer = client.get("/?depuis=tout&etab=clg-gone")

    assert (answer.status_code, journal.scopes) == (200, [Scope(etab="clg-gone")])
    assert '<p role="status">L’annuaire ne connaît pas, ou plus, d’établissement « clg-gone » : ' in answer.text
    assert 'role="status"' not in client.get("/?depuis=tout&etab=clg-1").text


@pytest.mark.parametrize("said", ["KOVATI", "kovati", "K O V A T I", " qovati "])
def test_a_visit_is_found_by_its_code_as_it_was_said(client: FlaskClient, said: str) -> None:
    answer = client.get("/visite", query_string={"code": said})

    assert answer.status_code == 200
    assert "aten-active   &lt;b&gt;aten&lt;/b&gt;: active" in answer.text


@pytest.mark.parametrize(("code", "status", "says"), [("", 400, "n’est pas un code"), ("RAMELU", 404, "Aucune visite")])
def test_a_code_that_leads_nowhere_is_told(client: FlaskClient, code: str, status: int, says: str) -> None:
    answer = client.get("/visite", query_string={"code": code})

    assert (answer.status_code, says in answer.text) == (status, True)


def test_a_journal_that_cannot_be_read_is_a_sentence(client: FlaskClient, journal: Journal) -> None:
    def refuse(_: Scope) -> Report:
        raise JournalError("var/journal: Permission denied")

    journal.read = refuse
    answer = client.get("/")

    assert (answer.status_code, "var/journal: Permission denied" in answer.text) == (503, True)
