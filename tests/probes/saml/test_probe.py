from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, unquote_plus, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from lxml import etree

from aiguilleur.core.model import Reason, SessionState
from aiguilleur.probes import ConfigFile, FrontChannelProbe
from aiguilleur.probes.saml import SamlPassive, service_provider_metadata
from aiguilleur.sandbox.saml import IdentityProvider, Question, Signature
from tests.contracts import NOW, FrontChannelContract
from tests.probes.conftest import self_signed
from tests.probes.saml.conftest import ENTITY, OURS, SSO, TRIP, asking, changed, told

ACTIVE, UNKNOWN = SessionState.ACTIVE, SessionState.UNKNOWN
SAMLP = "{urn:oasis:names:tc:SAML:2.0:protocol}"


class TestContract(FrontChannelContract):
    leaves_for: ClassVar[str] = f"{SSO}?SAMLRequest="
    secret: ClassVar[str] = "PHNhbWxwOlJlc3BvbnNl"  # `<samlp:Response` in base64

    @pytest.fixture(autouse=True)
    def _idp(self, provider: IdentityProvider, question: Question) -> None:
        self.provider, self.question = provider, question

    def make(self) -> SamlPassive:
        return asking(self.provider)

    def yes(self, probe: FrontChannelProbe) -> Mapping[str, str]:
        return {"SAMLResponse": self.provider.success(self.question), "RelayState": self.trip.id}


def test_the_question_shows_nothing_and_asks_for_nothing(probe: SamlPassive) -> None:
    query = parse_qs(urlsplit(probe.departure(TRIP, NOW)).query)
    request = etree.fromstring(zlib.decompress(base64.b64decode(query["SAMLRequest"][0]), -15))

    assert query["RelayState"] == [TRIP.id]
    assert dict(request.attrib) == {
        "ID": f"_{TRIP.id}",
        "Version": "2.0",
        "IssueInstant": "2021-03-15T09:42:00Z",
        "Destination": SSO,
        "IsPassive": "true",
        "ProtocolBinding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
        "AssertionConsumerServiceURL": TRIP.return_url,
    }
    assert [(each.tag.rpartition("}")[2], each.text) for each in request] == [("Issuer", OURS)]


def test_the_question_is_signed_when_there_is_a_key(provider: IdentityProvider, tmp_path: Path) -> None:
    pem = self_signed(tmp_path, "ours")
    probe = asking(provider, key_file=str(tmp_path / "ours.key"), certificate=pem)
    signed, _, signature = urlsplit(probe.departure(TRIP, NOW)).query.partition("&Signature=")

    assert [part.partition("=")[0] for part in signed.split("&")] == ["SAMLRequest", "RelayState", "SigAlg"]
    public = x509.load_pem_x509_certificate(pem.content).public_key()
    assert isinstance(public, RSAPublicKey)
    public.verify(base64.b64decode(unquote_plus(signature)), signed.encode(), padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("state", [SessionState.INACTIVE, SessionState.UNKNOWN])
def test_no_passive_means_what_is_configured(
    provider: IdentityProvider, question: Question, state: SessionState
) -> None:
    answer = base64.b64decode(provider.no_passive(question))

    assert told(asking(provider, no_passive=state), answer) == (state, Reason.ANSWER)


def test_by_default_no_passive_is_no_proof(provider: IdentityProvider, question: Question, probe: SamlPassive) -> None:
    assert told(probe, base64.b64decode(provider.no_passive(question))) == (UNKNOWN, Reason.ANSWER)


def unsigned(document: bytes) -> bytes:
    return changed(document, lambda root: root.remove(root.find("{http://www.w3.org/2000/09/xmldsig#}Signature")))


def test_an_unsigned_no_passive_is_an_answer_where_the_configuration_says_so_and_never_a_no(
    provider: IdentityProvider, question: Question
) -> None:
    answer = unsigned(base64.b64decode(provider.no_passive(question)))
    lenient = asking(provider, no_passive=SessionState.INACTIVE, unsigned_no_passive=True)

    assert told(asking(provider, no_passive=SessionState.INACTIVE), answer) == (UNKNOWN, Reason.SIGNATURE)
    assert told(lenient, answer) == (UNKNOWN, Reason.ANSWER)


def test_an_unsigned_yes_is_never_taken(provider: IdentityProvider, good: bytes) -> None:
    for probe in (asking(provider), asking(provider, unsigned_no_passive=True)):
        assert told(probe, unsigned(good)) == (UNKNOWN, Reason.SIGNATURE)


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (13, (ACTIVE, Reason.ANSWER)),
        (14, (UNKNOWN, Reason.EXPIRED)),
        (-3, (ACTIVE, Reason.ANSWER)),
        (-4, (UNKNOWN, Reason.EXPIRED)),
    ],
)
def test_an_answer_is_of_our_time(
    probe: SamlPassive, good: bytes, minutes: int, expected: tuple[SessionState, Reason]
) -> None:
    assert told(probe, good, now=NOW + timedelta(minutes=minutes)) == expected


