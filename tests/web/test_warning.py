from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from aiguilleur.core.model import School
from aiguilleur.settings.model import Settings
from aiguilleur.web import create_app
from tests.web.conftest import KEY

LINK = "/vers/teleservices/clg-rochat-rousses"
OURS = "https://aiguilleur.ac-besancon.fr"
PAGE = f"{OURS}/annonce/clg-rochat-rousses?vers=teleservices"
ATEN = "https://teleservices.ac-besancon.fr/ts"
JUNE = datetime(2021, 6, 1, 9, 42, tzinfo=UTC)
COOKIE = "__Host-aiguilleur-annonce"


class Clock:
    def __init__(self) -> None:
        self.now = JUNE

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def family(settings: Settings, clock: Clock) -> FlaskClient:
    """A browser with a session at ATEN, on the first of June."""
    return browser(settings, clock)


def browser(settings: Settings, now: Callable[[], datetime]) -> FlaskClient:
    client = create_app(settings, (KEY,), now=now).test_client()
    client.set_cookie("CTSESSION", "x", domain="localhost", secure=False)
    return client


def led(client: FlaskClient, link: str = LINK, **headers: str) -> tuple[int, str]:
    response = client.get(link, headers=headers)
    return response.status_code, response.headers.get("Location", "")


def then(client: FlaskClient, link: str = LINK) -> TestResponse:
    """The page that a link leads to on our own host."""
    location = client.get(link).headers["Location"]
    assert location.startswith(OURS)
    return client.get(location.removeprefix(OURS))


def entries(journal: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in journal.read_text(encoding="ascii").splitlines()]


def with_aten(settings: Settings, **changed: object) -> Settings:
    aten = replace(settings.sources["aten-besancon"], **changed)  # type: ignore[arg-type]
    return replace(settings, sources=dict(settings.sources) | {"aten-besancon": aten})


def test_a_family_sent_to_a_source_that_ends_soon_is_told_so_first(family: FlaskClient) -> None:
    response = family.get(LINK)
    shown = family.get(response.headers["Location"].removeprefix(OURS))

    assert (response.status_code, response.headers["Location"]) == (303, PAGE)
    assert "<h1>Ce compte s’arrête le 5 juillet 2021</h1>" in shown.text
    assert 'href="https://educonnect.education.gouv.fr/"' in shown.text
    assert response.headers["Aiguilleur-Code"] == shown.headers["Aiguilleur-Code"]
    assert shown.headers["Aiguilleur-Code"] in shown.text


def test_what_is_written_is_the_decision_and_the_click_is_one_step(family: FlaskClient, journal: Path) -> None:
    then(family)
    form = {"vers": "teleservices", "etab": "clg-rochat-rousses", "source": "aten-besancon"}
    gone = family.post("/choix", data=form)

    assert (gone.status_code, gone.headers["Location"]) == (303, ATEN)
    told = [(e["event"], e["outcome"], e["rule"], e["source"], e["host"]) for e in entries(journal)]
    assert told == [
        ("decided", "redirect", "aten-active[aten-besancon]", "aten-besancon", "aiguilleur.ac-besancon.fr"),
        ("choice", "redirect", "choice", "aten-besancon", "teleservices.ac-besancon.fr"),
    ]


def test_the_page_goes_on_to_the_page_that_was_wanted(settings: Settings, clock: Clock) -> None:
    teleservices = settings.targets["teleservices"]
    deep = replace(teleservices, pages={"bourses": {"aten-besancon": replace(teleservices.urls["aten-besancon"])}})
    client = browser(replace(settings, targets=dict(settings.targets) | {"teleservices": deep}), clock)
    location = client.get(f"{LINK}?page=bourses&de=eclat").headers["Location"]
    page = client.get(location.removeprefix(OURS)).text

    assert location == f"{PAGE}&de=eclat&page=bourses"
    for name, value in {"vers": "teleservices", "etab": "clg-rochat-rousses", "de": "eclat", "page": "bourses"}.items():
        assert f'<input type="hidden" name="{name}" value="{value}">' in page
    assert '<button name="source" value="aten-besancon">' in page


@pytest.mark.parametrize(
    ("after", "where"),
    [
        (timedelta(minutes=3), ATEN),
        (timedelta(days=6, hours=23), ATEN),
        (timedelta(days=7), PAGE),
    ],
)
def test_it_is_told_once_a_week(family: FlaskClient, clock: Clock, after: timedelta, where: str) -> None:
    family.get(LINK)
    cookie = family.get_cookie(COOKIE)
    clock.now += after

    assert led(family) == (303, where)
    assert cookie is not None
    assert (cookie.max_age, cookie.secure, cookie.http_only) == (7 * 24 * 3600, True, True)


@pytest.mark.parametrize(
    ("day", "where"),
    [
        (date(2021, 4, 30), ATEN),
        (date(2021, 5, 1), PAGE),
        (date(2021, 7, 5), PAGE),
        (date(2021, 7, 6), "https://teleservices.education.gouv.fr/"),
    ],
)
def test_it_is_told_from_warn_from_to_the_last_day(settings: Settings, day: date, where: str) -> None:
    client = browser(settings, lambda: datetime(day.year, day.month, day.day, 9, tzinfo=UTC))

    assert led(client) == (303, where)


