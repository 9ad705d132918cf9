"""Where a service provider lets browsers return from a discovery service, as its metadata says."""

from __future__ import annotations

from lxml import etree

from aiguilleur.core.model import Reason
from aiguilleur.probes.saml.metadata import MOST_BYTES, entities_with
from aiguilleur.probes.saml.xml import MD, SamlError, read

#: The namespace of the element and the name of its binding (sstc-saml-idp-discovery 2.5).
IDPDISC = "urn:oasis:names:tc:SAML:profiles:SSO:idp-discovery-protocol"


def discovery_responses(document: bytes, entity_id: str | None = None) -> tuple[str, tuple[str, ...]]:
    """The entityID of the service provider in a metadata document, and its return addresses, the default first.

    `entity_id` names the one that is meant when there are several. Raises SamlError saying what is missing.
    """
    root = read(document, most=MOST_BYTES, comments=True)
    entities = entities_with(root, "SPSSODescriptor")
    found = [each for each in entities if entity_id in (None, each.get("entityID"))]
    if len(found) != 1:
        names = ", ".join(str(each.get("entityID")) for each in entities[:5])
        raise SamlError(Reason.PARSE, f"holds {len(found)} such service providers, name one with 'entity_id': {names}")
    responses = [
        each
        for each in found[0].findall(f"{{{MD}}}SPSSODescriptor/{{{MD}}}Extensions/{{{IDPDISC}}}DiscoveryResponse")
        if each.get("Binding") == IDPDISC and each.get("Location")
    ]
    if not responses:
        raise SamlError(Reason.PARSE, "has no idpdisc:DiscoveryResponse, so browsers may return nowhere")
    ordered = sorted(responses, key=_rank)
    return str(found[0].get("entityID")), tuple(str(each.get("Location")) for each in ordered)


def _rank(endpoint: etree._Element) -> int:
    """SAML metadata 2.2.3: the first that says it is the default; else the first that does not deny it."""
    return {"true": 0, "1": 0, "false": 2, "0": 2}.get(endpoint.get("isDefault") or "", 1)
