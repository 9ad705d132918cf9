"""An identity provider's half of SAML 2.0 single sign-on: it reads questions, and signs and encrypts answers."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner

SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
MD = "urn:oasis:names:tc:SAML:2.0:metadata"
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
_STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
_MOST_BYTES = 64 * 1024


def utc_now() -> datetime:
    """The instant, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Question:
    """An AuthnRequest of a service that is registered."""

    id: str
    #: Who asks, and where the answer goes: the address registered for it.
    issuer: str
    acs: str
    passive: bool
    relay_state: str


class Signature:
    """A key made now, its certificate, and what is signed with them."""

    def __init__(self, name: str) -> None:
        """Made in memory, for as long as the process lives."""
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            # Of the past as well: the sandbox may be made to play another year.
            .not_valid_before(datetime(2015, 1, 1, tzinfo=UTC))
            .not_valid_after(now + timedelta(days=3650))
            .sign(self._key, hashes.SHA256())
        )

    def sign(self, element: etree._Element) -> etree._Element:
        """A copy of an element that has an ID and an Issuer, signed right behind its Issuer as its schema wants."""
        issuer = element.find(f"{{{SAML}}}Issuer")
        issuer.addnext(etree.Element(f"{{{DS}}}Signature", {"Id": "placeholder"}, nsmap={"ds": DS}))
        signer = XMLSigner(
            signature_algorithm=SignatureMethod.RSA_SHA256,
            digest_algorithm=DigestAlgorithm.SHA256,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )
        return signer.sign(
            element, key=self._key, cert=[self.certificate], reference_uri=element.get("ID"), id_attribute="ID"
        )


