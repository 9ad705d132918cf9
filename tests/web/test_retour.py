"""A visit that asks through the browser: what travels, what comes back, and where it ends whatever comes back."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import datetime, timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from aiguilleur.core.decision import Rule
from aiguilleur.core.matchers import SourceIs
from aiguilleur.core.model import ProbeRef, Redirect, SessionState, Sources
from aiguilleur.probes import ConfigFile
from aiguilleur.probes.saml import SamlPassive
from aiguilleur.sandbox import educonnect_provider
from aiguilleur.settings.model import Settings
from aiguilleur.web import create_app
from tests.passive import NO_CANARY, Passive, Posted, trip_of
from tests.web.conftest import KEY, MARCH
from tests.web.test_route import NATIONAL, entries

LINK = "/vers/teleservices/clg-rochat-rousses"
ATEN_HOME = "https://teleservices.ac-besancon.fr/ts"
PUBLIC = "https://aiguilleur.ac-besancon.fr"
EDU = Posted("educonnect", "educonnect", "https://educonnect.example/passive")
ATEN = Passive("aten-front", "aten-besancon", "https://aten.example/passive")


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = MARCH

    def __call__(self) -> datetime:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def asking(settings: Settings, *probes: Passive | SamlPassive) -> Settings:
    """These settings, whose first rules ask through the browser, in this order."""
    sources = dict(settings.sources)
    asked: dict[str, tuple[ProbeRef, ...]] = {}
    for probe in probes:
        sources[probe.source] = replace(sources[probe.source], probes=(probe,))
        asked[probe.source] = (probe.ref,)
    rules = tuple(
        Rule(
            f"{probe.source}-active",
            (SourceIs(Sources(probe.source, (probe.source,)), SessionState.ACTIVE),),
            Redirect(probe.source),
        )
        for probe in probes
    )
    policies = {
        target: replace(policy, probes=asked, rules=(*policy.rules[:3], *rules, *policy.rules[3:]))
        for target, policy in settings.policies.items()
    }
    return replace(settings, sources=sources, policies=policies)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def family(settings: Settings, clock: Clock) -> FlaskClient:
    """A browser at an aiguilleur whose EduConnect is asked through it, and answers by POST."""
    return create_app(asking(settings, EDU), (KEY,), now=clock).test_client()


@pytest.fixture
def two(settings: Settings, clock: Clock) -> FlaskClient:
    """A browser at an aiguilleur that asks ATEN, then EduConnect, both through it."""
    return create_app(asking(settings, ATEN, EDU), (KEY,), now=clock).test_client()


def comes_back(client: FlaskClient, location: str, session: str, **other: str) -> TestResponse:
    """The source answers: a GET, or a cross-site POST and the GET that it is answered with."""
    trip, back = trip_of(location)
    path = back.removeprefix(PUBLIC)
    params = {"id": trip, "session": session, **other}
    if path.endswith("/aten-front"):
        return client.get(path, query_string=params)
    posted = client.post(path, data=params, headers={"Sec-Fetch-Site": "cross-site"})
    assert posted.status_code == 303
    return client.get(posted.location.removeprefix(PUBLIC)) if "/retour?" in posted.location else posted


def leaves(client: FlaskClient, link: str = LINK) -> str:
    response = client.get(link)
    assert response.status_code == 303
    assert response.location.startswith("https://educonnect.example/passive?")
    return response.location


def is_its_mire(response: TestResponse) -> bool:
    return response.status_code == 303 and response.location.startswith(
        f"{PUBLIC}/mire/clg-rochat-rousses?vers=teleservices"
    )


def cookies_of(response: TestResponse) -> dict[str, str]:
    """The attributes of each cookie that an answer sets, by its name."""
    set_by = response.headers.getlist("Set-Cookie")
    return {name: text for text in set_by for name in SimpleCookie(text)}


def test_a_session_leads_straight_to_the_service(family: FlaskClient, journal: Path) -> None:
    back = comes_back(family, leaves(family), "yes")

    assert back.location == NATIONAL
    asked, decided = entries(journal)
    assert (asked["event"], asked["outcome"], asked["source"], asked["host"], asked["legs"]) == (
        "asked",
        "ask",
        "educonnect",
        "educonnect.example",
        1,
    )
    assert (decided["event"], decided["outcome"], decided["rule"], decided["legs"]) == (
        "decided",
        "redirect",
        "educonnect-active",
        1,
    )
    assert asked["code"] == decided["code"] == back.headers["Aiguilleur-Code"]


@pytest.mark.parametrize("session", ["no", "perhaps", "nonsense"])
def test_without_one_the_next_rule_decides_and_the_mire_has_an_address_of_its_own(
    family: FlaskClient, journal: Path, session: str
) -> None:
    back = comes_back(family, leaves(family), session)
    code = back.headers["Aiguilleur-Code"]

    assert is_its_mire(back)
    for _ in range(2):
        mire = family.get(back.location.removeprefix(PUBLIC))
        assert (mire.status_code, mire.headers["Aiguilleur-Code"]) == (200, code)
        assert 'value="educonnect"' in mire.text
    assert [(entry["event"], entry["code"]) for entry in entries(journal)] == [("asked", code), ("decided", code)]


def test_two_sources_are_two_trips_and_one_line_tells_it(two: FlaskClient, journal: Path) -> None:
    first = two.get(LINK)
    second = comes_back(two, first.location, "no")
    last = comes_back(two, second.location, "yes")

    assert first.location.startswith(ATEN.url)
    assert second.location.startswith(EDU.url)
    assert last.location == NATIONAL
    decided = entries(journal)[-1]
    assert (decided["event"], decided["legs"]) == ("decided", 2)
    assert [
        (found["by"], found["state"], found["reason"])
        for found in decided["findings"]  # type: ignore[attr-defined]
    ] == [("aten-front", "inactive", "answer"), ("educonnect", "active", "answer")]


def test_no_more_trips_than_allowed(settings: Settings) -> None:
    policies = {target: replace(policy, max_legs=1) for target, policy in asking(settings, ATEN, EDU).policies.items()}
    client = create_app(
        replace(asking(settings, ATEN, EDU), policies=policies), (KEY,), now=lambda: MARCH
    ).test_client()

    assert is_its_mire(comes_back(client, client.get(LINK).location, "no"))


def test_the_cookie_of_a_trip_is_sent_with_a_cross_site_post_only_where_one_comes(two: FlaskClient) -> None:
    first = two.get(LINK)
    [(name, by_get)] = cookies_of(first).items()
    second = comes_back(two, first.location, "no")
    by_post = {other: text for other, text in cookies_of(second).items() if other != name}

    assert name.startswith("__Host-")
    assert all(f"; {part}" in by_get for part in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=1800"))
    [text] = by_post.values()
    assert all(f"; {part}" in text for part in ("Secure", "HttpOnly", "Path=/", "SameSite=None"))
    assert "Domain" not in text


def test_it_says_so_until_it_is_gone_or_a_return_played_again_would_not_find_its_mire(family: FlaskClient) -> None:
    trip, _ = trip_of(leaves(family))
    posted = family.post("/retour/educonnect", data={"id": trip, "session": "yes"})
    decided = family.get(posted.location.removeprefix(PUBLIC))

    for response in (posted, decided):
        [text] = [text for name, text in cookies_of(response).items() if "trajet" in name]
        assert "; SameSite=None" in text


def test_two_tabs_come_back_each_to_its_own_visit(family: FlaskClient) -> None:
    one, other = leaves(family), leaves(family, "/vers/ent/clg-rochat-rousses")

    assert comes_back(family, one, "yes").location == NATIONAL
    assert comes_back(family, other, "yes").location.startswith("https://cas.eclat-bfc.fr/login?selection=EDU")


def test_a_fifth_tab_forgets_the_first(family: FlaskClient, clock: Clock) -> None:
    away = []
    for _ in range(5):
        away.append(leaves(family))
        clock.pass_s(1)

    assert sum("trajet" in str(name) for name in family._cookies or ()) == 4
    assert comes_back(family, away[0], "yes").location == f"{PUBLIC}/mire"
    assert comes_back(family, away[4], "yes").location == NATIONAL


def test_a_return_that_is_played_again_leads_to_its_mire(family: FlaskClient, journal: Path) -> None:
    location = leaves(family)
    comes_back(family, location, "yes")
    for _ in range(3):
        assert is_its_mire(comes_back(family, location, "yes"))

    again = entries(journal)[-1]
    assert (again["event"], again["findings"][0]["reason"]) == ("returned", "replayed")  # type: ignore[index]


def test_the_first_of_two_returns_played_again_leads_to_its_mire(two: FlaskClient) -> None:
    first = two.get(LINK)
    comes_back(two, first.location, "no")

    assert is_its_mire(comes_back(two, first.location, "yes"))


@pytest.mark.parametrize("params", [{}, {"id": ""}, {"id": "0" * 32}, {"id": "é\ud7ff"}, {"id": "x" * 5000}])
def test_a_return_that_is_nobodys_leads_to_the_mire(family: FlaskClient, journal: Path, params: dict[str, str]) -> None:
    leaves(family)
    for response in (
        family.post("/retour/educonnect", data=params),
        family.get("/retour/educonnect", query_string=params),
    ):
        assert (response.status_code, response.location) == (303, f"{PUBLIC}/mire")

    lost = entries(journal)[-1]
    assert (lost["event"], lost["target"], lost["findings"][0]["reason"]) == ("returned", "?", "expired")  # type: ignore[index]


def test_a_return_in_another_browser_leads_to_the_mire(family: FlaskClient) -> None:
    location = leaves(family)
    stranger = family.application.test_client()

    assert comes_back(stranger, location, "yes").location == f"{PUBLIC}/mire"


def test_an_id_said_twice_is_not_said(family: FlaskClient) -> None:
    trip, _ = trip_of(leaves(family))

    response = family.get(f"/retour/educonnect?id={trip}&id={trip}&session=yes")
    assert response.location == f"{PUBLIC}/mire"


def test_the_answer_of_one_source_is_not_taken_for_anothers(two: FlaskClient, journal: Path) -> None:
    trip, _ = trip_of(two.get(LINK).location)

    swapped = two.post("/retour/educonnect", data={"id": trip, "session": "yes"})
    assert is_its_mire(swapped)
    assert entries(journal)[-1]["findings"][0]["reason"] == "parse"  # type: ignore[index]


def test_a_probe_that_no_longer_exists_leads_to_the_mire(family: FlaskClient) -> None:
    for path in ("/retour/nobody", "/retour"):
        assert family.get(path).location == f"{PUBLIC}/mire"


@pytest.mark.parametrize("seconds", [0.2, 9, 60, 121, 600, 1799])
def test_a_late_answer_counts_while_the_visit_may_go_on(family: FlaskClient, clock: Clock, seconds: float) -> None:
    location = leaves(family)
    clock.pass_s(seconds)

    assert comes_back(family, location, "yes").location == NATIONAL


def test_after_half_an_hour_it_does_not(family: FlaskClient, clock: Clock) -> None:
    location = leaves(family)
    clock.pass_s(1801)

    assert comes_back(family, location, "yes").location == f"{PUBLIC}/mire"


def test_what_was_found_long_ago_is_no_reason_for_the_same_trip(two: FlaskClient, clock: Clock, journal: Path) -> None:
    second = comes_back(two, two.get(LINK).location, "no")
    clock.pass_s(121)
    last = comes_back(two, second.location, "no")

    assert is_its_mire(last)
    assert [found["reason"] for found in entries(journal)[-1]["findings"]] == ["expired", "answer"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("seconds", [-10, 10])
def test_a_node_whose_clock_is_ten_seconds_off_goes_on(
    settings: Settings, clock: Clock, seconds: int, journal: Path
) -> None:
    nodes = [create_app(asking(settings, EDU), (KEY,), now=clock).test_client() for _ in range(2)]
    location = leaves(nodes[0])
    nodes[1]._cookies = nodes[0]._cookies
    clock.pass_s(seconds)

    assert comes_back(nodes[1], location, "yes").location == NATIONAL


def test_a_key_that_is_rotated_meanwhile_loses_nobody(settings: Settings, clock: Clock) -> None:
    before = create_app(asking(settings, EDU), ("o" * 32,), now=clock).test_client()
    after = create_app(asking(settings, EDU), ("o" * 32, "n" * 32), now=clock).test_client()
    location = leaves(before)
    after._cookies = before._cookies

    assert comes_back(after, location, "yes").location == NATIONAL


def test_a_key_that_is_taken_away_costs_a_click(settings: Settings, clock: Clock) -> None:
    before = create_app(asking(settings, EDU), ("o" * 32,), now=clock).test_client()
    after = create_app(asking(settings, EDU), ("n" * 32,), now=clock).test_client()
    location = leaves(before)
    after._cookies = before._cookies

    assert comes_back(after, location, "yes").location == f"{PUBLIC}/mire"


def test_who_never_came_back_is_not_sent_there_again(family: FlaskClient, clock: Clock, journal: Path) -> None:
    leaves(family)
    clock.pass_s(9)
    leaves(family)
    clock.pass_s(2)
    second = family.get(LINK)

    assert second.status_code == 200
    assert "educonnect" in second.text
    found = entries(journal)[-1]["findings"]
    assert [(each["by"], each["reason"]) for each in found] == [("educonnect", "not-returned")]  # type: ignore[attr-defined]
    assert entries(journal)[-1]["legs"] == 0


def test_half_an_hour_later_they_may_be(family: FlaskClient, clock: Clock) -> None:
    leaves(family)
    clock.pass_s(1801)

    leaves(family)


def test_a_browser_without_cookies_gets_the_mire(settings: Settings) -> None:
    client = create_app(asking(settings, EDU), (KEY,), now=lambda: MARCH).test_client(use_cookies=False)

    assert comes_back(client, leaves(client), "yes").location == f"{PUBLIC}/mire"


def test_a_second_visit_right_after_a_trip_is_no_second_trip_in_a_row_that_loops(family: FlaskClient) -> None:
    for _ in range(3):
        assert comes_back(family, leaves(family), "yes").location == NATIONAL

    # The fourth within a minute: the mire says that something goes wrong.
    back = comes_back(family, leaves(family), "yes")
    assert is_its_mire(back)
    assert "plusieurs fois" in family.get(back.location.removeprefix(PUBLIC)).text


def test_on_a_shared_computer_nobody_is_sent_anywhere(family: FlaskClient) -> None:
    response = family.get(f"{LINK}?de=poste-partage")

    assert response.status_code == 200


def test_head_and_prefetch_ask_nothing(family: FlaskClient, journal: Path) -> None:
    for path in (LINK, "/retour/educonnect", "/retour"):
        assert family.head(path).status_code == 200
    assert family.get(LINK, headers={"Sec-Purpose": "prefetch"}).status_code == 425
    assert not journal.exists() or not entries(journal)


def test_a_target_that_was_taken_away_meanwhile_leads_to_the_finder(settings: Settings, clock: Clock) -> None:
    before = create_app(asking(settings, EDU), (KEY,), now=clock).test_client()
    fewer = {name: target for name, target in settings.targets.items() if name != "teleservices"}
    after = create_app(replace(asking(settings, EDU), targets=fewer), (KEY,), now=clock).test_client()
    location = leaves(before)
    after._cookies = before._cookies

    assert comes_back(after, location, "yes").location == f"{PUBLIC}/mire"


def test_nothing_that_a_source_sends_is_written_down(family: FlaskClient, journal: Path) -> None:
    comes_back(family, leaves(family), "yes", ticket="ST-secret", name="Dominique Martin")

    written = journal.read_text()
    assert "secret" not in written
    assert "Dominique" not in written


def test_a_departure_that_is_not_of_the_configuration_is_never_followed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def elsewhere(*_: object) -> str:
        return "https://evil.example/passive?id=1"

    monkeypatch.setattr(Posted, "departure", elsewhere)
    response = create_app(asking(settings, EDU), (KEY,), now=lambda: MARCH).test_client().get(LINK)

    assert response.status_code == 200
    assert "Location" not in response.headers


def test_our_metadata_is_for_those_who_ask_by_saml(settings: Settings, tmp_path: Path) -> None:
    provider = educonnect_provider(8000, {})
    saml = SamlPassive("educonnect", "educonnect", ConfigFile("idp.xml", provider.metadata()))
    client = create_app(asking(settings, saml), (KEY,), now=lambda: MARCH).test_client()
    ours = client.get("/saml/metadata")

    assert (ours.status_code, ours.content_type) == (200, "application/samlmetadata+xml")
    assert f'entityID="{PUBLIC}/saml/metadata"' in ours.text
    assert f'Location="{PUBLIC}/retour/educonnect"' in ours.text
    assert create_app(settings, (KEY,), now=lambda: MARCH).test_client().get("/saml/metadata").status_code == 404


@pytest.mark.parametrize(
    "answer",
    ["<!DOCTYPE x><x/>", "<x>&e;</x>", "<samlp:Response/>", "no XML", "<a>" * 9000, "é" * 40_000],
    ids=["DTD", "entity", "prefix", "text", "deep", "long"],
)
def test_an_attack_by_xml_ends_on_the_mire_and_is_called_parse(settings: Settings, journal: Path, answer: str) -> None:
    provider = educonnect_provider(8000, {})
    saml = SamlPassive("educonnect", "educonnect", ConfigFile("idp.xml", provider.metadata()), canary=NO_CANARY)
    client = create_app(asking(settings, saml), (KEY,), now=lambda: MARCH).test_client()
    state = parse_qs(urlsplit(client.get(LINK).location).query)["RelayState"][0]
    posted = client.post(
        "/retour/educonnect", data={"SAMLResponse": b64encode(answer.encode()).decode(), "RelayState": state}
    )

    assert is_its_mire(client.get(posted.location.removeprefix(PUBLIC)))
    assert [found["reason"] for found in entries(journal)[-1]["findings"]] == ["parse"]  # type: ignore[attr-defined]


def test_a_post_beyond_all_bounds_is_refused_in_french(family: FlaskClient) -> None:
    trip, _ = trip_of(leaves(family))
    response = family.post("/retour/educonnect", data={"id": trip, "session": "y" * 200_000})

    assert response.status_code == 413
    assert "Aiguilleur-Code" in response.headers


def test_the_mire_after_a_trip_still_knows_where_the_link_stood(family: FlaskClient) -> None:
    mire = comes_back(family, leaves(family, f"{LINK}?de=affiche"), "no").location.removeprefix(PUBLIC)

    assert '<input type="hidden" name="de" value="affiche">' in family.get(mire).text
