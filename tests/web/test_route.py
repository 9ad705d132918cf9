from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from aiguilleur.core.decision import Rule
from aiguilleur.core.matchers import Target
from aiguilleur.core.model import Channel, Discover, Finding, ProbeRef, Reason, SessionState
from aiguilleur.probes import Forwarded
from aiguilleur.settings.model import LegacyLink, Settings, Template
from aiguilleur.web import create_app
from tests.builders import asked_anew
from tests.web.conftest import KEY, MARCH

LINK = "/vers/teleservices/clg-rochat-rousses"
NATIONAL = "https://teleservices.education.gouv.fr/"
CAS = "https://cas.eclat-bfc.fr/login?selection=EDU&service="
HOME = "https%3A%2F%2Fclg-rochat-rousses.eclat-bfc.fr%2Fsg.do%3FPROC%3DPAGE_ACCUEIL"


def entries(journal: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in journal.read_text(encoding="ascii").splitlines()]


def test_an_explicit_choice_goes_there(client: FlaskClient, journal: Path) -> None:
    response = client.get(f"{LINK}?source=educonnect")

    assert (response.status_code, response.headers["Location"]) == (303, NATIONAL)
    [entry] = entries(journal)
    assert (entry["rule"], entry["source"], entry["host"]) == (
        "chosen[educonnect]",
        "educonnect",
        "teleservices.education.gouv.fr",
    )
    assert entry["code"] == response.headers["Aiguilleur-Code"]


@pytest.mark.parametrize(
    "path",
    [
        "/vers/ent/clg-rochat-rousses?source=educonnect",
        "/vers/ent/CLG-Rochat-Rousses.eclat-bfc.fr?source=educonnect",
        "/vers/ent?etab=https://clg-rochat-rousses.eclat-bfc.fr/sg.do&source=educonnect",
        "/vers/ent/clg-rochat-rousses.%20?source=educonnect",
    ],
)
def test_a_school_is_known_in_every_spelling(client: FlaskClient, path: str) -> None:
    assert client.get(path).headers["Location"] == CAS + HOME


@pytest.mark.parametrize("raw", [b"x=\xff", b"etab=coll\xe8ge", "de=affiché".encode(), b"\xff"])
def test_bytes_that_no_browser_sends_in_a_query_do_not_cost_the_redirect(client: FlaskClient, raw: bytes) -> None:
    query = raw.decode("latin-1") + "&source=educonnect"

    assert client.get(LINK, environ_overrides={"QUERY_STRING": query}).headers["Location"] == NATIONAL


def test_the_referers_portal_names_the_school(client: FlaskClient) -> None:
    referer = {"Referer": "https://clg-rochat-rousses.eclat-bfc.fr/page?x=1"}

    assert client.get("/vers/ent?source=educonnect", headers=referer).headers["Location"] == CAS + HOME


def test_a_service_that_needs_a_school_asks_which(client: FlaskClient) -> None:
    response = client.get("/vers/ent")

    assert response.status_code == 200
    assert "Quel est votre établissement" in response.text


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/vers/ent/clg-inconnu", "Nous ne connaissons pas cet établissement"),
        ("/mire/clg-inconnu", "Nous ne connaissons pas cet établissement"),
        ("/vers/nope", "Nous ne connaissons pas ce service"),
        ("/mire?vers=nope", "Nous ne connaissons pas ce service"),
        ("/nope", "Cette page n’existe pas"),
        ("/aiguilleur.php?svc=other", "Cette page n’existe pas"),
    ],
)
def test_what_is_unknown_is_said_in_french_with_a_code_and_a_way_on(client: FlaskClient, path: str, said: str) -> None:
    response = client.get(path)

    assert response.status_code == 404
    assert said in response.text
    assert response.headers["Aiguilleur-Code"] in response.text
    assert 'href="/mire' in response.text


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("https://a.example:8443/x;y?a=%2F&b=c#d", "https://a.example:8443/x;y?a=%2F&b=c#d"),
        ("https://école.example/à?b=é#ç", "https://xn--cole-9oa.example/%C3%A0?b=%C3%A9#%C3%A7"),
        ("https://a.example/[x]?y[]=1", "https://a.example/%5Bx%5D?y%5B%5D=1"),
        ("https://[2001:db8::1]/x", "https://[2001:db8::1]/x"),
    ],
)
def test_what_an_address_cannot_hold_as_it_is_is_encoded(settings: Settings, address: str, sent: str) -> None:
    target = settings.targets["teleservices"]
    moved = replace(target, urls=dict(target.urls) | {"educonnect": Template(address)})
    settings = replace(settings, targets=dict(settings.targets) | {"teleservices": moved})
    client = create_app(settings, (KEY,), now=lambda: MARCH).test_client()

    assert client.get(f"{LINK}?source=educonnect").headers["Location"] == sent


