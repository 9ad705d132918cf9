from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import html5lib
import pytest
from flask.testing import FlaskClient

from aiguilleur.core.model import School
from aiguilleur.schools import directory_of
from aiguilleur.settings.model import Settings
from aiguilleur.web import create_app
from tests.web.conftest import KEY, MARCH

KIT = "/kit/clg-rochat-rousses"
OURS = "https://aiguilleur.ac-besancon.fr"
PAGES = (
    "/kit",
    "/kit?etab=nope",
    KIT,
    f"{KIT}/affiche",
    f"{KIT}/affiche?vers=teleservices",
    "/kit/nope",
    "/readme.html",
)
FILES = {
    "raccourci.url": ("application/x-mswinurl", "clg-rochat-rousses.url"),
    "raccourci.desktop": ("application/x-desktop", "clg-rochat-rousses.desktop"),
    "raccourci.webloc": ("application/xml", "clg-rochat-rousses.webloc"),
    "lettre.txt": ("text/plain; charset=utf-8", "clg-rochat-rousses-lettre.txt"),
    "qr-ent.svg": ("image/svg+xml", "clg-rochat-rousses-qr-ent.svg"),
    "bouton-teleservices.svg": ("image/svg+xml", "clg-rochat-rousses-bouton-teleservices.svg"),
}


