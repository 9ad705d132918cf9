"""SAML 2.0: asking an identity provider with `IsPassive`, and the metadata of service providers, ours and others'."""

from aiguilleur.probes.saml.discovery import discovery_responses
from aiguilleur.probes.saml.ours import service_provider_metadata
from aiguilleur.probes.saml.probe import SamlPassive
from aiguilleur.probes.saml.xml import SamlError

__all__ = ["SamlError", "SamlPassive", "discovery_responses", "service_provider_metadata"]