def test_an_older_address_stands_for_a_link(client: FlaskClient) -> None:
    response = client.get("/aiguilleur.php?svc=ent&rne=clg-rochat-rousses&src=EDU")

    assert response.headers["Location"] == CAS + HOME


@pytest.mark.parametrize("path", ["/old/", "/old", "/old/page/", "/old/page"])
def test_an_older_address_that_ends_in_a_slash_is_the_same_without_it(settings: Settings, path: str) -> None:
    links = tuple(
        LegacyLink(path, "ent", {"svc": "ent"}, "rne", "src", {"EDU": "educonnect"}) for path in ("/old/", "/old/page/")
    )
    settings = replace(settings, site=replace(settings.site, legacy=links))
    client = create_app(settings, (KEY,)).test_client()
    response = client.get(f"{path}?svc=ent&rne=clg-rochat-rousses&src=EDU")

    assert response.status_code == 303
    assert response.headers["Location"] == CAS + HOME


def test_the_framework_sends_nobody_anywhere(client: FlaskClient) -> None:
    rules = [each for each in client.application.url_map.iter_rules() if each.rule.endswith("/") and each.rule != "/"]

    assert [each.rule for each in rules if each.strict_slashes] == []
    assert not client.application.url_map.merge_slashes


def test_no_part_of_the_application_has_steps_of_its_own_that_the_short_way_would_leave_out(
    client: FlaskClient,
) -> None:
    app = client.application

    assert set(app.after_request_funcs) <= {None}
    assert not app.url_value_preprocessors


HOSTILE = [
    "\r\nLocation: https://evil.example",
    "https://evil.example",
    "//evil.example",
    "{etab}",
    "<script>alert(1)</script>",
    "\x00\x1b[31m",
    "\u202e\u2066",
    "%2e%2e/%2e%2e",
    "a" * 5000,
    "' OR 1=1 --",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["etab", "de", "source", "page", "vers"])
def test_hostile_parameters_choose_nothing_and_are_never_echoed(
    client: FlaskClient, journal: Path, name: str, text: str
) -> None:
    for path in (LINK, "/mire/clg-rochat-rousses", "/vers/ent"):
        response = client.get(path, query_string={name: text})

        assert response.status_code < 500
        assert "evil.example" not in response.headers.get("Location", "")
        assert "<script>alert" not in response.text
    if journal.exists():
        assert "evil" not in journal.read_text(encoding="ascii")


