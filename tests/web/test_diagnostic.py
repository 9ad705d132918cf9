from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from aiguilleur.core import matchers as m
from aiguilleur.core.decision import Rule
from aiguilleur.core.matchers import SourceIs
from aiguilleur.core.model import Arrival, Channel, Finding, ProbeRef, Reason, Redirect, SessionState, Sources
from aiguilleur.probes import Forwarded
from aiguilleur.remembered import Remembered, Seal
from aiguilleur.settings.model import Maintenance, Settings, Ticket
from aiguilleur.support import Account
from aiguilleur.web import create_app
from aiguilleur.web.diagnosis import Next
from tests.builders import asked_anew
from tests.conftest import ROOT
from tests.web.conftest import KEY, MARCH
from tests.web.test_route import CROSS

LINK = "/vers/teleservices/clg-rochat-rousses"
PAGE = "/diagnostic/clg-rochat-rousses?vers=teleservices"
TEMPLATES = ROOT / "aiguilleur" / "web" / "templates" / "diagnostic"


class Told:
    """A server-side probe of ATEN that gives one answer."""

    ref = ProbeRef("aten-besancon-told", "aten-besancon", Channel.BACK)

    def __init__(self, state: SessionState, reason: Reason = Reason.ANSWER) -> None:
        self.state, self.reason, self.calls = state, reason, 0

    def sends(self, cookies: Mapping[str, str], forwarded: Forwarded) -> tuple[str, ...]:
        return asked_anew()

    def ask(self, cookies: Mapping[str, str], forwarded: Forwarded, within: float) -> Finding:
        self.calls += 1
        return Finding(self.ref.source, self.state, Channel.BACK, self.ref.id, self.reason)


def asking(settings: Settings, probe: Told) -> Settings:
    sources = dict(settings.sources) | {"aten-besancon": replace(settings.sources["aten-besancon"], probes=(probe,))}
    policies = {name: replace(each, probes={"aten-besancon": (probe.ref,)}) for name, each in settings.policies.items()}
    return replace(settings, sources=sources, policies=policies)


def bare_client(settings: Settings, at: datetime = MARCH) -> FlaskClient:
    return create_app(settings, (KEY,), now=lambda: at).test_client(use_cookies=False)


def printed(response: TestResponse) -> str:
    """A page with plain spaces where French prints unbreakable ones."""
    return response.text.replace("\u00a0", " ")


def entries(journal: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in journal.read_text(encoding="ascii").splitlines()]


def test_it_tells_what_the_source_answered_and_what_a_click_would_give(settings: Settings, journal: Path) -> None:
    probe = Told(SessionState.ACTIVE)
    response = bare_client(asking(settings, probe)).get(PAGE)

    assert (response.status_code, probe.calls, "Location" in response.headers) == (200, 1, False)
    assert "Vous êtes connecté : ce compte nous l’a répondu." in printed(response)
    assert "Vous y arrivez tout de suite, avec ce compte : Compte Téléservices de l’académie de Besançon" in printed(
        response
    )
    assert "Vous êtes connecté avec : Compte Téléservices de l’académie de Besançon (ATEN)." in printed(response)
    [entry] = entries(journal)
    assert (entry["event"], entry["outcome"], entry["source"], entry["rule"], entry["status"]) == (
        "diagnosed",
        "redirect",
        "aten-besancon",
        "aten-active[aten-besancon]",
        200,
    )
    assert "host" not in entry
    assert entry["code"] == response.headers["Aiguilleur-Code"]
    assert str(entry["code"]) in response.text


@pytest.mark.parametrize(
    ("state", "reason", "said"),
    [
        (SessionState.INACTIVE, Reason.ANSWER, "Vous n’êtes pas connecté : ce compte nous l’a répondu."),
        (SessionState.INACTIVE, Reason.NO_COOKIE, "Vous n’êtes sans doute pas connecté, d’après les cookies."),
        (SessionState.UNKNOWN, Reason.NO_COOKIE, "Nous ne savons pas si vous êtes connecté."),
        (SessionState.UNKNOWN, Reason.DEADLINE, "Ce compte répond mal en ce moment. Cela ne vient pas de vous."),
        (SessionState.UNKNOWN, Reason.PARSE, "Ce compte a répondu, mais nous n’avons pas compris sa réponse."),
    ],
)
def test_each_answer_has_its_sentence(settings: Settings, state: SessionState, reason: Reason, said: str) -> None:
    assert said in printed(bare_client(asking(settings, Told(state, reason))).get(PAGE))


