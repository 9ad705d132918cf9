"""In which language a page is, and what a deployment puts over it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from aiguilleur.settings.model import Settings
from aiguilleur.web import create_app
from aiguilleur.web.languages import COOKIE, typeset
from tests.web.conftest import KEY, MARCH

MIRE = "/mire/clg-rochat-rousses?vers=teleservices"


def spoken(client: FlaskClient, path: str = MIRE, accepts: str = "") -> str:
    text = client.get(path, headers={"Accept-Language": accepts} if accepts else {}).text
    return text.partition('<html lang="')[2].partition('"')[0]


@pytest.mark.parametrize(
    ("accepts", "code"),
    [
        ("", "fr"),
        ("fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        ("en-GB,en;q=0.9", "en"),
        ("ar-MA,ar;q=0.9,fr;q=0.8", "ar"),
        ("pt-BR", "pt"),
        ("tr", "tr"),
        ("de,tr;q=0.5", "tr"),
        ("de", "fr"),
        ("*", "fr"),
        ("nonsense;q=x, é", "fr"),
    ],
)
def test_a_page_speaks_the_browsers_language_or_french(client: FlaskClient, accepts: str, code: str) -> None:
    assert spoken(client, accepts=accepts) == code


def test_the_language_that_is_asked_for_is_kept(client: FlaskClient) -> None:
    assert spoken(client, f"{MIRE}&langue=ar", accepts="fr") == "ar"

    assert spoken(client, "/vers/nope", accepts="fr") == "ar"
    assert spoken(client, f"{MIRE}&langue=fr", accepts="ar") == "fr"
    assert spoken(client, accepts="ar") == "fr"


def test_the_cookie_says_a_language_and_nothing_else(client: FlaskClient) -> None:
    kept = client.get(f"{MIRE}&langue=tr").headers["Set-Cookie"]
    assert kept.startswith(f"{COOKIE}=tr;")
    assert all(f"; {part}" in kept for part in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"))

    assert "Set-Cookie" not in client.get(f"{MIRE}&langue=xx").headers
    assert "Set-Cookie" not in client.get(MIRE).headers


@pytest.mark.parametrize("cookie", ["xx", "", "fr;", "<b>", "FR"])
def test_a_cookie_that_names_no_language_is_passed_over(bare: FlaskClient, cookie: str) -> None:
    text = bare.get(MIRE, headers={"Cookie": f"{COOKIE}={cookie}"}).text

    assert '<html lang="fr" dir="ltr">' in text


def test_arabic_is_written_from_the_right_and_names_stay_french(client: FlaskClient) -> None:
    text = client.get(f"{MIRE}&langue=ar").text

    assert '<html lang="ar" dir="rtl">' in text
    assert '<p class="school"><bdi lang="fr">Collège Rochat' in text


def test_each_page_can_be_had_in_each_language(client: FlaskClient) -> None:
    text = client.get(MIRE).text

    for code in ("en", "ar", "pt", "tr"):
        assert f'href="/mire/clg-rochat-rousses?vers=teleservices&amp;langue={code}" lang="{code}"' in text
    assert '<strong lang="fr" aria-current="true">Français</strong>' in text
    # The answer to a visit is not asked for again: that would be another visit.
    assert 'href="/mire?langue=en"' in client.get("/vers/nope").text


def test_of_an_address_only_what_we_know_comes_back_and_as_an_address_only(client: FlaskClient) -> None:
    text = client.get(f"{MIRE}&x=<script>&langue=fr&y=%22onload&de=<b>").text

    assert "<script" not in text
    assert "onload" not in text
    assert "vers=teleservices&amp;de=%3Cb%3E&amp;langue=en" in text


def test_caches_are_told(client: FlaskClient) -> None:
    assert "Accept-Language" in client.get(MIRE).headers["Vary"]


@pytest.fixture
def theme(tmp_path: Path) -> Path:
    folder = tmp_path / "theme"
    for name, content in {
        "templates/_ecole.html": "<header><p>Académie</p>",
        "static/style.css": "body { color: navy }",
        "static/logo.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
        "locale/en/ours.po": 'msgid ""\nmsgstr ""\n\nmsgid "Téléservices"\nmsgstr "Online forms"\n',
        "locale/fr/ours.po": 'msgid ""\nmsgstr ""\n\nmsgid "Quel est votre établissement ?"\nmsgstr "Suite : ici"\n',
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return folder


@pytest.fixture
def themed(settings: Settings, theme: Path) -> FlaskClient:
    site = replace(settings.site, theme=theme)
    return create_app(replace(settings, site=site), (KEY,), now=lambda: MARCH).test_client()


def file(client: FlaskClient, name: str) -> tuple[str | None, str]:
    with client.get(f"/static/{name}") as answer:
        return answer.mimetype, answer.get_data(as_text=True)


def test_a_deployments_templates_go_first(themed: FlaskClient) -> None:
    assert "<p>Académie</p>" in themed.get(MIRE).text
    assert themed.get("/vers/nope").status_code == 404


def test_a_deployments_files_go_first_and_the_shipped_ones_remain(themed: FlaskClient, theme: Path) -> None:
    assert file(themed, "style.css") == ("text/css", "body { color: navy }")
    assert file(themed, "logo.svg")[0] == "image/svg+xml"
    (theme / "static" / "style.css").unlink()

    assert "--ink" in file(themed, "style.css")[1]


@pytest.mark.parametrize(
    "name", ["../locale/en/ours.po", "%2e%2e/locale/en/ours.po", "..", ".", "none.css", "/etc/passwd"]
)
def test_a_theme_gives_out_its_static_files_alone(themed: FlaskClient, name: str) -> None:
    assert themed.get(f"/static/{name}").status_code in (404, 405)


def test_a_deployments_translations_go_first(themed: FlaskClient) -> None:
    assert "Online forms" in themed.get(f"{MIRE}&langue=en").text
    assert "Suite\u00a0: ici" in themed.get("/mire?langue=fr").text


def test_a_text_of_the_configuration_without_translation_is_marked_as_french(settings: Settings) -> None:
    sources = {name: replace(source, name="L'ancien compte") for name, source in settings.sources.items()}
    client = create_app(replace(settings, sources=sources), (KEY,), now=lambda: MARCH).test_client()

    assert '<span lang="fr" dir="ltr">L’ancien compte</span>' in client.get(f"{MIRE}&langue=tr").text
    assert '<span class="name">L’ancien compte</span>' in client.get(f"{MIRE}&langue=fr").text


def test_french_is_printed_as_french_is() -> None:
    assert typeset("l'ENT « EduConnect » : où ?") == "l’ENT «\u00a0EduConnect\u00a0»\u00a0: où\u00a0?"
