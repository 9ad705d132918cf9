"""What a mire shows: to whom, in which order, and what it says of each choice."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from urllib.parse import parse_qsl

import pytest
from flask.testing import FlaskClient

from aiguilleur.core.decision import Policy
from aiguilleur.core.model import Discover
from aiguilleur.schools import directory_of
from aiguilleur.settings.model import Maintenance, Settings, Source
from aiguilleur.web import create_app
from tests.web.conftest import KEY, MARCH

MIRE = "/mire/clg-rochat-rousses?vers=ent"
LINK = "/vers/teleservices/clg-rochat-rousses"
FORM = {"vers": "teleservices", "etab": "clg-rochat-rousses"}
FOLDED = ["eclat-staff", "eclat-agricultural", "eclat-guest"]


def serving(settings: Settings, at: datetime = MARCH) -> FlaskClient:
    return create_app(settings, (KEY,), now=lambda: at).test_client()


def changed(settings: Settings, **changes: Callable[[Source], Source]) -> Settings:
    """The settings with some sources changed, each under its id with `_` for `-`."""
    by_id = {
        name.replace("_", "-"): change(settings.sources[name.replace("_", "-")]) for name, change in changes.items()
    }
    return replace(settings, sources=dict(settings.sources) | by_id)


def choices(page: str) -> tuple[list[str], list[str]]:
    """The large ones and the folded ones."""
    form = page[page.index("<form") : page.index("</form>")]
    large, _, folded = form.partition("<details")
    return tuple(re.findall(r'<button name="source" value="([^"]+)"', part) for part in (large, folded))  # type: ignore[return-value]


def test_families_choices_are_large_and_the_others_folded_under_their_headings(client: FlaskClient) -> None:
    page = client.get(MIRE).text

    assert choices(page) == (["educonnect", "aten-besancon"], FOLDED)
    assert re.findall(r"<h2>\s*(.*?)\s*</h2>", page) == [
        "Personnel de l’Éducation nationale",
        "Enseignement agricole",
        "Autre ou invité",
    ]
    assert '<details class="rare">' in page


def test_where_only_rare_ones_are_left_they_are_not_folded(settings: Settings) -> None:
    page = serving(
        changed(
            settings,
            educonnect=lambda s: replace(s, folded=True),
            aten_besancon=lambda s: replace(s, folded=True),
        )
    ).get(MIRE)

    assert choices(page.text) == ([], ["educonnect", "aten-besancon", *FOLDED])
    assert '<details class="rare" open>' in page.text
    assert "Élève ou parent\N{NO-BREAK SPACE}: autres comptes" in page.text


def test_no_more_than_six_are_large(settings: Settings) -> None:
    twins = {f"twin-{n}": replace(settings.sources["educonnect"], id=f"twin-{n}") for n in range(6)}
    target = settings.targets["ent"]
    urls = dict(target.urls) | dict.fromkeys(twins, target.urls["educonnect"])
    policy = replace(settings.policies["ent"], default=Discover(("educonnect", *twins)))
    many = replace(
        settings,
        sources=dict(settings.sources) | twins,
        targets=dict(settings.targets) | {"ent": replace(target, urls=urls)},
        policies=dict(settings.policies) | {"ent": policy},
    )

    assert choices(serving(many).get(MIRE).text) == (
        ["educonnect", "twin-0", "twin-1", "twin-2", "twin-3", "twin-4"],
        ["twin-5"],
    )


def test_the_last_choice_comes_first_whoever_it_is_for(client: FlaskClient) -> None:
    client.post("/choix", data=FORM | {"vers": "ent", "source": "eclat-staff", "souvenir": "1"})
    page = client.get(MIRE).text

    assert choices(page) == (["eclat-staff", "educonnect", "aten-besancon"], ["eclat-agricultural", "eclat-guest"])
    assert "Votre choix de la dernière fois" in page


def test_a_pause_is_told_with_its_end_in_local_time(settings: Settings) -> None:
    pause = Maintenance(datetime(2021, 3, 15, 9, tzinfo=UTC), datetime(2021, 3, 16, 5, tzinfo=UTC))
    client = serving(changed(settings, educonnect=lambda s: replace(s, maintenance=(pause,))))
    page = client.get(MIRE).text

    assert "En travaux jusqu’au 16 mars 2021 à 06:00. Vous pouvez essayer quand même." in page
    assert "répond mal" not in page


@pytest.mark.parametrize(
    ("day", "said"),
    [((2021, 2, 1), True), ((2021, 2, 15), True), ((2021, 2, 16), False)],
)
def test_a_schools_own_end_of_a_source_is_told_before_that_of_all_others(
    settings: Settings, day: tuple[int, int, int], said: bool
) -> None:
    school = replace(settings.directory.schools["clg-rochat-rousses"], closes={"aten": date(2021, 2, 15)})
    client = serving(replace(settings, directory=directory_of((school,))), datetime(*day, 9, tzinfo=UTC))

    assert ("Fonctionne jusqu’au 15 février 2021." in client.get(MIRE).text) is said


def hiding_aten(settings: Settings) -> Settings:
    return changed(settings, aten_besancon=lambda s: replace(s, hidden_from=date(2021, 3, 15)))


def test_a_hidden_source_is_no_longer_proposed_from_its_day(settings: Settings) -> None:
    hidden = hiding_aten(settings)

    assert choices(serving(hidden, datetime(2021, 3, 14, 9, tzinfo=UTC)).get(MIRE).text)[0] == [
        "educonnect",
        "aten-besancon",
    ]
    page = serving(hidden).get(MIRE).text
    assert choices(page)[0] == ["educonnect"]
    assert "voir tous les comptes" not in page


def test_a_hidden_source_is_open_to_a_session_a_link_and_a_remembered_choice(settings: Settings) -> None:
    hidden = hiding_aten(settings)
    aten = "https://teleservices.ac-besancon.fr/ts"
    session = {"Cookie": "CTSESSION=x"}

    def bare() -> FlaskClient:
        return create_app(hidden, (KEY,), now=lambda: MARCH).test_client(use_cookies=False)

    assert bare().get(LINK, headers=session).headers["Location"] == aten
    assert bare().get(f"{LINK}?source=aten-besancon").headers["Location"] == aten
    assert choices(bare().get(MIRE, headers=session).text)[0] == ["educonnect", "aten-besancon"]
    client = serving(hidden)
    client.post("/choix", data=FORM | {"source": "aten-besancon", "souvenir": "1"})
    assert client.get(LINK).headers["Location"] == aten
    assert choices(client.get(LINK).text)[0] == ["aten-besancon", "educonnect"]


def test_where_every_choice_would_be_hidden_all_are_shown(settings: Settings) -> None:
    gone = {name: replace(each, hidden_from=date(2021, 1, 1)) for name, each in settings.sources.items()}

    assert choices(serving(replace(settings, sources=gone)).get(MIRE).text)[0] == ["educonnect", "aten-besancon"]


def narrow(policy: Policy) -> Policy:
    return replace(policy, rules=(replace(policy.rules[-1], when=(), then=Discover(("educonnect",))),))


def test_a_mire_that_a_rule_made_short_says_how_to_choose_otherwise(settings: Settings) -> None:
    policies = {name: narrow(policy) for name, policy in settings.policies.items()}
    client = serving(replace(settings, policies=policies))
    page = client.get("/vers/ent/clg-rochat-rousses?de=eclat").text
    [way] = re.findall(r'href="([^"]+)">Choisir autrement', page)

    assert choices(page) == (["educonnect"], [])
    assert way == "/mire/clg-rochat-rousses?vers=ent&amp;de=eclat"
    assert choices(client.get(way.replace("&amp;", "&")).text) == (["educonnect", "aten-besancon"], FOLDED)


def test_three_helps_are_fed_by_the_configuration(client: FlaskClient) -> None:
    page = client.get(MIRE).text

    assert re.findall(r"<summary>(J.*?)</summary>", page) == [
        "Je ne sais pas quel compte choisir",
        "Je n’ai pas encore de compte",
        "J’ai oublié mon mot de passe",
    ]
    assert page.count('<a href="https://educonnect.education.gouv.fr/">') == 2


def test_the_school_can_be_called_and_written_to_beside_the_code(settings: Settings) -> None:
    school = replace(
        settings.directory.schools["clg-rochat-rousses"], phone="+33 3 53 01 00 01", mail="accueil@clg.example"
    )
    shown = serving(replace(settings, directory=directory_of((school,)))).get(MIRE)

    assert '<a href="tel:+33353010001"><bdi>+33 3 53 01 00 01</bdi></a>' in shown.text
    assert '<a href="mailto:accueil@clg.example"><bdi>accueil@clg.example</bdi></a>' in shown.text
    assert (
        f'Code à lui donner\N{NO-BREAK SPACE}: <strong translate="no">{shown.headers["Aiguilleur-Code"]}' in shown.text
    )


def test_the_footer_holds_what_the_configuration_says(client: FlaskClient) -> None:
    footer = client.get(MIRE).text.partition("<footer>")[2]

    assert re.findall(r">([^<>]*(?:Accessibilité|légales|personnelles)[^<>]*)</a>", footer) == [
        "Accessibilité\N{NO-BREAK SPACE}: non conforme",
        "Mentions légales",
        "Données personnelles",
    ]


@pytest.mark.parametrize(
    "path",
    [
        "/vers/teleservices/clg-rochat-rousses?de=poste-partage",
        "/mire/clg-rochat-rousses?vers=ent&de=poste-partage",
        "/mire/clg-rochat-rousses?vers=ent&source=educonnect&de=poste-partage",
    ],
)
def test_a_shared_computer_keeps_nothing_and_shows_nothing_of_the_last_person(client: FlaskClient, path: str) -> None:
    client.post("/choix", data=FORM | {"source": "educonnect", "etab": "clg-pasteur-arbois", "souvenir": "1"})
    page = client.get(path).text

    assert "souvenir" not in page
    assert "Pasteur" not in page
    assert "Votre choix de la dernière fois" not in page
    chosen = client.post("/choix", data=FORM | {"source": "educonnect", "souvenir": "1", "de": "poste-partage"})
    assert not [each for each in chosen.headers.getlist("Set-Cookie") if each.startswith("__Host-aiguilleur-choix")]


def test_every_link_of_a_shared_computers_mire_says_that_it_is_shared(client: FlaskClient) -> None:
    page = client.get("/mire/clg-rochat-rousses?vers=ent&de=poste-partage").text
    links = [link for link in re.findall(r'href="(/(?:mire|quitter|vers)[^"]*)"', page) if "langue=" not in link]

    assert links == [
        "/quitter?vers=ent&amp;etab=clg-rochat-rousses&amp;de=poste-partage",
        "/mire?vers=ent&amp;de=poste-partage",
    ]
    assert '<input type="hidden" name="de" value="poste-partage">' in client.get(links[1].replace("&amp;", "&")).text
    pasted = client.get("/mire?vers=ent&etab=CLG-Pasteur-Arbois&de=poste-partage").headers["Location"]
    assert pasted == "https://aiguilleur.ac-besancon.fr/mire/clg-pasteur-arbois?vers=ent&de=poste-partage"


def test_a_shared_computer_stays_one_whatever_is_clicked(client: FlaskClient) -> None:
    seen: set[str] = set()
    waiting = ["/mire/clg-rochat-rousses?vers=ent&de=poste-partage", "/vers/ent?de=poste-partage"]
    while waiting:
        path = waiting.pop()
        seen.add(path)
        page = client.get(path, follow_redirects=True).text
        links = {link.replace("&amp;", "&") for link in re.findall(r'href="(/(?!static)[^"]*)"', page)}
        assert [link for link in links if "de=poste-partage" not in link] == [], path
        waiting += links - seen - set(waiting)

    assert {"mire", "oublier", "diagnostic", "quitter"} <= {path.split("/")[1].split("?")[0] for path in seen}


def test_other_remembered_schools_are_shown_by_name_and_decide_nothing(client: FlaskClient) -> None:
    for etab in ("clg-pasteur-arbois", "lyc-vberard-morez", "clg-rochat-rousses"):
        client.post("/choix", data=FORM | {"source": "educonnect", "etab": etab, "souvenir": "1"})
    page = client.get(MIRE).text

    assert re.findall(r'href="/vers/ent/([^"]+)"', page) == ["lyc-vberard-morez", "clg-pasteur-arbois"]
    assert "Vos autres établissements" in page
    finder = client.get("/vers/ent")
    assert (finder.status_code, "Vos établissements" in finder.text) == (200, True)
    assert re.findall(r'href="/vers/ent/([^"]+)"', finder.text) == [
        "clg-rochat-rousses",
        "lyc-vberard-morez",
        "clg-pasteur-arbois",
    ]


@pytest.mark.parametrize(
    ("query", "location"),
    [
        ("", "https://aiguilleur.ac-besancon.fr/mire"),
        ("vers=nope&etab=clg-rochat-rousses", "https://aiguilleur.ac-besancon.fr/mire"),
        ("vers=ent&etab=nope&de=nope", "https://aiguilleur.ac-besancon.fr/mire?vers=ent"),
        (
            "vers=ent&etab=clg-rochat-rousses&de=affiche&source=educonnect",
            "https://aiguilleur.ac-besancon.fr/mire/clg-rochat-rousses?vers=ent&de=affiche",
        ),
    ],
)
def test_a_choice_that_is_opened_as_an_address_lands_on_its_mire(
    client: FlaskClient, query: str, location: str
) -> None:
    response = client.get("/choix", query_string=dict(parse_qsl(query)))

    assert (response.status_code, response.headers["Location"]) == (303, location)
    assert client.head("/choix").status_code == 200


def test_with_one_account_for_families_a_second_visit_goes_there_again(settings: Settings) -> None:
    client = serving(settings, datetime(2020, 12, 1, 9, tzinfo=UTC))
    visits = [client.get("/vers/ent/clg-rochat-rousses") for _ in range(2)]

    assert [(each.status_code, "BESANC-ATS" in each.headers["Location"]) for each in visits] == [(303, True)] * 2