@pytest.mark.parametrize(
    ("cookie", "said", "of_it"),
    [
        ("CTSESSION=x", "Vous êtes sans doute connecté, d’après les cookies.", "Son cookie est là."),
        (
            "CTSESSION=x; ACTSESSION=%20",
            "Nous ne savons pas si vous êtes",
            "Son cookie dit que vous vous êtes déconnecté",
        ),
        ("other=x", "Nous ne savons pas si vous êtes connecté.", "Son cookie n’est pas là."),
    ],
)
def test_a_cookie_is_told_by_its_presence(settings: Settings, cookie: str, said: str, of_it: str) -> None:
    aten = replace(settings.sources["aten-besancon"], probes=())
    page = bare_client(replace(settings, sources=dict(settings.sources) | {"aten-besancon": aten})).get(
        PAGE, headers={"Cookie": cookie}
    )

    assert said in page.text
    assert of_it in page.text


def test_maintenance_the_end_and_what_is_not_open_yet_are_told(settings: Settings) -> None:
    pause = Maintenance(MARCH.replace(hour=0), MARCH.replace(hour=23))
    aten = replace(settings.sources["aten-besancon"], maintenance=(pause,))
    paused = bare_client(replace(settings, sources=dict(settings.sources) | {"aten-besancon": aten}))

    assert "Ce compte est arrêté un moment pour entretien." in paused.get(PAGE).text
    ended = bare_client(settings, datetime(2021, 9, 10, 9, tzinfo=UTC)).get(PAGE).text
    assert "Ce compte n’existe plus pour cet établissement." in ended
    assert "Son cookie" not in ended
    assert "C’est le seul compte ouvert pour cet établissement aujourd’hui." in ended
    before = bare_client(settings, datetime(2020, 12, 1, 9, tzinfo=UTC)).get(PAGE).text
    assert "Ce compte n’est pas ouvert pour cet établissement en ce moment." in before


def test_a_source_of_another_academie_is_not_on_the_page(client: FlaskClient) -> None:
    assert "Dijon" not in client.get(PAGE).text


def test_what_only_the_browser_could_ask_is_said_and_not_asked(settings: Settings) -> None:
    class Front:
        ref = ProbeRef("edu-front", "educonnect", Channel.FRONT)

    policies = {
        name: replace(
            each,
            probes={"educonnect": (Front.ref,)},
            rules=(
                Rule(
                    "edu",
                    (SourceIs(Sources("educonnect", ("educonnect",)), SessionState.ACTIVE),),
                    Redirect("educonnect"),
                ),
            ),
        )
        for name, each in settings.policies.items()
    }
    app = create_app(replace(settings, policies=policies), (KEY,), now=lambda: MARCH)
    response = app.test_client().get(PAGE)

    # No canary has flown here: nobody would be sent.
    assert "votre navigateur risquerait de ne pas revenir" in response.text
    assert "Location" not in response.headers


def test_the_last_visits_are_told_with_their_codes_in_local_time(client: FlaskClient) -> None:
    codes = [
        client.get(f"{LINK}?source={source}").headers["Aiguilleur-Code"] for source in ("educonnect", "aten-besancon")
    ]
    page = client.get("/diagnostic").text

    old, new = (page.index(f"{code}</strong></li>") for code in codes)
    assert new < old
    assert "Le 15 mars 2021 à 10:42 · Téléservices · Collège Rochat · EduConnect · code" in page
    # Neither service nor school was named: they are those of the last visit.
    assert "Si vous allez maintenant à «\u00a0Téléservices\u00a0»" in page


def test_a_moment_after_weak_evidence_the_next_click_is_a_choice(settings: Settings) -> None:
    client = create_app(settings, (KEY,), now=lambda: MARCH).test_client()
    client.set_cookie("CTSESSION", "x")
    client.get(LINK)

    assert "pendant deux minutes, vous choisissez votre compte vous-même" in client.get(PAGE).text


def test_a_shared_computer_is_told(settings: Settings) -> None:
    page = bare_client(settings).get(f"{PAGE}&de=poste-partage", headers={"Cookie": "CTSESSION=x"}).text

    assert "C’est un ordinateur partagé" in page
    assert "L’ordinateur est partagé : chacun choisit son compte." in page.replace("\u00a0", " ")


