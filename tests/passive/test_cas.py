"""A real CAS, asked by its gateway by a real browser on its way through aiguilleur."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

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
    pattern,
    return_url,
    strand,
)
from tests.servers.cas import HOST, Cas, cas_server

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]
THERE_AND_BACK = [(AIGUILLEUR, LINK), (HOST, "/cas/login"), (AIGUILLEUR, f"/retour/{PROBE}")]


@contextmanager
def asking(
    folder: Path, port: int, *, registered: bool = True, shows: bool = False, **settings: object
) -> Iterator[tuple[Cas, Academy]]:
    """A CAS, and an aiguilleur that may be registered there; another service is."""
    ours = (pattern(f"{return_url(port)}?parcours=") + "[0-9a-f]{32}$",)
    services = (pattern(at(port, NATIONAL)), *(ours if registered else ()))
    with (
        cas_server(folder, services, shows=shows) as cas,
        academy(folder, port, {"kind": "cas_passive", "url": cas.url, **settings}) as around,
    ):
        yield cas, around


def log_in(page: Page, cas: Cas, port: int) -> None:
    """Open a session, as the other service's login link does."""
    page.goto(f"{cas.url}?{urlencode({'service': at(port, NATIONAL)})}")
    fill_form(page)


def fill_form(page: Page) -> None:
    page.fill("[name=username]", "alice")
    page.fill("[name=password]", "alice")
    page.click("button[type=submit]")
    page.wait_for_load_state()


def test_without_a_session_the_next_rule_answers(page: Page, trail: Trail, tmp_path: Path, port: int) -> None:
    with asking(tmp_path, port) as (_, around):
        page.goto(around.link)

        assert trail.taken() == [*THERE_AND_BACK, (AIGUILLEUR, MIRE)]
        assert around.told() == ("inactive", "answer")


def test_with_a_session_the_browser_goes_straight_to_the_service(
    page: Page, trail: Trail, tmp_path: Path, port: int
) -> None:
    with asking(tmp_path, port) as (cas, around):
        log_in(page, cas, port)
        trail.taken()
        page.goto(around.link)

        assert trail.taken()[:4] == [*THERE_AND_BACK, (NATIONAL, "/")]
        assert around.told() == ("active", "answer")
        assert "ST-" not in around.journal.read_text()


def test_no_ticket_may_mean_nothing(page: Page, tmp_path: Path, port: int) -> None:
    with asking(tmp_path, port, without_ticket="unknown") as (_, around):
        page.goto(around.link)

        assert around.told() == ("unknown", "answer")


def test_a_ticket_said_twice_is_no_answer(page: Page, tmp_path: Path, port: int) -> None:
    with asking(tmp_path, port, shows=True) as (_, around):
        page.goto(around.link)
        [service_url] = parse_qs(urlsplit(page.url).query)["service"]
        page.goto(f"{service_url}&ticket=ST-1&ticket=ST-2")

        assert urlsplit(page.url).path == MIRE
        assert around.told() == ("unknown", "parse")


def test_an_unknown_service_is_kept_there_and_the_second_click_finds_the_mire(
    page: Page, trail: Trail, tmp_path: Path, port: int
) -> None:
    with asking(tmp_path, port, registered=False) as (_, around):
        page.goto(around.link)
        assert trail.taken() == THERE_AND_BACK[:2]

        around.clock.pass_s(LOST_S)
        page.goto(around.link)
        assert [host for host, _ in trail.taken()] == [AIGUILLEUR]
        assert around.told() == ("unknown", "not-returned")


def test_a_cas_that_does_not_know_us_may_hide_a_session(page: Page, tmp_path: Path, port: int) -> None:
    """It sends even this browser back, without a ticket: why docs/passive-probes.md says to try with a session too."""
    with asking(tmp_path, port, registered=False) as (cas, around):
        log_in(page, cas, port)
        page.goto(around.link)

        assert urlsplit(page.url).path == MIRE
        assert around.told() == ("inactive", "answer")


def test_a_form_that_is_shown_all_the_same_leads_to_the_service(
    page: Page, trail: Trail, tmp_path: Path, port: int
) -> None:
    with asking(tmp_path, port, shows=True) as (_, around):
        page.goto(around.link)
        assert urlsplit(page.url).hostname == HOST

        fill_form(page)
        assert (NATIONAL, "/") in trail.taken()
        assert around.told() == ("active", "answer")


def test_a_cas_that_is_silent_loses_one_click(page: Page, trail: Trail, tmp_path: Path, port: int) -> None:
    with asking(tmp_path, port) as (cas, around):
        log_in(page, cas, port)
        cas.process.suspend()
        trail.taken()
        strand(page, around.link, HOST)
        assert trail.taken() == THERE_AND_BACK[:2]

        around.clock.pass_s(LOST_S)
        page.goto(around.link)
        assert [host for host, _ in trail.taken()] == [AIGUILLEUR]
        assert page.locator("button[name=source]").count() == 2
        assert around.told() == ("unknown", "not-returned")