@pytest.mark.parametrize("text", HOSTILE[1:])
def test_hostile_paths_and_headers_end_on_a_page(client: FlaskClient, text: str) -> None:
    ascii_text = text.encode("ascii", "ignore").decode().replace("\x00", "").replace("\x1b", "")
    headers = {
        "Referer": ascii_text,
        "User-Agent": ascii_text,
        "Sec-Fetch-Site": "?",
        "X-Forwarded-Host": "evil.example",
    }
    for response in (client.get(f"/vers/{text}"), client.get(f"/vers/ent/{text}"), client.get(LINK, headers=headers)):
        assert response.status_code in (200, 303, 404)
        assert "evil.example" not in response.headers.get("Location", "")


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        ";;;=;",
        "=__Host-x=bad",
        "CTSESSION=a; CTSESSION=b",
        "CTSESSION=; ACTSESSION=%20",
        "a=" + "b" * 12_000,
        "\x7f=1",
    ],
)
def test_odd_cookies_end_on_a_page(bare: FlaskClient, cookie: str) -> None:
    assert bare.get(LINK, headers={"Cookie": cookie}).status_code in (200, 303)


def test_head_has_the_pages_headers_and_writes_nothing(client: FlaskClient, journal: Path) -> None:
    response = client.head(LINK)

    assert (response.status_code, response.content_type, response.data) == (200, "text/html; charset=utf-8", b"")
    assert not journal.exists()
    assert "Set-Cookie" not in response.headers


def test_a_prefetch_is_told_to_come_again(client: FlaskClient, journal: Path) -> None:
    response = client.get(LINK, headers={"Sec-Purpose": "prefetch;prerender"})

    assert (response.status_code, response.data, journal.exists()) == (425, b"", False)


CROSS = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (CROSS, 200),
        (CROSS | {"Sec-Fetch-User": "?1"}, 303),
        (CROSS | {"Referer": "https://clg-rochat-rousses.eclat-bfc.fr/"}, 303),
        (CROSS | {"Referer": "https://evil.example/"}, 200),
        ({"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}, 200),
        ({"Sec-Fetch-Dest": "iframe"}, 200),
        ({}, 303),
    ],
)
def test_another_site_learns_nothing_without_a_gesture(
    client: FlaskClient, headers: dict[str, str], status: int
) -> None:
    assert client.get(f"{LINK}?source=educonnect", headers=headers).status_code == status


def test_in_a_frame_the_page_offers_a_window(client: FlaskClient) -> None:
    response = client.get(LINK, headers={"Sec-Fetch-Dest": "iframe"})

    assert "Ouvrir dans une nouvelle fenêtre" in response.text
    assert 'target="_blank" rel="noopener"' in response.text
    assert "<button" not in response.text
    assert response.text.count("<a ") == 1
    # Refused, the frame would stay empty; so this page, which leads nowhere by itself, may be shown.
    assert "frame-ancestors *" in response.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in response.headers


def test_every_answer_carries_the_security_headers(client: FlaskClient) -> None:
    for path in (LINK, f"{LINK}?source=educonnect", "/nope", "/healthz", "/readyz", "/oublier", "/mire"):
        headers = client.get(path).headers

        assert headers["Cache-Control"] == "no-store", path
        assert headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "form-action" not in headers["Content-Security-Policy"]
        assert headers["Strict-Transport-Security"] == "max-age=31536000"
        assert "Access-Control-Allow-Origin" not in headers


def test_redirects_say_nothing_of_where_one_comes_from(client: FlaskClient) -> None:
    assert client.get(f"{LINK}?source=educonnect").headers["Referrer-Policy"] == "no-referrer"
    assert client.get(LINK).headers["Referrer-Policy"] == "same-origin"