def test_the_announcement_of_an_end_is_foretold_and_not_spent(settings: Settings) -> None:
    june = datetime(2021, 6, 1, 9, tzinfo=UTC)
    response = bare_client(settings, june).get(PAGE, headers={"Cookie": "CTSESSION=x"})

    assert "Une page vous prévient d’abord que ce compte va s’arrêter" in response.text
    assert "Set-Cookie" not in response.headers


def test_whether_cookies_are_kept_is_found_out_by_asking_again(settings: Settings) -> None:
    keeps = create_app(settings, (KEY,), now=lambda: MARCH).test_client()
    first, again = keeps.get(PAGE), keeps.get(f"{PAGE}&essai=1")
    refuses = bare_client(settings).get(f"{PAGE}&essai=1")

    assert "Nous ne savons pas encore s’il garde les cookies." in first.text
    assert f'href="{PAGE}&amp;essai=1"' in first.text
    assert [cookie.split(";")[0] for cookie in first.headers.getlist("Set-Cookie")] == ["__Host-aiguilleur-essai=1"]
    assert "Il garde les cookies" in again.text
    assert "Il refuse les cookies." in refuses.text


def test_a_link_that_stands_elsewhere_may_lead_elsewhere(settings: Settings) -> None:
    page = bare_client(asking(settings, Told(SessionState.INACTIVE))).get(PAGE).text.replace("\u00a0", " ")

    assert "Depuis « la zone connectée du portail Éclat-BFC » :" in page
    assert "Depuis « une affiche" not in page


def test_the_ticket_is_filed_where_the_configuration_says(settings: Settings) -> None:
    with_ticket = bare_client(settings).get(PAGE).text
    without = bare_client(replace(settings, site=replace(settings.site, ticket=None))).get(f"{PAGE}&langue=ar").text

    assert settings.site.ticket == Ticket("educonnect", "Téléservices ou EclatBFC – Problème d'accès")
    assert "Mot-clé : educonnect\nProduit : Téléservices ou EclatBFC – Problème d&#39;accès\n" in with_ticket
    assert "Mot-clé" not in without
    assert "Établissement : Collège Rochat, Les Rousses (clg-rochat-rousses)\nService : Téléservices\n" in without


def test_without_a_school_it_says_that_one_is_asked_for(client: FlaskClient) -> None:
    assert "Nous vous demandons d’abord quel est votre établissement." in client.get("/diagnostic?vers=ent").text


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/diagnostic?vers=nope", "Nous ne connaissons pas ce service"),
        ("/diagnostic/clg-inconnu", "Nous ne connaissons pas cet établissement"),
        ("/diagnostic?etab=clg-inconnu", "Nous ne connaissons pas cet établissement"),
    ],
)
def test_what_is_unknown_is_told_as_everywhere(client: FlaskClient, path: str, said: str) -> None:
    response = client.get(path)

    assert response.status_code == 404
    assert said in response.text


@pytest.mark.parametrize("headers", [CROSS, CROSS | {"Referer": "https://evil.example/"}])
def test_another_site_learns_nothing_by_opening_it(settings: Settings, journal: Path, headers: dict[str, str]) -> None:
    probe = Told(SessionState.ACTIVE)
    response = bare_client(asking(settings, probe)).get(PAGE, headers=headers | {"Cookie": "CTSESSION=x"})

    assert (response.status_code, probe.calls) == (200, 0)
    assert "connecté" not in response.text
    assert "<textarea" not in response.text
    assert f'<a class="go" href="{PAGE}">' in response.text
    assert [(entry["event"], entry["outcome"]) for entry in entries(journal)] == [("refused", "discover")]


def test_a_gesture_from_another_site_is_answered(settings: Settings) -> None:
    assert "<textarea" in bare_client(settings).get(PAGE, headers=CROSS | {"Sec-Fetch-User": "?1"}).text


def test_head_prefetch_and_frame_are_as_those_of_the_link(settings: Settings, journal: Path) -> None:
    client = bare_client(asking(settings, Told(SessionState.ACTIVE)))
    head, early = client.head(PAGE), client.get(PAGE, headers={"Sec-Purpose": "prefetch"})

    assert (head.status_code, head.data, early.status_code, early.data) == (200, b"", 425, b"")
    assert not journal.exists()
    framed = client.get(PAGE, headers={"Sec-Fetch-Dest": "iframe"})
    assert "Ouvrir dans une nouvelle fenêtre" in framed.text
    assert "connecté :" not in framed.text