def test_an_answer_to_another_trip_or_service_is_not_ours(probe: SamlPassive, good: bytes) -> None:
    for trip in (replace(TRIP, id="z" * 32), replace(TRIP, return_url="https://other.example/retour/passive")):
        assert told(probe, good, trip=trip) == (UNKNOWN, Reason.PARSE)


def test_the_answer_of_another_source_is_not_its_own(provider: IdentityProvider, question: Question) -> None:
    other = IdentityProvider("https://other.example/metadata", SSO, {OURS: TRIP.return_url}, lambda: NOW)
    # Another source that has got hold of the key, so to speak: the name is still another.
    other._signature = provider._signature

    assert told(asking(provider), base64.b64decode(other.success(question))) == (UNKNOWN, Reason.PARSE)


def test_another_status_is_no_answer_of_ours(provider: IdentityProvider, question: Question) -> None:
    denied = provider._response(question, ("Responder", "RequestDenied"), None)

    answer = bytes(etree.tostring(provider._signature.sign(denied)))
    assert told(asking(provider), answer) == (UNKNOWN, Reason.PROTOCOL)


def test_any_certificate_of_the_metadata_will_do_so_that_keys_can_be_rotated(
    provider: IdentityProvider, good: bytes
) -> None:
    fresh = IdentityProvider(ENTITY, SSO, {}, lambda: NOW).metadata()
    role = "{urn:oasis:names:tc:SAML:2.0:metadata}IDPSSODescriptor"
    key = "{urn:oasis:names:tc:SAML:2.0:metadata}KeyDescriptor"
    both = etree.fromstring(fresh)
    both.find(role).append(etree.fromstring(provider.metadata()).find(f"{role}/{key}"))

    probe = SamlPassive("educonnect", "educonnect", ConfigFile("idp.xml", etree.tostring(both)))
    assert told(probe, good) == (ACTIVE, Reason.ANSWER)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'use="signing"', b'use="encryption"', "has no signing certificate in its IDPSSODescriptor"),
        (b"IDPSSODescriptor", b"AttributeAuthorityDescriptor", "holds 0 such identity providers"),
        (b"HTTP-Redirect", b"HTTP-POST", "has no SingleSignOnService for HTTP-Redirect"),
        (b"</md:EntityDescriptor>", b"", "is no XML"),
        (b"<md:EntityDescriptor", b"<!DOCTYPE x><md:EntityDescriptor", "declares a DTD"),
        (b"<ds:X509Certificate>MII", b"<ds:X509Certificate>AAA", "has a signing certificate that cannot be read"),
    ],
)
def test_unfit_metadata_is_refused_with_what_it_lacks(
    provider: IdentityProvider, old: bytes, new: bytes, said: str
) -> None:
    document = provider.metadata()
    assert old in document

    with pytest.raises(ValueError, match=f"metadata: 'idp.xml' {said}"):
        SamlPassive("educonnect", "educonnect", ConfigFile("idp.xml", document.replace(old, new)))


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("ftp://idp.example/sso", "is not an http"),
        ("https://me@idp.example/sso", "is not an http"),
        ("https://idp.example/sso#top", "is not an http"),
        ("https://idp.example/é", "holds a space or a letter outside ASCII"),
        ("https://idp.example:0/sso", "0 is not a port"),
        (f"{SSO}?SAMLRequest=", "says 'SAMLRequest' already"),
        (f"{SSO}?a=b&amp;RelayState=c", "says 'RelayState' already"),
        (f"{SSO}?Sig%41lg=", "says 'SigAlg' already"),
        (f"{SSO}?Signature", "says 'Signature' already"),
    ],
)
def test_an_address_that_could_not_be_asked_is_refused(provider: IdentityProvider, address: str, said: str) -> None:
    document = provider.metadata().replace(f'Location="{SSO}"'.encode(), f'Location="{address}"'.encode())

    with pytest.raises(ValueError, match=f"metadata: SingleSignOnService in 'idp.xml': {said}"):
        SamlPassive("educonnect", "educonnect", ConfigFile("idp.xml", document))


