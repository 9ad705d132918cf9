"""A real Shibboleth service provider before a real identity provider, asked by a real browser on its way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from playwright.sync_api import Page, Request, Route

from aiguilleur.probes.saml.metadata import identity_provider
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
    follow,
    rest,
    strand,
)
from tests.servers import simplesamlphp
from tests.servers.shibboleth import ANSWERED, FAILED, HOST, LANDING, LOGIN, ServiceProvider, service_provider
from tests.servers.simplesamlphp import SamlServer, saml_server

pytestmark = [pytest.mark.browser, pytest.mark.shibboleth, pytest.mark.simplesamlphp, pytest.mark.enable_socket]
THERE = [(AIGUILLEUR, LINK), (HOST, LOGIN), (simplesamlphp.HOST, simplesamlphp.SSO)]
BACK = (AIGUILLEUR, f"/retour/{PROBE}")
YES = [*THERE, (HOST, ANSWERED), (HOST, LANDING), BACK, (NATIONAL, "/")]
NO = [*THERE, (HOST, ANSWERED), (HOST, FAILED), BACK, (AIGUILLEUR, MIRE)]


@contextmanager
def asking(
    folder: Path, port: int, *, registered: bool = True, shows: bool = False, **settings: object
) -> Iterator[tuple[SamlServer, ServiceProvider, Academy]]:
    """An identity provider, a service provider that may be registered there, and an aiguilleur that asks it."""
    with saml_server(folder, shows=shows) as server:
        metadata = server.metadata()
        idp = identity_provider(metadata).entity_id
        with service_provider(metadata, idp, at(port, AIGUILLEUR, "")) as provider:
            if registered:
                server.register(provider.metadata())
            probe = {"kind": "shibboleth_passive", "url": provider.url, "landing": provider.landing, "idp": idp}
            with academy(folder, port, probe | settings) as around:
                yield server, provider, around


def log_in(page: Page, server: SamlServer) -> None:
    page.goto(server.login)
    fill_form(page)
    page.wait_for_url(lambda url: url == server.login)


def fill_form(page: Page) -> None:
    page.fill("[name=username]", "alice")
    page.fill("[name=password]", "alice")
    page.click("[type=submit]")


def session_at(page: Page, provider: ServiceProvider) -> str:
    """What the service provider has of this browser."""
    page.goto(f"{provider.origin}/Shibboleth.sso/Session")
    return page.inner_text("body")


def test_without_a_session_the_next_rule_answers(page: Page, trail: Trail, tmp_path: Path, port: int) -> None:
    with asking(tmp_path, port, no_passive="inactive") as (_, provider, around):
        follow(page, around.link)

        assert trail.taken() == NO
        assert around.told() == ("inactive", "answer")
        assert "valid session was not found" in session_at(page, provider)


def test_no_passive_is_no_proof(page: Page, tmp_path: Path, port: int) -> None:
    with asking(tmp_path, port) as (_, _, around):
        follow(page, around.link)

        assert around.told() == ("unknown", "answer")


def test_with_a_session_the_browser_goes_straight_to_the_service(
    page: Page, trail: Trail, tmp_path: Path, port: int
) -> None:
    with asking(tmp_path, port) as (server, _, around):
        log_in(page, server)
        trail.taken()
        follow(page, around.link)

        assert trail.taken()[: len(YES)] == YES
        assert around.told() == ("active", "answer")
        assert around.last().rule == "educonnect-active"


def test_nothing_but_the_trip_and_a_yes_reaches_us(page: Page, tmp_path: Path, port: int) -> None:
    brought: list[Request] = []
    page.on("request", lambda request: brought.append(request) if urlsplit(request.url).path == BACK[1] else None)
    with asking(tmp_path, port) as (server, _, around):
        log_in(page, server)
        follow(page, around.link)

        [back] = brought
        [(_, trip), said] = parse_qsl(urlsplit(back.url).query)
        assert (back.method, len(trip), said) == ("GET", 32, ("session", "yes"))
        known = f"{back.url} {back.all_headers()} {around.journal.read_text()}"
        assert [word for word in ("alice", "martin", "SAML", "shib") if word in known] == []


def test_a_yes_leaves_a_session_with_attributes_at_the_service_provider(page: Page, tmp_path: Path, port: int) -> None:
    """It is the price of this probe, and docs/passive-probes.md says so."""
    with asking(tmp_path, port) as (server, provider, around):
        log_in(page, server)
        assert "alice.martin" not in session_at(page, provider)
        follow(page, around.link)

        assert "alice.martin" in session_at(page, provider)


def test_a_session_that_the_service_provider_has_already_changes_nothing(
    page: Page, trail: Trail, tmp_path: Path, port: int
) -> None:
    with asking(tmp_path, port) as (server, provider, around):
        log_in(page, server)
        page.goto(f"{provider.url}?{urlencode({'target': f'{provider.origin}/'})}")
        page.wait_for_url(f"{provider.origin}/")
        trail.taken()
        follow(page, around.link)

        assert trail.taken()[: len(YES)] == YES
        assert around.told() == ("active", "answer")


def test_a_session_that_is_over_at_the_source_is_none(page: Page, trail: Trail, tmp_path: Path, port: int) -> None:
    with asking(tmp_path, port) as (server, provider, around):
        log_in(page, server)
        follow(page, around.link)
        page.context.clear_cookies(domain=simplesamlphp.HOST)
        assert "alice.martin" in session_at(page, provider)
        trail.taken()
        follow(page, around.link)

        assert trail.taken() == NO
        assert around.told() == ("unknown", "answer")


def test_a_source_that_the_service_provider_does_not_know_is_not_asked(
    page: Page, trail: Trail, tmp_path: Path, port: int
) -> None:
    with asking(tmp_path, port, idp="http://nobody.localhost/idp") as (_, _, around):
        follow(page, around.link)

        assert trail.taken() == [*THERE[:2], (HOST, LANDING), BACK, (AIGUILLEUR, MIRE)]
        assert around.told() == ("unknown", "protocol")


def test_an_answer_that_the_service_provider_refuses_is_an_error(
    page: Page, trail: Trail, tmp_path: Path, port: int
) -> None:
    def spoil(route: Route) -> None:
        posted = dict(parse_qsl(route.request.post_data or ""))
        route.continue_(post_data=urlencode(posted | {"SAMLResponse": "PHg+"}))

    page.route(f"**{ANSWERED}", spoil)
    with asking(tmp_path, port) as (server, _, around):
        log_in(page, server)
        trail.taken()
        follow(page, around.link)

        assert trail.taken() == NO
        assert around.told() == ("unknown", "protocol")


def test_an_unknown_service_provider_is_kept_there_and_the_second_click_finds_the_mire(
    page: Page, trail: Trail, tmp_path: Path, port: int
) -> None:
    with asking(tmp_path, port, registered=False) as (_, _, around):
        page.goto(around.link)
        assert trail.taken() == THERE

        around.clock.pass_s(LOST_S)
        page.goto(around.link)
        assert [host for host, _ in trail.taken()] == [AIGUILLEUR]
        assert around.told() == ("unknown", "not-returned")


def test_a_form_that_is_shown_all_the_same_leads_to_the_service(
    page: Page, trail: Trail, tmp_path: Path, port: int
) -> None:
    with asking(tmp_path, port, shows=True) as (_, _, around):
        page.goto(around.link)
        assert urlsplit(page.url).hostname == simplesamlphp.HOST

        fill_form(page)
        rest(page)
        assert (NATIONAL, "/") in trail.taken()
        assert around.told() == ("active", "answer")


@pytest.mark.parametrize("part", ["process", "daemon"])
def test_a_service_provider_that_is_silent_loses_one_click(
    page: Page, trail: Trail, tmp_path: Path, port: int, part: str
) -> None:
    with asking(tmp_path, port) as (server, provider, around):
        log_in(page, server)
        getattr(provider, part).suspend()
        trail.taken()
        strand(page, around.link, HOST)
        assert trail.taken() == THERE[:2]

        around.clock.pass_s(LOST_S)
        page.goto(around.link)
        assert [host for host, _ in trail.taken()] == [AIGUILLEUR]
        assert page.locator("button[name=source]").count() == 2
        assert around.told() == ("unknown", "not-returned")
