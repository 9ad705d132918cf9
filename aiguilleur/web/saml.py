"""Our SAML metadata, to be registered at the sources that are asked by SAML."""

from __future__ import annotations

from flask import Blueprint, Response

from aiguilleur.probes import Trip
from aiguilleur.web import pages
from aiguilleur.web.service import service

blueprint = Blueprint("saml", __name__)


@blueprint.get("/saml/metadata")
def metadata() -> Response:
    """One document for all the sources that know us by the same entityID; 404 where none is asked by SAML."""
    try:
        # Here, because sites that do not speak SAML have none of its libraries.
        from aiguilleur.probes.saml import SamlPassive, service_provider_metadata  # noqa: PLC0415
    except ImportError:
        return pages.not_found("page")
    probes = [probe for probe in service().front.values() if isinstance(probe, SamlPassive)]
    if not probes:
        return pages.not_found("page")
    issuers = {probe.id: probe.issuer(Trip("", service().settings.site.return_url(probe.id))) for probe in probes}
    alike = [probe for probe in probes if issuers[probe.id] == issuers[probes[0].id]]
    document = service_provider_metadata(
        issuers[probes[0].id],
        [service().settings.site.return_url(probe.id) for probe in alike],
        [certificate for probe in alike for certificate in probe.signing_certificates()],
        [certificate for probe in alike for certificate in probe.encryption_certificates()],
    )
    return Response(document, content_type="application/samlmetadata+xml")