def test_a_look_is_no_visit(client: FlaskClient, journal: Path) -> None:
    client.get(f"{LINK}?source=educonnect")
    before = client.get_cookie("__Host-aiguilleur-recent")
    client.get(PAGE)

    assert client.get_cookie("__Host-aiguilleur-recent") == before
    assert "again" not in entries(journal)[1]


def test_nothing_that_a_visitor_brings_is_on_the_page_in_the_journal_or_in_the_log(
    settings: Settings, journal: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    headers = {
        "Cookie": "CTSESSION=canary-a; other=canary-b; __Host-aiguilleur-recent=canary-c; canary-d=1",
        "User-Agent": "canary-agent",
        "Referer": "https://clg-rochat-rousses.eclat-bfc.fr/canary?canary=1",
    }
    client = bare_client(asking(settings, Told(SessionState.UNKNOWN, Reason.PARSE)))
    pages = [
        client.get(f"{PAGE}&{query}", headers=headers | more).text
        for query in ("canary=1", "de=canary&source=canary&page=canary&essai=canary")
        for more in ({}, CROSS)
    ]

    written = journal.read_text(encoding="ascii")
    assert all("Aide au dépannage" in page for page in pages)
    assert "canary" not in "".join(pages) + written + caplog.text
    assert "127.0.0.1" not in "".join(pages) + written


def test_every_case_has_its_sentence_on_the_page_and_in_the_ticket() -> None:
    ticket = (TEMPLATES / "_demande.html").read_text(encoding="utf-8")
    follows = (TEMPLATES / "_suite.html").read_text(encoding="utf-8")

    assert [account for account in Account if f'"{account}": ' not in ticket] == []
    assert [each for each in Next if f'== "{each}"' not in follows or f'"{each}": ' not in ticket] == []


def test_the_footer_leads_to_it_for_this_school_and_service(client: FlaskClient) -> None:
    assert f'href="{PAGE}"' in client.get("/mire/clg-rochat-rousses?vers=teleservices").text
    assert 'href="/diagnostic"' in client.get("/oublier").text


ATEN = Sources("aten-besancon", ("aten-besancon",))
UNKNOWN = SourceIs(ATEN, SessionState.UNKNOWN)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (UNKNOWN, "Nous ne savons pas si vous êtes connecté avec : Compte Téléservices"),
        (SourceIs(ATEN, SessionState.INACTIVE), "Vous n’êtes pas connecté avec : Compte Téléservices"),
        (m.Entry("affiche"), "Le lien suivi se trouve dans : une affiche ou un QR code."),
        (m.Referer("*.eclat-bfc.fr"), "Vous venez du site *.eclat-bfc.fr."),
        (m.Cookie("CTSESSION"), "Ce navigateur garde la trace d’une connexion passée."),
        (m.ArrivalIs(Arrival.SAME_SITE), "Le site d’où vous venez compte aussi."),
        (m.Remembered(ATEN), "Vous avez demandé à ce navigateur de s’en souvenir."),
        (m.Not(m.Target("ent")), "Une règle de ce service ou de cet établissement le veut."),
        (m.All((m.Any((m.Target("ent"), m.Cookie("CTSESSION"))),)), "Ce navigateur garde la trace d’une connexion"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, m.Matcher) else "",
)
def test_every_condition_of_the_rule_that_answers_is_told(settings: Settings, condition: m.Matcher, said: str) -> None:
    rule = Rule("told", (condition,), Redirect("educonnect"))
    state = SessionState.INACTIVE if "n’êtes" in said else SessionState.UNKNOWN
    asked = asking(settings, Told(state, Reason.ANSWER if "n’êtes" in said else Reason.PARSE))
    policies = {name: replace(each, rules=(rule,)) for name, each in asked.policies.items()}
    app = create_app(replace(asked, policies=policies), (KEY,), now=lambda: MARCH)
    kept = Seal((KEY,)).seal(Remembered("aten-besancon"))
    headers = {
        "Cookie": f"{'' if condition is UNKNOWN else 'CTSESSION=x; '}__Host-aiguilleur-choix={kept}",
        "Referer": "https://clg-rochat-rousses.eclat-bfc.fr/",
        "Sec-Fetch-Site": "same-site",
    }
    page = printed(app.test_client(use_cookies=False).get(f"{PAGE}&de=affiche", headers=headers))

    assert said in page
    assert "Pour le service informatique : règle « told »." in page
