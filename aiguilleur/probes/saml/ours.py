"""Our own metadata, to be registered at the source: where answers are to be posted, and that nothing is asked for."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from aiguilleur.probes.saml.xml import DS, MD, POST, SAMLP


def service_provider_metadata(
    entity_id: str,
    return_urls: Iterable[str],
    signing: Iterable[x509.Certificate] = (),
    encryption: Iterable[x509.Certificate] = (),
) -> bytes:
    """The document (SAML metadata 2.4.4); `signing` says that requests are signed, `encryption` is for assertions."""
    signing, encryption = tuple(dict.fromkeys(signing)), tuple(dict.fromkeys(encryption))
    entity = etree.Element(f"{{{MD}}}EntityDescriptor", {"entityID": entity_id}, nsmap={"md": MD, "ds": DS})
    role = etree.SubElement(
        entity,
        f"{{{MD}}}SPSSODescriptor",
        {
            "AuthnRequestsSigned": "true" if signing else "false",
            "WantAssertionsSigned": "false",
            "protocolSupportEnumeration": SAMLP,
        },
    )
    for use, certificates in (("signing", signing), ("encryption", encryption)):
        for certificate in certificates:
            _add_key(role, use, certificate)
    for index, url in enumerate(return_urls):
        service = {"Binding": POST, "Location": url, "index": str(index)} | ({} if index else {"isDefault": "true"})
        etree.SubElement(role, f"{{{MD}}}AssertionConsumerService", service)
    return bytes(etree.tostring(entity, pretty_print=True, xml_declaration=True, encoding="UTF-8"))


def _add_key(role: etree._Element, use: str, certificate: x509.Certificate) -> None:
    key = etree.SubElement(role, f"{{{MD}}}KeyDescriptor", {"use": use})
    data = etree.SubElement(etree.SubElement(key, f"{{{DS}}}KeyInfo"), f"{{{DS}}}X509Data")
    encoded = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode("ascii")
    etree.SubElement(data, f"{{{DS}}}X509Certificate").text = encoded
