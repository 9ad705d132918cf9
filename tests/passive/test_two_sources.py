"""Two real servers that are asked one after the other: the first says no, the second yes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page

from aiguilleur.journal import oldest
from aiguilleur.probes.saml import service_provider_metadata
from tests.passive.conftest import AIGUILLEUR, LINK, NATIONAL, PROBE, Academy, Trail, academy, at, follow, return_url
from tests.passive.test_saml import log_in
from tests.servers import oidc, simplesamlphp
from tests.servers.oidc import CLIENT_ID, openid_provider
from tests.servers.simplesamlphp import SamlServer, saml_server

pytestmark = [pytest.mark.browser, pytest.mark.simplesamlphp, pytest.mark.npm, pytest.mark.enable_socket]
ATEN = "aten-besancon"


@contextmanager
def asking(folder: Path, port: int) -> Iterator[tuple[SamlServer, Academy]]:
    """An OpenID provider that is asked for ATEN's sessions, and an identity provider for EduConnect's."""
    ours = service_provider_metadata(at(port, AIGUILLEUR, "/saml/metadata"), [return_url(port)])
    with (
        openid_provider(folder, (return_url(port, ATEN),)) as aten,
        saml_server(folder, [ours]) as educonnect,
    ):
        by_oidc = {"kind": "oidc_passive", "url": aten.url, "issuer": aten.issuer, "client_id": CLIENT_ID}
        by_saml = {"kind": "saml_passive", "metadata": "idp.xml"}
        files = {"idp.xml": educonnect.metadata()}
        with academy(folder, port, by_saml, files=files, beside={ATEN: by_oidc}) as around:
            yield educonnect, around


def test_a_no_and_a_yes_make_two_trips_and_one_decision(page: Page, trail: Trail, tmp_path: Path, port: int) -> None:
    with asking(tmp_path, port) as (educonnect, around):
        log_in(page, educonnect)
        trail.taken()
        follow(page, around.link)

        assert trail.taken()[:7] == [
            (AIGUILLEUR, LINK),
            *((oidc.HOST, "/auth"), (AIGUILLEUR, f"/retour/{ATEN}")),
            *((simplesamlphp.HOST, simplesamlphp.SSO), (AIGUILLEUR, f"/retour/{PROBE}"), (AIGUILLEUR, "/retour")),
            (NATIONAL, "/"),
        ]
        *asked, decided = oldest([around.journal])
        assert [(entry.event, entry.legs) for entry in asked] == [("asked", 1), ("asked", 2)]
        assert (decided.event, decided.legs) == ("decided", 2)
        assert (decided.rule, decided.host) == ("educonnect-active", NATIONAL)
        assert [(finding.by, finding.state, finding.reason) for finding in decided.findings] == [
            (ATEN, "inactive", "answer"),
            (PROBE, "active", "answer"),
        ]
        assert {entry.code for entry in asked} == {decided.code}
