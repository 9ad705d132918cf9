"""A real OpenID provider, asked with `prompt=none` by a real browser on its way through aiguilleur."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Page

from tests.passive.conftest import (
    AIGUILLEUR,
    LINK,
    LOST_S,
    MIRE,
    NATIONAL,
    PROBE,
    Academy,
    Trail,
    academy,
    at,
    return_url,
    strand,
)
from tests.servers.oidc import CLIENT_ID, HOST, OpenIdProvider, openid_provider

pytestmark = [pytest.mark.browser, pytest.mark.npm, pytest.mark.enable_socket]
THERE_AND_BACK = [(AIGUILLEUR, LINK), (HOST, "/auth"), (AIGUILLEUR, f"/retour/{PROBE}")]


@contextmanager
def asking(
    folder: Path, port: int, *, consents: bool = True, shows: bool = False, **settings: object
) -> Iterator[tuple[OpenIdProvider, Academy]]:
    """A provider, and an aiguilleur that is registered there; another service is too."""
    registered = (return_url(port), at(port, NATIONAL))
    with openid_provider(folder, registered, consents=consents, shows=shows) as provider:
        probe = {"kind": "oidc_passive", "url": provider.url, "issuer": provider.issuer, "client_id": CLIENT_ID}
        with academy(folder, port, probe | settings) as around:
            yield provider, around


def log_in(page: Page, provider: OpenIdProvider, port: int) -> None:
    """Open a session, as the other service's login link does."""
    asked = {
        "client_id": CLIENT_ID,
        "response_type": "code",
        "scope": "openid",
        "redirect_uri": at(port, NATIONAL),
        "code_challenge": "x" * 43,
        "code_challenge_method": "S256",
    }
    page.goto(f"{provider.url}?{urlencode(asked)}")
    fill_form(page)


def fill_form(page: Page) -> None:
    page.fill("[name=login]", "alice")
    page.fill("[name=password]", "alice")
    page.click("[type=submit]")
    page.wait_for_load_state()


def test_without_a_session_the_next_rule_answers(page: Page, trail: Trail, tmp_path: Path, port: int) -> None:
    with asking(tmp_path, port) as (_, around):
        page.goto(around.link)

        assert trail.taken() == [*THERE_AND_BACK, (AIGUILLEUR, MIRE)]
        assert around.told() == ("inactive", "answer")


def test_with_a_session_the_browser_goes_straight_to_the_service(
    page: Page, trail: Trail, tmp_path: Path, port: int
) -> None:
    with asking(tmp_path, port) as (provider, around):
        log_in(page, provider, port)
        trail.taken()
        page.goto(around.link)

        assert trail.taken()[:4] == [*THERE_AND_BACK, (NATIONAL, "/")]
        assert around.told() == ("active", "answer")


def test_a_session_without_consent_is_a_session(page: Page, trail: Trail, tmp_path: Path, port: int) -> None:
    with asking(tmp_path, port, consents=False) as (provider, around):
        log_in(page, provider, port)
        assert urlsplit(page.url).hostname == HOST
        trail.taken()
        page.goto(around.link)

        assert trail.taken()[:4] == [*THERE_AND_BACK, (NATIONAL, "/")]
        assert around.told() == ("active", "answer")
        assert around.last().rule == "educonnect-active"


def test_the_meaning_of_an_error_is_the_configurations(page: Page, tmp_path: Path, port: int) -> None:
    with asking(tmp_path, port, consents=False, answers={"consent_required": "unknown"}) as (provider, around):
        log_in(page, provider, port)
        page.goto(around.link)

        assert urlsplit(page.url).path == MIRE
        assert around.told() == ("unknown", "answer")


def test_an_answer_of_another_issuer_says_nothing(page: Page, tmp_path: Path, port: int) -> None:
    with asking(tmp_path, port, issuer="https://other.example") as (provider, around):
        log_in(page, provider, port)
        page.goto(around.link)

        assert urlsplit(page.url).path == MIRE
        assert around.told() == ("unknown", "parse")


def test_an_unknown_client_is_kept_there_and_the_second_click_finds_the_mire(
    page: Page, trail: Trail, tmp_path: Path, port: int
) -> None:
    with asking(tmp_path, port, client_id="nobody") as (_, around):
        page.goto(around.link)
        assert trail.taken() == THERE_AND_BACK[:2]
        assert "invalid_client" in page.content()

        around.clock.pass_s(LOST_S)
        page.goto(around.link)
        assert [host for host, _ in trail.taken()] == [AIGUILLEUR]
        assert around.told() == ("unknown", "not-returned")


def test_a_form_that_is_shown_all_the_same_leads_to_the_service(
    page: Page, trail: Trail, tmp_path: Path, port: int
) -> None:
    with asking(tmp_path, port, shows=True) as (_, around):
        page.goto(around.link)
        assert urlsplit(page.url).hostname == HOST

        fill_form(page)
        assert (NATIONAL, "/") in trail.taken()
        assert around.told() == ("active", "answer")


def test_a_provider_that_is_silent_loses_one_click(page: Page, trail: Trail, tmp_path: Path, port: int) -> None:
    with asking(tmp_path, port) as (provider, around):
        log_in(page, provider, port)
        provider.process.suspend()
        trail.taken()
        strand(page, around.link, HOST)
        assert trail.taken() == THERE_AND_BACK[:2]

        around.clock.pass_s(LOST_S)
        page.goto(around.link)
        assert [host for host, _ in trail.taken()] == [AIGUILLEUR]
        assert page.locator("button[name=source]").count() == 2
        assert around.told() == ("unknown", "not-returned")
