"""A real Shibboleth service provider that asks `/disco` which identity provider to use, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Page

from aiguilleur.probes.saml import service_provider_metadata
from aiguilleur.probes.saml.metadata import identity_provider
from tests.passive.conftest import AIGUILLEUR, PROBE, Academy, Trail, academy, at, return_url
from tests.servers import shibboleth, simplesamlphp
from tests.servers.shibboleth import ANSWERED, LOGIN, OPEN, PROTECTED, ServiceProvider, asking_service_provider
from tests.servers.simplesamlphp import SamlServer, saml_server

pytestmark = [pytest.mark.browser, pytest.mark.shibboleth, pytest.mark.simplesamlphp, pytest.mark.enable_socket]
SP, IDP = shibboleth.HOST, simplesamlphp.HOST
#: From the protected page to us; what our own question adds; and from our answer to that page.
ASKED = [(SP, PROTECTED), (AIGUILLEUR, "/disco")]
TRIP = [(IDP, simplesamlphp.SSO), (AIGUILLEUR, f"/retour/{PROBE}"), (AIGUILLEUR, "/retour")]
ANSWER = [(SP, LOGIN), (IDP, simplesamlphp.SSO)]
REACHED = [(SP, ANSWERED), (SP, PROTECTED)]
MIRE = "/mire"


@dataclass(frozen=True, slots=True)
class Around:
    """What runs: an identity provider, a service provider with a protected page, and an aiguilleur."""

    server: SamlServer
    provider: ServiceProvider
    academy: Academy

    @property
    def protected(self) -> str:
        return self.provider.origin + PROTECTED


@contextmanager
def around(folder: Path, port: int) -> Iterator[Around]:
    """The service provider asks the aiguilleur, which asks the identity provider through the browser."""
    ours = service_provider_metadata(at(port, AIGUILLEUR, "/saml/metadata"), [return_url(port)])
    with (
        saml_server(folder, [ours]) as server,
        asking_service_provider(server.metadata(), at(port, AIGUILLEUR, "")) as sp,
    ):
        server.register(sp.metadata())
        probe = {"kind": "saml_passive", "metadata": "idp.xml", "no_passive": "inactive"}
        files = {"idp.xml": server.metadata(), "sp.xml": sp.published()}
        edit = partial(_let_ask, identity_provider(server.metadata()).entity_id)
        with academy(folder, port, probe, files=files, edit=edit) as running:
            yield Around(server, sp, running)


def _let_ask(idp: str, folder: Path) -> None:
    """Configure the discovery service, with an identity provider for each of two sources."""
    with (folder / "aiguilleur.yaml").open("a", encoding="utf-8") as file:
        file.write("disco: [{metadata: sp.xml, target: teleservices}]\n")
    sources, text = folder / "sources.yaml", (folder / "sources.yaml").read_text(encoding="utf-8")
    for source, entity_id in (("educonnect", idp), ("aten-besancon", "http://aten.academie.localhost/idp")):
        text = text.replace(f"- id: {source}\n", f"- id: {source}\n  idp: {entity_id}\n", 1)
    sources.write_text(text, encoding="utf-8")


def log_in(page: Page) -> None:
    page.fill("[name=username]", "alice")
    page.fill("[name=password]", "alice")
    page.click("[type=submit]")


def test_without_a_session_one_click_on_the_mire_leads_to_the_login_and_to_the_page(
    page: Page, trail: Trail, tmp_path: Path, port: int
) -> None:
    with around(tmp_path, port) as world:
        page.goto(world.protected, wait_until="commit")
        page.wait_for_url(lambda url: urlsplit(url).path == MIRE)
        assert trail.taken() == [*ASKED, *TRIP, (AIGUILLEUR, MIRE)]
        assert page.locator("button[name=source]").count() == 2

        page.click("button[value=educonnect]")
        log_in(page)
        page.wait_for_url(world.protected)
        assert page.title() == "Notes"
        taken = trail.taken()
        assert (taken[:3], taken[-2:]) == ([(AIGUILLEUR, "/choix"), *ANSWER], REACHED)


def test_with_a_session_the_page_is_reached_without_a_click(
    page: Page, trail: Trail, tmp_path: Path, port: int
) -> None:
    with around(tmp_path, port) as world:
        page.goto(world.server.login)
        log_in(page)
        page.wait_for_load_state()
        trail.taken()
        page.goto(world.protected, wait_until="commit")
        page.wait_for_url(world.protected)

        assert page.title() == "Notes"
        assert trail.taken() == [*ASKED, *TRIP, *ANSWER, *REACHED]
        entry = world.academy.last()
        assert (entry.rule, entry.source, entry.host, entry.legs) == ("educonnect-active", PROBE, SP, 1)
        assert "alice" not in world.academy.journal.read_text()


def test_a_click_on_another_site_is_a_click_although_the_service_provider_redirects(
    page: Page, trail: Trail, tmp_path: Path, port: int
) -> None:
    with around(tmp_path, port) as world:
        link = f'<!doctype html><a href="{world.protected}">Notes</a>'
        page.route("http://portail.localhost/", lambda route: route.fulfill(content_type="text/html", body=link))
        page.goto(world.server.login)
        log_in(page)
        page.goto("http://portail.localhost/")
        trail.taken()
        page.click("a")
        page.wait_for_url(world.protected)

        assert trail.taken() == [*ASKED, *TRIP, *ANSWER, *REACHED]


def keep_the_choice(page: Page, world: Around) -> None:
    """Choose on the mire, for this and the next times, and log in; then lose all but the choice and that session."""
    page.goto(world.protected)
    page.wait_for_url(lambda url: urlsplit(url).path == MIRE)
    page.check("[name=souvenir]")
    page.click("button[value=educonnect]")
    log_in(page)
    page.wait_for_url(world.protected)
    page.context.clear_cookies(domain=SP)
    page.context.clear_cookies(name="__Host-aiguilleur-recent")


def test_a_choice_that_was_kept_answers_without_a_page_and_without_a_trip(
    page: Page, trail: Trail, tmp_path: Path, port: int
) -> None:
    with around(tmp_path, port) as world:
        keep_the_choice(page, world)
        trail.taken()
        page.goto(world.protected, wait_until="commit")
        page.wait_for_url(world.protected)

        assert trail.taken() == [*ASKED, *ANSWER, *REACHED]
        assert world.academy.last().rule == "educonnect-remembered"


def passive_login(world: Around) -> str:
    """The service provider's login that must show nothing, and ends on a page that all may see."""
    return f"{world.provider.url}?{urlencode({'isPassive': 'true', 'target': world.provider.origin + OPEN})}"


def test_a_login_that_must_show_nothing_comes_back_without_a_choice_and_without_a_session(
    page: Page, trail: Trail, tmp_path: Path, port: int
) -> None:
    with around(tmp_path, port) as world:
        page.goto(passive_login(world))

        assert page.title() == "Accueil"
        assert trail.taken() == [(SP, LOGIN), (AIGUILLEUR, "/disco"), (SP, LOGIN), (SP, OPEN)]
        page.goto(f"{world.provider.origin}/Shibboleth.sso/Session")
        assert "valid session was not found" in page.inner_text("body")


def test_a_login_that_must_show_nothing_is_told_a_choice_that_was_kept(
    page: Page, trail: Trail, tmp_path: Path, port: int
) -> None:
    with around(tmp_path, port) as world:
        keep_the_choice(page, world)
        trail.taken()
        page.goto(passive_login(world), wait_until="commit")
        page.wait_for_url(world.provider.origin + OPEN)

        assert trail.taken() == [(SP, LOGIN), (AIGUILLEUR, "/disco"), *ANSWER, (SP, ANSWERED), (SP, OPEN)]
        page.goto(f"{world.provider.origin}/Shibboleth.sso/Session")
        assert "alice.martin" in page.inner_text("body")
