"""What is known again of an earlier request says the same as if it were asked for the first time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

import pytest
from flask import request
from flask.testing import FlaskClient

from aiguilleur.settings.model import Settings
from aiguilleur.web import create_app
from aiguilleur.web.application import Application
from aiguilleur.web.security import FRAMED_POLICY, Headers, Secured
from tests.web.conftest import KEY, MARCH

LINK = "/vers/teleservices/clg-rochat-rousses"


def application(settings: Settings) -> Application:
    return cast(Application, create_app(settings, (KEY,), now=lambda: MARCH))


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "PROPFIND"])
@pytest.mark.parametrize(
    "path",
    [LINK, f"{LINK}/", f"/{LINK}", "/vers/teleservices/%63lg-rochat-rousses", "/vers/nope", "/mire", "/nope", "/"],
)
def test_the_second_answer_is_as_the_first(bare: FlaskClient, path: str, method: str) -> None:
    first, second = (bare.open(path, method=method) for _ in range(2))

    for told in ("Location", "Allow", "Content-Type", "Content-Security-Policy", "Cache-Control", "Vary"):
        assert first.headers.get(told) == second.headers.get(told)
    assert first.status == second.status


def test_each_school_has_its_own_answer_whatever_was_asked_before(bare: FlaskClient) -> None:
    def led(etab: str) -> str:
        return bare.get(f"/vers/ent/{etab}?source=educonnect").headers["Location"]

    assert "clg-rochat-rousses" in led("clg-rochat-rousses")
    assert "clg-pasteur-arbois" in led("clg-pasteur-arbois")
    assert "clg-rochat-rousses" in led("clg-rochat-rousses")


def test_what_a_view_does_to_its_arguments_is_not_seen_by_the_next(settings: Settings) -> None:
    app = application(settings)
    for _ in range(2):
        with app.test_request_context(LINK):
            assert request.view_args == {"target": "teleservices", "etab": "clg-rochat-rousses"}
            request.view_args["etab"] = "changed"


def test_no_stranger_fills_the_memory_with_paths(settings: Settings) -> None:
    app = application(settings)
    before = app.known.cache_info().misses
    for number in range(3000):
        with app.test_request_context(f"/vers/teleservices/{number}"):
            pass
    kept = app.known.cache_info().currsize
    with app.test_request_context(f"/vers/teleservices/{'a' * 300}"):
        assert request.url_rule is not None

    assert kept == 1024
    assert app.known.cache_info().misses - before == 3000


def test_a_source_that_ends_is_closed_on_the_next_day_for_an_application_that_runs_on(settings: Settings) -> None:
    day = [datetime(2021, 7, 4, 9, 42, tzinfo=UTC)]
    last = settings.sources["aten-besancon"].closes
    assert last is not None
    client = create_app(settings, (KEY,), now=lambda: day[0]).test_client(use_cookies=False)
    before = client.get(f"{LINK}?source=aten-besancon")
    day[0] = day[0].replace(month=last.month, day=last.day, hour=23)

    assert before.status_code == 303
    # In France the day after has begun.
    assert client.get(f"{LINK}?source=aten-besancon").status_code == 200


def test_what_a_school_opens_itself_is_its_own(settings: Settings) -> None:
    schools = dict(settings.directory.schools)
    name, other = "clg-rochat-rousses", "clg-pasteur-arbois"
    schools[name] = replace(schools[name], opens={"educonnect": MARCH.date().replace(day=16)})
    directory = replace(settings.directory, schools=schools)
    client = create_app(replace(settings, directory=directory), (KEY,), now=lambda: MARCH).test_client()

    found = [client.get(f"/vers/teleservices/{each}?source=educonnect").status_code for each in (name, other, name)]
    assert found == [200, 303, 200]


@pytest.mark.parametrize(
    "own",
    [
        (),
        (("Location", "https://a.example"), ("Referrer-Policy", "no-referrer")),
        (("location", "https://a.example"), ("CACHE-CONTROL", "max-age=9")),
        (("Cache-Control", "public, max-age=9"),),
        (("Content-Security-Policy", FRAMED_POLICY),),
        (("Content-Security-Policy", "default-src 'self'"), ("Vary", "Accept")),
    ],
)
def test_headers_are_secured_by_what_they_say_and_not_by_what_others_said(settings: Settings, own: Headers) -> None:
    site = settings.site
    used = Secured(site.public_url)
    for name, value in (("Cache-Control", "public"), ("Content-Security-Policy", FRAMED_POLICY), ("Location", "/")):
        used(((name, value),))
        used(tuple((each, value) for each, _ in own))

    assert used(own) == used(list(own)) == Secured(site.public_url)(own)
    said = {name.lower(): value for name, value in used(own)}
    assert len(said) == len(used(own))
    assert said["strict-transport-security"] == "max-age=31536000"
    assert ("x-frame-options" in said) is (said["content-security-policy"] != FRAMED_POLICY)
    assert said["cache-control"] == (
        "public, max-age=9" if "public" in dict(own).get("Cache-Control", "") else "no-store"
    )
