"""A real SAML identity provider, asked with `IsPassive` by a real browser on its way through aiguilleur."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import MappingProxyType
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request as Get
from urllib.request import urlopen

import pytest
from cryptography import x509
from lxml import etree
from playwright.sync_api import Page, Request

from aiguilleur.probes.saml import service_provider_metadata
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
    return_url,
    strand,
)
from tests.probes.conftest import self_signed
from tests.servers.simplesamlphp import HOST, SSO, SamlServer, saml_server

pytestmark = [pytest.mark.browser, pytest.mark.simplesamlphp, pytest.mark.enable_socket]
#: The answer comes by a POST from the source's page, and the visit goes on with the GET that follows.
THERE_AND_BACK = [(AIGUILLEUR, LINK), (HOST, SSO), (AIGUILLEUR, f"/retour/{PROBE}"), (AIGUILLEUR, "/retour")]
ASSERTION = "{urn:oasis:names:tc:SAML:2.0:assertion}"


@contextmanager
def asking(
    folder: Path, port: int, *, registered: bool = True, shows: bool = False, **settings: object
) -> Iterator[tuple[SamlServer, Academy]]:
    """An identity provider, and an aiguilleur that may be registered there."""
    services = (service_provider_metadata(at(port, AIGUILLEUR, "/saml/metadata"), [return_url(port)]),)
    with (
        saml_server(folder, services if registered else (), shows=shows) as server,
        academy_of(server, folder, port, settings) as around,
    ):
        yield server, around


def academy_of(
    server: SamlServer,
    folder: Path,
    port: int,
    settings: Mapping[str, object],
    files: Mapping[str, bytes] = MappingProxyType({}),
) -> AbstractContextManager[Academy]:
    """An aiguilleur that asks this server, whose metadata it has in a file."""
    probe = {"kind": "saml_passive", "metadata": "idp.xml", **settings}
    return academy(folder, port, probe, files={"idp.xml": server.metadata(), **files})


class Answers:
    """What a browser posts to aiguilleur."""

    def __init__(self, page: Page) -> None:
        self.texts: list[str] = []
        page.on("request", self._posted)

    def last(self) -> etree._Element:
        return etree.fromstring(base64.b64decode(self.texts[-1]))

    def _posted(self, request: Request) -> None:
        if urlsplit(request.url).path == f"/retour/{PROBE}":
            self.texts += parse_qs(request.post_data or "")["SAMLResponse"]


def published(port: int) -> bytes:
    """Our metadata, as the operator of a source fetches it."""
    # By its number: not every resolver knows names under localhost.
    url, host = f"http://127.0.0.1:{port}/saml/metadata", {"Host": f"{AIGUILLEUR}:{port}"}
    with urlopen(Get(url, headers=host), timeout=60) as answer:
        document: bytes = answer.read()
    return document


def log_in(page: Page, server: SamlServer) -> None:
    page.goto(server.login)
    fill_form(page)


def fill_form(page: Page) -> None:
    page.fill("[name=username]", "alice")
    page.fill("[name=password]", "alice")
    page.click("[type=submit]")
    page.wait_for_load_state()


def test_without_a_session_the_next_rule_answers(page: Page, trail: Trail, tmp_path: Path, port: int) -> None:
    with asking(tmp_path, port, no_passive="inactive") as (_, around):
        follow(page, around.link)

        assert trail.taken() == [*THERE_AND_BACK, (AIGUILLEUR, MIRE)]
        assert around.told() == ("inactive", "answer")


def test_no_passive_proves_nothing_unless_the_configuration_says_so(page: Page, tmp_path: Path, port: int) -> None:
    with asking(tmp_path, port) as (_, around):
        follow(page, around.link)

        assert urlsplit(page.url).path == MIRE
        assert around.told() == ("unknown", "answer")


def test_with_a_session_the_browser_goes_straight_to_the_service(
    page: Page, trail: Trail, tmp_path: Path, port: int
) -> None:
    with asking(tmp_path, port) as (server, around):
        log_in(page, server)
        trail.taken()
        follow(page, around.link)

        assert trail.taken()[:5] == [*THERE_AND_BACK, (NATIONAL, "/")]
        assert around.told() == ("active", "answer")


def test_nothing_of_the_answer_is_in_the_journal(page: Page, tmp_path: Path, port: int) -> None:
    answers = Answers(page)
    with asking(tmp_path, port) as (server, around):
        log_in(page, server)
        follow(page, around.link)

        told = [each.text or "" for each in answers.last().iter(f"{ASSERTION}NameID", f"{ASSERTION}AttributeValue")]
        assert {"alice.martin", "alice.martin@exemple.test"} < set(told)
        written = around.journal.read_text()
        assert around.told() == ("active", "answer")
        assert [each for each in (*told, *answers.texts, "SAMLResponse", "alice") if each in written] == []


def test_an_unknown_service_provider_is_kept_there_and_the_second_click_finds_the_mire(
    page: Page, trail: Trail, tmp_path: Path, port: int
) -> None:
    with asking(tmp_path, port, registered=False) as (_, around):
        page.goto(around.link)
        assert trail.taken() == THERE_AND_BACK[:2]
        assert "Métadonnées non trouvées" in page.content()

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
        rest(page)
        assert (NATIONAL, "/") in trail.taken()
        assert around.told() == ("active", "answer")


def test_an_identity_provider_that_is_silent_loses_one_click(
    page: Page, trail: Trail, tmp_path: Path, port: int
) -> None:
    with asking(tmp_path, port) as (server, around):
        log_in(page, server)
        server.process.suspend()
        trail.taken()
        strand(page, around.link, HOST)
        assert trail.taken() == THERE_AND_BACK[:2]

        around.clock.pass_s(LOST_S)
        page.goto(around.link)
        assert [host for host, _ in trail.taken()] == [AIGUILLEUR]
        assert page.locator("button[name=source]").count() == 2
        assert around.told() == ("unknown", "not-returned")


def test_what_we_publish_registers_us_and_makes_requests_signed_and_answers_unreadable(
    page: Page, tmp_path: Path, port: int
) -> None:
    answers = Answers(page)
    certificates = {name: self_signed(tmp_path, name).content for name in ("ours", "nobody")}
    files = {f"{name}.pem": content for name, content in certificates.items()}
    keys = {"key_file": str(tmp_path / "ours.key"), "certificate": "ours.pem", "encryption": "nobody.pem"}
    with saml_server(tmp_path, encrypts=True) as server, academy_of(server, tmp_path, port, keys, files) as around:
        server.register(published(port))
        log_in(page, server)
        follow(page, around.link)

        assert around.told() == ("active", "answer")
        answer = answers.last()
        assert answer.find(f"{ASSERTION}EncryptedAssertion") is not None
        assert answer.find(f".//{ASSERTION}NameID") is None


@pytest.mark.parametrize(
    ("signs", "said"), [(True, "Unable to validate signature on query"), (False, "no signature found on message")]
)
def test_a_request_that_is_not_signed_as_registered_is_kept_there(
    page: Page, trail: Trail, tmp_path: Path, port: int, signs: bool, said: str
) -> None:
    registered, ours = self_signed(tmp_path, "registered"), self_signed(tmp_path, "ours")
    keys = {"key_file": str(tmp_path / "ours.key"), "certificate": "ours.pem"} if signs else {}
    entity, certificate = at(port, AIGUILLEUR, "/saml/metadata"), x509.load_pem_x509_certificate(registered.content)
    services = (service_provider_metadata(entity, [return_url(port)], [certificate]),)
    with (
        saml_server(tmp_path, services) as server,
        academy_of(server, tmp_path, port, keys, {"ours.pem": ours.content}) as around,
    ):
        log_in(page, server)
        trail.taken()
        page.goto(around.link)

        assert trail.taken() == THERE_AND_BACK[:2]
        assert said in page.content()