def plain(markup: str) -> str:
    """What a page says, on one line, with plain spaces."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", markup)).split())


@pytest.mark.parametrize("language", ["fr", "ar"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_valid(client: FlaskClient, path: str, language: str) -> None:
    page = client.get(path, headers={"Accept-Language": language}).text

    html5lib.HTMLParser(strict=True).parse(page)
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r' (?:for|aria-labelledby|aria-describedby)="([^"]+)"', page)) <= set(ids)


def test_the_links_stand_in_fields_that_have_a_name(client: FlaskClient) -> None:
    page = client.get(KIT).text
    labels = dict(re.findall(r'<label for="([^"]+)">(.+?)</label>', page))
    fields = dict(re.findall(r'<textarea id="([^"]+)" readonly [^>]*>([^<]+)</textarea>', page))

    assert fields.keys() == labels.keys()
    assert unescape(fields["portail-teleservices"]) == f"{OURS}/vers/teleservices/clg-rochat-rousses?de=eclat"
    assert unescape(fields["autre-ent"]) == f"{OURS}/mire/clg-rochat-rousses?vers=ent&de=eclat"
    assert unescape(fields["poste"]) == f"{OURS}/mire/clg-rochat-rousses?vers=ent&de=poste-partage"
    assert fields["courte-1"] == "https://mire-eclat-bfc.ac-besancon.fr/clg-rochat-rousses"


def test_where_the_link_leads_is_said_for_each_account_and_for_none(client: FlaskClient) -> None:
    [portal, elsewhere, *_] = re.findall(r'<dl class="cases">.*?</dl>', client.get(KIT).text, re.S)

    # This configuration has no probe: from elsewhere only ATEN's cookie can be presumed upon.
    assert plain(portal) == (
        "Un parent déjà connecté avec Compte Téléservices de l’académie de Besançon (ATEN) "
        "arrive sur teleservices.ac-besancon.fr sans rien taper. "
        "Un parent déjà connecté avec EduConnect voit la page de choix. Un clic sur son compte suffit, sans rien taper. "
        "Un parent connecté nulle part voit la page de choix. Il choisit son compte, puis se connecte."
    )
    assert plain(elsewhere) == plain(portal)


def test_when_nothing_is_open_that_is_said(settings: Settings) -> None:
    sources = {name: replace(source, academies=frozenset({"nulle-part"})) for name, source in settings.sources.items()}
    client = create_app(replace(settings, sources=sources), (KEY,), now=lambda: MARCH).test_client()

    assert "voit une page d’aide : aucun compte n’est ouvert aujourd’hui." in plain(client.get(KIT).text)


def test_choosing_a_school_leads_to_its_kit(client: FlaskClient) -> None:
    found = client.get("/kit?etab=https://CLG-Rochat-Rousses.eclat-bfc.fr/")

    assert (found.status_code, found.headers["Location"]) == (303, f"{OURS}{KIT}")
    assert f'href="{KIT}"' in client.get("/kit").text


@pytest.mark.parametrize("path", ["/kit/nope", "/kit/nope/affiche", "/kit/nope/lettre.txt"])
def test_an_unknown_school_is_404_and_leads_back_to_the_kit(client: FlaskClient, path: str) -> None:
    response = client.get(path)

    assert response.status_code == 404
    assert "Nous ne connaissons pas cet établissement" in response.text
    assert ('<form method="get" action="/kit">' in response.text, f'href="{KIT}"' in response.text) == (True, True)


def test_a_search_finds_a_school_by_name_and_town_or_says_what_to_do(client: FlaskClient) -> None:
    found, lost = client.get("/kit?etab=pasteur arbois"), client.get("/kit?etab=zzzzzz")

    assert (found.status_code, 'href="/kit/clg-pasteur-arbois"' in found.text) == (200, True)
    assert (lost.status_code, "Nous n’avons pas trouvé cet établissement" in lost.text) == (200, True)


@pytest.mark.parametrize("path", [f"{KIT}/nope.svg", f"{KIT}/qr-nope.svg", f"{KIT}/affiche?vers=nope"])
def test_what_the_kit_does_not_hold_is_404(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_long_directory_is_not_listed(settings: Settings) -> None:
    many = directory_of(tuple(School(f"clg-{index}") for index in range(61)))
    client = create_app(replace(settings, directory=many), (KEY,), now=lambda: MARCH).test_client()

    assert 'href="/kit/clg-' not in client.get("/kit").text


@pytest.mark.parametrize("path", [*PAGES, *(f"{KIT}/{name}" for name in FILES)])
def test_everything_is_kept_from_caches_and_scripts(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers

    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'; img-src 'self' data:;")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_for_staff_and_shows_no_code(client: FlaskClient, path: str) -> None:
    page = client.get(path).text

    assert '<meta name="robots" content="noindex">' in page
    assert 'class="code"' not in page


@pytest.mark.parametrize("path", [*PAGES, f"{KIT}/qr-ent.svg"])
def test_head_has_no_body(client: FlaskClient, path: str) -> None:
    assert client.head(path).data == b""


def test_nothing_is_written_to_the_journal(client: FlaskClient, journal: Path) -> None:
    for path in PAGES:
        client.get(path)

    assert not journal.exists()


@pytest.mark.parametrize(("name", "expected"), FILES.items())
def test_a_file_has_its_type_and_is_kept_under_the_schools_name(
    client: FlaskClient, name: str, expected: tuple[str, str]
) -> None:
    response = client.get(f"{KIT}/{name}")

    kind, kept = expected
    assert response.content_type == kind
    assert response.headers["Content-Disposition"] == f'attachment; filename="{kept}"'
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.data


def test_the_paragraph_is_plain_text(settings: Settings) -> None:
    school = School("clg-x", name="L'école <b>&amp; « Rochat »")
    client = create_app(replace(settings, directory=directory_of((school,))), (KEY,), now=lambda: MARCH).test_client()
    text = client.get("/kit/clg-x/lettre.txt").text

    assert "L’école <b>&amp; «\u00a0Rochat\u00a0»" in text
    assert f"Téléservices\u00a0: {OURS}/vers/teleservices/clg-x\n" in text
    assert "<span" not in text


HOSTILE = "<script>alert(1)</script>\"'&"


def test_what_a_directory_says_is_never_markup(settings: Settings) -> None:
    school = School("clg-x", name=HOSTILE, town=HOSTILE, phone=HOSTILE)
    targets = {name: replace(target, name=HOSTILE) for name, target in settings.targets.items()}
    hostile = replace(settings, directory=directory_of((school,)), targets=targets)
    client = create_app(hostile, (KEY,), now=lambda: MARCH).test_client()

    for path in ("/kit", "/kit/clg-x", "/kit/clg-x/affiche", "/kit/clg-x/bouton-ent.svg"):
        assert "<script" not in client.get(path).text
        assert "&lt;script&gt;" in client.get(path).text


@pytest.mark.parametrize("path", ["/kit?etab=%3Cb%3Enope", "/kit/%3Cb%3Enope", f"{KIT}/%3Cb%3Enope"])
def test_what_a_visitor_writes_is_never_shown(client: FlaskClient, path: str) -> None:
    assert "nope" not in client.get(path).text


def test_the_picture_names_the_service(client: FlaskClient) -> None:
    picture = client.get(f"{KIT}/bouton-teleservices.svg").text

    assert "<title>Téléservices</title>" in picture
    assert "<style" not in picture


def test_the_poster_shows_the_school_the_code_and_the_address_and_no_date(client: FlaskClient) -> None:
    page = client.get(f"{KIT}/affiche?vers=teleservices").text
    [poster] = re.findall(r'<article class="poster">.*?</article>', page, re.S)

    assert plain(poster).startswith("Collège Rochat Les RoussesAccéder à : Téléservices")
    assert "aiguilleur.ac-besancon.fr/vers/teleservices/clg-rochat-rousses" in plain(poster)
    assert f'alt="Code QR de l’adresse {OURS}/vers/teleservices/clg-rochat-rousses?de=affiche"' in poster
    assert "202" not in plain(poster)


def test_the_language_switch_stays_on_the_page(client: FlaskClient) -> None:
    for path in ("/kit", KIT, f"{KIT}/affiche", "/readme.html"):
        assert f'href="{path}?langue=en"' in client.get(path).text


def test_a_deployment_has_its_own_steps(settings: Settings, tmp_path: Path) -> None:
    steps = tmp_path / "templates" / "kit" / "_etapes.html"
    steps.parent.mkdir(parents=True)
    steps.write_text("<p>Chez nous, tout est dans le menu bleu.</p>", encoding="utf-8")
    site = replace(settings.site, theme=tmp_path)
    client = create_app(replace(settings, site=site), (KEY,), now=lambda: MARCH).test_client()

    for path in (KIT, "/readme.html"):
        page = client.get(path).text
        assert ("menu bleu" in page, "zone connectée, celle" in page) == (True, False)


def test_the_documentation_for_schools_is_a_page_and_leads_to_the_kit(client: FlaskClient) -> None:
    page = client.get("/readme.html")

    assert page.status_code == 200
    assert 'href="/kit"' in page.text
    assert all('href="/readme.html"' in client.get(path).text for path in ("/kit", KIT))


def test_the_old_address_of_the_documentation_leads_to_it(client: FlaskClient) -> None:
    old = client.get("/readme.html", base_url="https://mire-eclat-bfc.ac-besancon.fr")

    assert (old.status_code, old.headers["Location"]) == (303, f"{OURS}/readme.html")
