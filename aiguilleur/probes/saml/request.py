"""The question: an AuthnRequest that must be answered without showing anything (SAML core 3.4.1, bindings 3.4.4)."""

from __future__ import annotations

import base64
import zlib
from datetime import UTC, datetime
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from lxml import etree

from aiguilleur.probes.contract import Trip
from aiguilleur.probes.saml.xml import POST, SAML, SAMLP

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"


def request_id(trip: Trip) -> str:
    """The ID of this trip's question, which its answer must name; an XML ID may not begin with a digit."""
    return f"_{trip.id}"


def authn_request(trip: Trip, now: datetime, issuer: str, destination: str) -> bytes:
    """The question as XML: no attribute, no name identifier and no assurance level is asked for."""
    request = etree.Element(
        f"{{{SAMLP}}}AuthnRequest",
        {
            "ID": request_id(trip),
            "Version": "2.0",
            "IssueInstant": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "Destination": destination,
            "IsPassive": "true",
            "ProtocolBinding": POST,
            "AssertionConsumerServiceURL": trip.return_url,
        },
        nsmap={"samlp": SAMLP, "saml": SAML},
    )
    etree.SubElement(request, f"{{{SAML}}}Issuer").text = issuer
    return bytes(etree.tostring(request))


def redirect_query(request: bytes, relay_state: str, key: RSAPrivateKey | None) -> str:
    """The query that carries a question by redirect; signed over its own octets in this order when there is a key."""
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = base64.b64encode(deflate.compress(request) + deflate.flush())
    query = urlencode({"SAMLRequest": packed, "RelayState": relay_state})
    if key is None:
        return query
    query = f"{query}&{urlencode({'SigAlg': RSA_SHA256})}"
    signature = key.sign(query.encode("ascii"), padding.PKCS1v15(), hashes.SHA256())
    return f"{query}&{urlencode({'Signature': base64.b64encode(signature)})}"