@pytest.mark.parametrize(("written", "begins"), [("", "?"), ("?", "?"), ("?tenant=fr", "?tenant=fr&")])
def test_what_the_address_says_stays(provider: IdentityProvider, written: str, begins: str) -> None:
    document = provider.metadata().replace(SSO.encode(), f"{SSO}{written}".encode())
    probe = SamlPassive("educonnect", "educonnect", ConfigFile("idp.xml", document))

    assert probe.departure(TRIP, NOW).partition("SAMLRequest=")[0] == f"{SSO}{begins}"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"connect": "no where"}, "connect: 'no where' is not host or host:port"),
        ({"connect": "x:70000"}, "connect: 70000 is not a port"),
        ({"connect": "x", "proxy": "http://p:3128"}, "connect: cannot be combined with proxy"),
        ({"proxy": "socks5://p:1080"}, "proxy: is not an http://host:port address"),
        ({"ca_file": "no/such/file.pem"}, "ca_file: 'no/such/file.pem' holds no certificates in PEM"),
    ],
)
def test_a_way_that_the_canary_could_not_take_is_refused(
    provider: IdentityProvider, settings: dict[str, object], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        asking(provider, **settings)


def test_the_canary_may_connect_elsewhere(provider: IdentityProvider, authority: Path) -> None:
    probe = asking(provider, connect="127.0.0.1", ca_file=str(authority))

    assert (probe.connect, probe.ca_file) == ("127.0.0.1", str(authority))


def test_a_password_of_a_proxy_is_not_shown(provider: IdentityProvider) -> None:
    assert "secret" not in repr(asking(provider, proxy="http://me:secret@127.0.0.1:3128"))


def test_one_of_several_identity_providers_is_named(provider: IdentityProvider, good: bytes) -> None:
    other = IdentityProvider("https://other.example/metadata", SSO, {}, lambda: NOW)
    several = etree.Element("{urn:oasis:names:tc:SAML:2.0:metadata}EntitiesDescriptor")
    several.extend([etree.fromstring(other.metadata()), etree.fromstring(provider.metadata())])
    federation = ConfigFile("federation.xml", etree.tostring(several))

    with pytest.raises(ValueError, match="holds 2 such identity providers, name one with 'idp': https"):
        SamlPassive("educonnect", "educonnect", federation)
    assert told(SamlPassive("educonnect", "educonnect", federation, idp=ENTITY), good) == (ACTIVE, Reason.ANSWER)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"key_file": "key.pem"}, "give both or none"),
        ({"key_file": "/nowhere/key.pem", "certificate": ConfigFile("c", b"x")}, "cannot be read: No such file"),
        ({"encryption": ConfigFile("e.pem", b"x")}, "encryption: 'e.pem' holds no certificate in PEM"),
    ],
)
def test_unfit_keys_are_refused(provider: IdentityProvider, settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        asking(provider, **settings)


def test_our_metadata_says_where_to_answer_and_asks_for_nothing() -> None:
    nobody = Signature("nobody").certificate
    root = etree.fromstring(service_provider_metadata(OURS, [TRIP.return_url], [], [nobody]))
    [role] = root

    assert root.get("entityID") == OURS
    assert (role.get("AuthnRequestsSigned"), role.get("WantAssertionsSigned")) == ("false", "false")
    assert [(each.tag.rpartition("}")[2], each.get("use"), each.get("Location")) for each in role] == [
        ("KeyDescriptor", "encryption", None),
        ("AssertionConsumerService", None, TRIP.return_url),
    ]
