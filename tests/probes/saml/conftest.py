"""An identity provider in-process, and the probe that asks it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree

from aiguilleur.core.model import Reason, SessionState
from aiguilleur.probes import ConfigFile, Trip
from aiguilleur.probes.saml import SamlPassive
from aiguilleur.sandbox.saml import IdentityProvider, Question
from tests.contracts import NOW, FrontChannelContract

TRIP = FrontChannelContract.trip
OURS = "https://aiguilleur.example/saml/metadata"
ENTITY, SSO = "https://idp.example/metadata", "https://idp.example/sso"

Told = tuple[SessionState, Reason]
Ask = Callable[[bytes], Told]


@pytest.fixture(scope="session")
def provider() -> IdentityProvider:
    return IdentityProvider(ENTITY, SSO, {OURS: TRIP.return_url}, lambda: NOW)


@pytest.fixture(scope="session")
def probe(provider: IdentityProvider) -> SamlPassive:
    return asking(provider)


def asking(provider: IdentityProvider, **settings: object) -> SamlPassive:
    metadata = ConfigFile("idp.xml", provider.metadata())
    return SamlPassive("educonnect", "educonnect", metadata, **settings)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def question(provider: IdentityProvider, probe: SamlPassive) -> Question:
    query = parse_qs(urlsplit(probe.departure(TRIP, NOW)).query)
    return provider.question(query["SAMLRequest"][0], query["RelayState"][0])


@pytest.fixture(scope="session")
def good(provider: IdentityProvider, question: Question) -> bytes:
    """The answer that says yes."""
    return base64.b64decode(provider.success(question))


def told(probe: SamlPassive, document: bytes, *, trip: Trip = TRIP, now: datetime = NOW) -> Told:
    """What the probe makes of an answer."""
    answer = {"SAMLResponse": base64.b64encode(document).decode(), "RelayState": trip.id}
    finding = probe.arrival(trip, answer, now)
    return finding.state, finding.reason


def changed(document: bytes, change: Callable[[etree._Element], object]) -> bytes:
    """The answer, changed after it was signed."""
    root = etree.fromstring(document)
    change(root)
    return bytes(etree.tostring(root))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
