"""The answer: whose it is, to which question, and its status, read from what its signature covers and nowhere else."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from aiguilleur.core.model import Reason
from aiguilleur.probes.saml.xml import DS, SAML, SAMLP, SamlError, read, text_of

MOST_BYTES = 96 * 1024
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
NO_PASSIVE = "urn:oasis:names:tc:SAML:2.0:status:NoPassive"
_REFUSED = (
    "urn:oasis:names:tc:SAML:2.0:status:Responder",
    "urn:oasis:names:tc:SAML:2.0:status:Requester",
)
#: An answer is as old as this at most, and its source's clock as far off.
OLDEST, SKEW = timedelta(minutes=10), timedelta(minutes=3)
_TRANSFORMS = {
    "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
    "http://www.w3.org/2001/10/xml-exc-c14n#",
}
_METHODS = frozenset(
    {
        *(SignatureMethod.RSA_SHA256, SignatureMethod.RSA_SHA384, SignatureMethod.RSA_SHA512),
        *(SignatureMethod.ECDSA_SHA256, SignatureMethod.ECDSA_SHA384, SignatureMethod.ECDSA_SHA512),
    }
)
_DIGESTS = frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512})


@dataclass(frozen=True, slots=True)
class Expected:
    """What the answer to one question must say of itself."""

    in_response_to: str
    destination: str
    issuer: str


@dataclass(frozen=True, slots=True)
class Status:
    """The status codes of an answer (SAML core 3.2.2.2); an assertion it may hold is never looked at."""

    code: str
    second: str = ""
    signed: bool = True

    @property
    def is_success(self) -> bool:
        """Whether the source knows the visitor."""
        return self.code == SUCCESS and self.signed

    @property
    def is_no_passive(self) -> bool:
        """Whether the source would have to show something first."""
        return self.code in _REFUSED and self.second == NO_PASSIVE


def decoded(text: str) -> bytes:
    """The document in a `SAMLResponse`; raises SamlError (`parse`)."""
    if len(text) > MOST_BYTES * 4 // 3 + 4096:
        raise SamlError(Reason.PARSE, "is too long")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (ValueError, binascii.Error) as error:
        raise SamlError(Reason.PARSE, "is no base64") from error


def status_of(
    document: bytes,
    expected: Expected,
    certificates: Iterable[x509.Certificate],
    now: datetime,
    *,
    unsigned: bool = False,
) -> Status:
    """The status of the answer, checked; raises SamlError with the reason why it is not taken.

    `unsigned` takes an answer without any signature as well, and says so in the status.
    """
    root = read(document, most=MOST_BYTES)
    if list(root.iter(f"{{{SAMLP}}}Response")) != [root]:
        raise SamlError(Reason.PARSE, "is no Response, or more than one")
    is_signed = not unsigned or root.find(f"{{{DS}}}Signature") is not None
    if is_signed:
        root = _signed(root, certificates)
    _check(root, expected, now)
    return _status(root, is_signed)


def _signed(root: etree._Element, certificates: Iterable[x509.Certificate]) -> etree._Element:
    """The answer as its signature covers it: that, and not what was sent, is what is read from here on."""
    name = _check_signature_place(root)
    for certificate in certificates:
        config = SignatureConfiguration(
            location="./",
            signature_methods=_METHODS,
            digest_algorithms=_DIGESTS,
            # The certificate is pinned by the metadata, which says how long it counts.
            verification_time=certificate.not_valid_before_utc,
        )
        try:
            verified = XMLVerifier().verify(
                deepcopy(root), x509_cert=certificate, id_attribute="ID", expect_config=config
            )
        except (SignXMLException, ValueError, TypeError, LookupError, AttributeError, etree.LxmlError):
            continue
        signed = verified.signed_xml if not isinstance(verified, list) else None
        if signed is not None and (signed.tag, signed.get("ID")) == (root.tag, name):
            return signed
    raise SamlError(Reason.SIGNATURE, "is not signed by a certificate of the metadata")


def _check_signature_place(root: etree._Element) -> str:
    """The root's ID; raises SamlError unless exactly one signature of the root covers exactly the root."""
    name = root.get("ID") or ""
    identified = [each for each in root.iter() for key, value in each.items() if _is_id(key) and value == name]
    if not name or identified != [root]:
        raise SamlError(Reason.PARSE, "has no ID of its own")
    signatures = root.findall(f"{{{DS}}}Signature")
    if not signatures:
        raise SamlError(Reason.SIGNATURE, "is not signed")
    references = [each for signature in signatures for each in signature.findall(f".//{{{DS}}}Reference")]
    if len(signatures) != 1 or len(references) != 1 or references[0].get("URI") != f"#{name}":
        raise SamlError(Reason.PARSE, "is not covered by one signature of its own")
    transforms = [each.get("Algorithm") for each in references[0].findall(f".//{{{DS}}}Transform")]
    if len(transforms) > len(_TRANSFORMS) or not _TRANSFORMS.issuperset(transforms):
        raise SamlError(Reason.PARSE, "is signed after it has been transformed")
    return name


def _is_id(key: str) -> bool:
    return str(etree.QName(key).localname).lower() == "id"


def _check(root: etree._Element, expected: Expected, now: datetime) -> None:
    said = (root.get("InResponseTo"), root.get("Destination"), _issuer(root))
    if said != (expected.in_response_to, expected.destination, expected.issuer):
        raise SamlError(Reason.PARSE, "answers another question, another service or for another source")
    try:
        issued = datetime.fromisoformat(root.get("IssueInstant") or "")
    except ValueError as error:
        raise SamlError(Reason.PARSE, "does not say when it was made") from error
    # SAML core 1.3.3: times are in UTC, also when they do not say so.
    age = now - (issued if issued.tzinfo else issued.replace(tzinfo=UTC))
    if not -SKEW <= age <= OLDEST + SKEW:
        raise SamlError(Reason.EXPIRED, "was made too long ago, or is of the future")


def _issuer(root: etree._Element) -> str:
    issuers = root.findall(f"{{{SAML}}}Issuer")
    return text_of(issuers[0]) if len(issuers) == 1 else ""


def _status(root: etree._Element, is_signed: bool) -> Status:
    codes = root.findall(f"{{{SAMLP}}}Status/{{{SAMLP}}}StatusCode")
    if len(root.findall(f"{{{SAMLP}}}Status")) != 1 or len(codes) != 1:
        raise SamlError(Reason.PARSE, "has no status of its own")
    second = codes[0].findall(f"{{{SAMLP}}}StatusCode")
    return Status(codes[0].get("Value") or "", second[0].get("Value") or "" if len(second) == 1 else "", is_signed)