def test_whatever_breaks_ends_on_the_plain_mire(bare: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret-value")

    monkeypatch.setattr("aiguilleur.web.route.advance", broken)
    response = bare.get(LINK, headers={"Cookie": "CTSESSION=canary"})

    assert response.status_code == 200
    assert "Choisissez comment vous connecter" in response.text
    assert response.headers["Aiguilleur-Code"] in response.text
    assert "secret-value" not in response.text


def test_more_than_three_redirects_to_the_same_place_stop_on_the_mire(settings: Settings) -> None:
    later = iter(MARCH.replace(month=9) + timedelta(seconds=5 * n) for n in range(100))
    client = create_app(settings, (KEY,), now=lambda: next(later)).test_client()
    statuses = [client.get(LINK).status_code for _ in range(4)]
    last = client.get(LINK)

    assert statuses == [303, 303, 303, 200]
    assert "plusieurs fois de suite" in last.text


def test_on_a_shared_computer_nothing_is_redirected_silently(settings: Settings) -> None:
    client = create_app(settings, (KEY,), now=lambda: MARCH).test_client(use_cookies=False)
    headers = {"Cookie": "CTSESSION=x"}

    assert client.get(LINK, headers=headers).status_code == 303
    shared = client.get(f"{LINK}?de=poste-partage", headers=headers)
    assert shared.status_code == 200
    assert "souvenir" not in shared.text


def test_the_old_mire_addresses_answer(settings: Settings) -> None:
    client = create_app(settings, (KEY,), now=lambda: MARCH).test_client()
    base = "https://mire-eclat-bfc.ac-besancon.fr"

    def location(path: str) -> str:
        return client.get(path, base_url=base).headers.get("Location", "")

    assert location("/clg-rochat-rousses") == "https://aiguilleur.ac-besancon.fr/mire/clg-rochat-rousses"
    assert location("/readme.html") == "https://aiguilleur.ac-besancon.fr/readme.html"
    # On this host all that follows the slash is a school: the page that helps is on the public one.
    assert location("/nope") == "https://aiguilleur.ac-besancon.fr/mire?inconnu=1"
    unknown = client.get("/mire?inconnu=1")
    assert (unknown.status_code, "Nous ne connaissons pas cet établissement" in unknown.text) == (404, True)


def test_before_educonnect_opens_aten_is_the_only_one(settings: Settings) -> None:
    client = create_app(settings, (KEY,), now=lambda: datetime(2020, 12, 1, tzinfo=UTC)).test_client()

    assert client.get(LINK).headers["Location"] == "https://teleservices.ac-besancon.fr/ts"
    refused = client.get(f"{LINK}?source=educonnect")
    assert "Ce compte n’est pas ouvert ici" in refused.text


def test_no_open_source_is_a_page_with_help(settings: Settings) -> None:
    closed = {name: replace(source, closes=MARCH.date() - timedelta(1)) for name, source in settings.sources.items()}
    client = create_app(replace(settings, sources=closed), (KEY,), now=lambda: MARCH).test_client()
    response = client.get(LINK)

    assert response.status_code == 200
    assert "Aucun accès n’est ouvert aujourd’hui" in response.text


def test_a_choice_from_another_site_is_not_followed(client: FlaskClient) -> None:
    form = {"vers": "teleservices", "etab": "clg-rochat-rousses", "source": "educonnect", "souvenir": "1"}

    assert client.post("/choix", data=form, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    followed = client.post("/choix", data=form, headers={"Sec-Fetch-Site": "same-origin"})
    assert (followed.status_code, followed.headers["Location"]) == (303, NATIONAL)
    cookies = followed.headers.getlist("Set-Cookie")
    assert all("Secure; HttpOnly; Path=/; SameSite=Lax" in cookie for cookie in cookies)
    assert {cookie.split("=")[0] for cookie in cookies} == {"__Host-aiguilleur-choix", "__Host-aiguilleur-recent"}


def test_a_remembered_choice_is_followed_and_a_forged_one_is_not(client: FlaskClient) -> None:
    form = {"vers": "teleservices", "etab": "clg-rochat-rousses", "source": "educonnect", "souvenir": "1"}
    client.post("/choix", data=form)
    followed = client.get(LINK).status_code
    client.set_cookie("__Host-aiguilleur-choix", "forged.value", secure=True)
    client.delete_cookie("__Host-aiguilleur-recent")

    assert (followed, client.get(LINK).status_code) == (303, 200)


def test_a_choice_of_nothing_goes_back_to_the_mire(client: FlaskClient) -> None:
    response = client.post("/choix", data={"vers": "ent", "etab": "clg-rochat-rousses", "source": "nope"})

    assert response.headers["Location"] == "https://aiguilleur.ac-besancon.fr/mire/clg-rochat-rousses?vers=ent"


def test_coming_back_is_written_as_regret(client: FlaskClient, journal: Path) -> None:
    client.get(f"{LINK}?source=educonnect")
    client.get(f"{LINK}?source=educonnect")

    assert entries(journal)[1]["again"] == {"rule": "chosen[educonnect]", "after_s": 0}


def test_a_rule_on_trial_is_counted_beside_the_one_that_answered(settings: Settings, journal: Path) -> None:
    policies = {
        name: replace(
            policy, rules=(Rule("tried", (Target(name),), Discover(("educonnect",)), shadow=True), *policy.rules)
        )
        for name, policy in settings.policies.items()
    }
    create_app(replace(settings, policies=policies), (KEY,), now=lambda: MARCH).test_client().get(
        f"{LINK}?source=educonnect"
    )

    assert [(entry["rule"], entry["shadow"]) for entry in entries(journal)] == [("chosen[educonnect]", "tried")]


def test_the_journal_holds_no_cookie_value_address_or_agent(bare: FlaskClient, journal: Path) -> None:
    headers = {
        "Cookie": "CTSESSION=canary-cookie; other=canary-other",
        "User-Agent": "canary-agent",
        "Referer": "https://clg-rochat-rousses.eclat-bfc.fr/canary-path?canary=1",
    }
    bare.get(f"{LINK}?de=eclat&canary=1", headers=headers)
    text = journal.read_text(encoding="ascii")

    assert "canary" not in text
    assert "127.0.0.1" not in text
    assert json.loads(text)["signals"] == {"referer_host": "*.eclat-bfc.fr", "cookies": ["CTSESSION"]}


def test_alive_and_ready(client: FlaskClient, settings: Settings) -> None:
    ready = client.get("/readyz")

    assert client.get("/healthz").data == b"ok\n"
    assert ready.json is not None
    assert (ready.status_code, ready.json["digest"]) == (200, settings.digest)


class Dead:
    """A source whose server refuses every call."""

    ref = ProbeRef("aten-besancon-dead", "aten-besancon", Channel.BACK)

    def sends(self, cookies: Mapping[str, str], forwarded: Forwarded) -> tuple[str, ...]:
        return asked_anew()

    def ask(self, cookies: Mapping[str, str], forwarded: Forwarded, within: float) -> Finding:
        return Finding(self.ref.source, SessionState.UNKNOWN, Channel.BACK, self.ref.id, Reason.CONNECT)


def test_a_source_that_keeps_failing_is_left_alone_shown_ill_and_told_to_operators(
    settings: Settings, journal: Path
) -> None:
    dead = Dead()
    sources = dict(settings.sources) | {"aten-besancon": replace(settings.sources["aten-besancon"], probes=(dead,))}
    policies = {name: replace(each, probes={"aten-besancon": (dead.ref,)}) for name, each in settings.policies.items()}
    client = create_app(replace(settings, sources=sources, policies=policies), (KEY,), now=lambda: MARCH).test_client()
    for _ in range(4):
        page = client.get(LINK).text
    ready = client.get("/readyz")

    assert "Ce service répond mal en ce moment." in page
    assert [(entry["event"], entry.get("outcome")) for entry in entries(journal)] == [
        ("decided", "discover"),
        ("decided", "discover"),
        ("source", "open"),
        ("decided", "discover"),
        ("decided", "discover"),
    ]
    # The last visit did not even ask.
    assert ["findings" in entry for entry in entries(journal)] == [True, True, True, True, False]
    assert ready.status_code == 200
    assert ready.json is not None
    assert ready.json["sources"]["aten-besancon"] == "ill"
    assert ready.json["probes"][dead.ref.id]["breaker"] == "open"
    assert client.get(f"{LINK}?source=aten-besancon").status_code == 303