def test_a_school_that_stops_before_the_others_is_warned_as_long_before(settings: Settings, clock: Clock) -> None:
    early = School("clg-tot", "", "Collège Tôt", "collège", "Tôt", "besancon", closes={"aten": date(2021, 4, 5)})
    aten = settings.sources["aten-besancon"]

    assert [aten.is_ending(early, date(2021, month, day)) for month, day in ((1, 29), (1, 30), (4, 5), (4, 6))] == [
        False,
        True,
        True,
        False,
    ]
    schools = dict(settings.directory.schools) | {"clg-tot": early}
    there = replace(settings, directory=replace(settings.directory, schools=schools))
    client = browser(there, lambda: datetime(2021, 4, 5, 9, tzinfo=UTC))
    assert "s’arrête le 5 avril 2021" in then(client, "/vers/teleservices/clg-tot").text


@pytest.mark.parametrize("query", ["?source=aten-besancon", "?source=aten-besancon&de=eclat"])
def test_who_chooses_is_not_told(family: FlaskClient, query: str) -> None:
    assert led(family, LINK + query) == (303, ATEN)


def test_a_shared_computer_is_not_told(family: FlaskClient) -> None:
    status, location = led(family, f"{LINK}?de=poste-partage")

    assert (status, location) == (200, "")
    assert family.get_cookie(COOKIE) is None


def test_a_prefetch_and_a_head_do_not_spend_it(family: FlaskClient) -> None:
    prefetched = family.get(LINK, headers={"Sec-Purpose": "prefetch"})
    head = family.head(LINK)

    assert (prefetched.status_code, head.status_code) == (425, 200)
    assert led(family) == (303, PAGE)


def test_without_another_account_to_create_there_is_nothing_to_say(settings: Settings, clock: Clock) -> None:
    educonnect = replace(settings.sources["educonnect"], create=None)
    client = browser(replace(settings, sources=dict(settings.sources) | {"educonnect": educonnect}), clock)

    assert led(client) == (303, ATEN)


def test_an_account_whose_source_is_ill_is_not_recommended(settings: Settings, clock: Clock) -> None:
    class Ill(Settings):
        __slots__ = ()

        def ill_sources(self, at: datetime) -> frozenset[str]:
            return frozenset({"educonnect"})

    fields = {name: getattr(settings, name) for name in Settings.__dataclass_fields__}

    assert led(browser(Ill(**fields), clock)) == (303, ATEN)


def test_a_source_without_an_announced_end_says_nothing(settings: Settings, clock: Clock) -> None:
    assert led(browser(with_aten(settings, warn_from=None), clock)) == (303, ATEN)


def test_a_browser_that_sends_no_cookie_is_not_told_at_every_visit(settings: Settings, clock: Clock) -> None:
    always = with_aten(
        settings, presume=(replace(settings.sources["aten-besancon"].presume[0], cookie=None, no_cookie="X"),)
    )
    client = create_app(always, (KEY,), now=clock).test_client(use_cookies=False)

    assert led(client) == (303, ATEN)


def test_back_after_going_on_leads_to_the_mire(family: FlaskClient) -> None:
    then(family)
    family.post("/choix", data={"vers": "teleservices", "etab": "clg-rochat-rousses", "source": "aten-besancon"})

    mire = "https://aiguilleur.ac-besancon.fr/mire/clg-rochat-rousses?vers=teleservices"
    assert led(family, PAGE) == (303, mire)


def test_the_page_of_nobodys_visit_is_the_mire(settings: Settings, clock: Clock) -> None:
    mire = "https://aiguilleur.ac-besancon.fr/mire/clg-rochat-rousses?vers=teleservices"
    client = browser(settings, clock)

    assert led(client, PAGE) == (303, mire)
    client.set_cookie(COOKIE, "forged.value", domain="localhost", secure=False)
    assert led(client, PAGE) == (303, mire)
    assert client.get("/annonce/clg-rochat-rousses?vers=nope").status_code == 404
    assert client.head("/annonce/clg-rochat-rousses?vers=teleservices").status_code == 200


def test_the_page_speaks_other_languages_at_its_own_address(family: FlaskClient) -> None:
    page = then(family).text

    assert 'href="/annonce/clg-rochat-rousses?vers=teleservices&amp;langue=ar"' in page
    again = family.get("/annonce/clg-rochat-rousses?vers=teleservices&langue=ar")
    assert (again.status_code, 'dir="rtl"' in again.text) == (200, True)


def test_nothing_that_a_visitor_wrote_is_on_the_page(family: FlaskClient) -> None:
    location = family.get(f"{LINK}?de=canary&canary=1").headers["Location"]
    page = family.get(f"{location.removeprefix(OURS)}&canary=1", headers={"User-Agent": "canary"}).text

    assert (location, "Ce compte s’arrête" in page, "canary" in page) == (PAGE, True, False)
