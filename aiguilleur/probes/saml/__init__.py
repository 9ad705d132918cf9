"""Asking a SAML 2.0 identity provider with `IsPassive`: the status of its answer, and nothing else of it."""

from aiguilleur.probes.saml.ours import service_provider_metadata
from aiguilleur.probes.saml.probe import SamlPassive

__all__ = ["SamlPassive", "service_provider_metadata"]
