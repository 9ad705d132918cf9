"""The metadata of an identity provider, from a file: where it is asked, and the certificates it signs with."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from lxml import etree

from aiguilleur.core.model import Reason
from aiguilleur.probes.saml.xml import DS, MD, REDIRECT, SamlError, read, text_of

MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """What is known of an identity provider before it is asked."""

    entity_id: str
    #: Its single sign-on service for requests by redirect.
    sso_url: str
    certificates: tuple[x509.Certificate, ...]
    #: After which nobody should rely on all this (SAML metadata 2.3.1 and 2.3.2).
    valid_until: datetime | None = None


def identity_provider(document: bytes, entity_id: str | None = None) -> IdentityProvider:
    """The identity provider in a metadata document, the one named `entity_id` when there are several.

    Only the certificates that its IDPSSODescriptor signs with count (SAML metadata 2.4.1.1: `use="signing"` or no
    use): those of its other roles vouch for nothing here. Raises SamlError saying what is missing.
    """
    root = read(document, most=MOST_BYTES, comments=True)
    entities = entities_with(root, "IDPSSODescriptor")
    found = [each for each in entities if entity_id in (None, each.get("entityID"))]
    if len(found) != 1:
        names = ", ".join(str(each.get("entityID")) for each in entities[:5])
        raise SamlError(Reason.PARSE, f"holds {len(found)} such identity providers, name one with 'idp': {names}")
    [entity] = found
    role = entity.find(f"{{{MD}}}IDPSSODescriptor")
    return IdentityProvider(str(entity.get("entityID")), _sso_url(role), _certificates(role), _valid_until(role))


def _valid_until(role: etree._Element) -> datetime | None:
    """The first end that the role, its entity or what encloses it names; one that cannot be read is none."""
    ends = []
    for each in (role, *role.iterancestors()):
        try:
            end = datetime.fromisoformat(each.get("validUntil") or "")
        except ValueError:
            continue
        # SAML core 1.3.3: a time is in UTC.
        ends.append(end if end.tzinfo else end.replace(tzinfo=UTC))
    return min(ends, default=None)


def entities_with(root: etree._Element, role: str) -> list[etree._Element]:
    """The entities of a metadata document that have this role."""
    entities = [root] if root.tag == f"{{{MD}}}EntityDescriptor" else root.findall(f".//{{{MD}}}EntityDescriptor")
    return [each for each in entities if each.get("entityID") and each.find(f"{{{MD}}}{role}") is not None]


def _sso_url(role: etree._Element) -> str:
    for service in role.findall(f"{{{MD}}}SingleSignOnService"):
        if service.get("Binding") == REDIRECT and service.get("Location"):
            return str(service.get("Location"))
    raise SamlError(Reason.PARSE, "has no SingleSignOnService for HTTP-Redirect")


def _certificates(role: etree._Element) -> tuple[x509.Certificate, ...]:
    keys = [key for key in role.findall(f"{{{MD}}}KeyDescriptor") if key.get("use") in (None, "signing")]
    texts = [text_of(each) for key in keys for each in key.findall(f".//{{{DS}}}X509Certificate")]
    if not texts:
        raise SamlError(Reason.PARSE, "has no signing certificate in its IDPSSODescriptor")
    try:
        return tuple(x509.load_der_x509_certificate(base64.b64decode("".join(text.split()))) for text in texts)
    except (ValueError, binascii.Error) as error:
        raise SamlError(Reason.PARSE, "has a signing certificate that cannot be read") from error