class IdentityProvider:
    """Answers the services that are registered with it, as EduConnect does those of its federation."""

    def __init__(
        self, entity_id: str, sso_url: str, services: Mapping[str, str], now: Callable[[], datetime] = utc_now
    ) -> None:
        """`services` gives, by the entityID of each, the one address that its answers are posted to."""
        self._now = now
        self.entity_id = entity_id
        self.sso_url = sso_url
        self._services = services
        self._signature = Signature("EduConnect (bac a sable)")
        # Nobody keeps the private half: what is encrypted for it, nobody reads.
        self._nobody = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()

    def metadata(self) -> bytes:
        """Its metadata document, as services have it in a file."""
        encoded = base64.b64encode(self._signature.certificate.public_bytes(Encoding.DER)).decode("ascii")
        entity = etree.Element(f"{{{MD}}}EntityDescriptor", {"entityID": self.entity_id}, nsmap={"md": MD, "ds": DS})
        role = etree.SubElement(entity, f"{{{MD}}}IDPSSODescriptor", {"protocolSupportEnumeration": SAMLP})
        key = etree.SubElement(role, f"{{{MD}}}KeyDescriptor", {"use": "signing"})
        data = etree.SubElement(etree.SubElement(key, f"{{{DS}}}KeyInfo"), f"{{{DS}}}X509Data")
        etree.SubElement(data, f"{{{DS}}}X509Certificate").text = encoded
        redirect = {"Binding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect", "Location": self.sso_url}
        etree.SubElement(role, f"{{{MD}}}SingleSignOnService", redirect)
        return bytes(etree.tostring(entity, pretty_print=True, xml_declaration=True, encoding="UTF-8"))

    def question(self, saml_request: str, relay_state: str) -> Question:
        """The question in a redirect; raises ValueError when it is none, or of a service that is not registered."""
        root = _read(_inflated(saml_request))
        issuer = (root.findtext(f"{{{SAML}}}Issuer") or "").strip()
        acs = self._services.get(issuer)
        if root.tag != f"{{{SAMLP}}}AuthnRequest" or not root.get("ID") or acs is None:
            raise ValueError("not a question of a registered service")
        if root.get("AssertionConsumerServiceURL") not in (None, acs) or len(relay_state.encode()) > 80:
            raise ValueError("wants its answer where it is not registered")
        return Question(str(root.get("ID")), issuer, acs, root.get("IsPassive") in ("true", "1"), relay_state)

    def success(self, question: Question, *, signature: Signature | None = None, to: str | None = None) -> str:
        """« There is a session », with an assertion that says nothing of whose; in base64, as it is posted."""
        signer = signature or self._signature
        response = self._response(question, ("Success",), to)
        response.append(self._encrypted(signer.sign(self._assertion(question))))
        return _posted(signer.sign(response))

    def no_passive(self, question: Question) -> str:
        """« I would have to show something first »."""
        return _posted(self._signature.sign(self._response(question, ("Responder", "NoPassive"), None)))

    def _response(self, question: Question, codes: tuple[str, ...], to: str | None) -> etree._Element:
        about = {"InResponseTo": to or question.id, "Destination": question.acs}
        response = self._dated(f"{{{SAMLP}}}Response", about)
        status = etree.SubElement(response, f"{{{SAMLP}}}Status")
        for code in codes:
            status = etree.SubElement(status, f"{{{SAMLP}}}StatusCode", {"Value": _STATUS + code})
        return response

    def _assertion(self, question: Question) -> etree._Element:
        soon = self._instant(timedelta(minutes=5))
        assertion = self._dated(f"{{{SAML}}}Assertion", {})
        subject = etree.SubElement(assertion, f"{{{SAML}}}Subject")
        transient = {"Format": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"}
        etree.SubElement(subject, f"{{{SAML}}}NameID", transient).text = f"_{secrets.token_hex(16)}"
        bearer = {"Method": "urn:oasis:names:tc:SAML:2.0:cm:bearer"}
        confirmation = etree.SubElement(subject, f"{{{SAML}}}SubjectConfirmation", bearer)
        where = {"InResponseTo": question.id, "Recipient": question.acs, "NotOnOrAfter": soon}
        etree.SubElement(confirmation, f"{{{SAML}}}SubjectConfirmationData", where)
        conditions = etree.SubElement(assertion, f"{{{SAML}}}Conditions", {"NotOnOrAfter": soon})
        audience = etree.SubElement(conditions, f"{{{SAML}}}AudienceRestriction")
        etree.SubElement(audience, f"{{{SAML}}}Audience").text = question.issuer
        statement = etree.SubElement(assertion, f"{{{SAML}}}AuthnStatement", {"AuthnInstant": self._instant()})
        context = etree.SubElement(statement, f"{{{SAML}}}AuthnContext")
        password = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
        etree.SubElement(context, f"{{{SAML}}}AuthnContextClassRef").text = password
        return assertion

    def _dated(self, tag: str, attributes: Mapping[str, str]) -> etree._Element:
        known = {"ID": f"_{secrets.token_hex(16)}", "Version": "2.0", "IssueInstant": self._instant()}
        element = etree.Element(tag, known | dict(attributes), nsmap={"samlp": SAMLP, "saml": SAML})
        etree.SubElement(element, f"{{{SAML}}}Issuer").text = self.entity_id
        return element

    def _encrypted(self, assertion: etree._Element) -> etree._Element:
        """XML encryption 1.1: AES-256-GCM, its key wrapped by RSA-OAEP for nobody."""
        key, nonce = AESGCM.generate_key(256), os.urandom(12)
        oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 (what rsa-oaep-mgf1p is)
        wrapped = self._nobody.encrypt(key, oaep)
        element = etree.Element(f"{{{SAML}}}EncryptedAssertion", nsmap={"saml": SAML, "xenc": XENC, "ds": DS})
        data = etree.SubElement(element, f"{{{XENC}}}EncryptedData", {"Type": f"{XENC}Element"})
        etree.SubElement(data, f"{{{XENC}}}EncryptionMethod", {"Algorithm": f"{XENC11}aes256-gcm"})
        info = etree.SubElement(data, f"{{{DS}}}KeyInfo")
        wrap = etree.SubElement(info, f"{{{XENC}}}EncryptedKey")
        etree.SubElement(wrap, f"{{{XENC}}}EncryptionMethod", {"Algorithm": f"{XENC}rsa-oaep-mgf1p"})
        _cipher(wrap, wrapped)
        _cipher(data, nonce + AESGCM(key).encrypt(nonce, etree.tostring(assertion), None))
        return element

    def _instant(self, later: timedelta = timedelta()) -> str:
        return (self._now() + later).strftime("%Y-%m-%dT%H:%M:%SZ")


def _cipher(parent: etree._Element, value: bytes) -> None:
    data = etree.SubElement(parent, f"{{{XENC}}}CipherData")
    etree.SubElement(data, f"{{{XENC}}}CipherValue").text = base64.b64encode(value).decode("ascii")


def _inflated(saml_request: str) -> bytes:
    try:
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        document = inflate.decompress(base64.b64decode(saml_request, validate=True), _MOST_BYTES)
    except (binascii.Error, zlib.error) as error:
        raise ValueError("no base64 of a deflated document") from error
    if inflate.unconsumed_tail or not inflate.eof:
        raise ValueError("too large, or cut short")
    return document


def _read(document: bytes) -> etree._Element:
    if b"<!" in document:
        raise ValueError("declares what a question has no need of")
    try:
        return etree.fromstring(document, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    except etree.XMLSyntaxError as error:
        raise ValueError("no XML") from error


def _posted(response: etree._Element) -> str:
    return base64.b64encode(etree.tostring(response)).decode("ascii")
