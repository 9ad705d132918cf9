"""Probe kinds by the name that `sources.yaml` gives them; each is imported only when a source uses it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from aiguilleur.probes.contract import BackChannelProbe, FrontChannelProbe

Probe = BackChannelProbe | FrontChannelProbe


class Kinds(Mapping[str, type[Probe]]):
    """A table of `module:class`, imported when looked up: ImportError says which library is missing."""

    def __init__(self, table: Mapping[str, str]) -> None:
        """Nothing is imported yet."""
        self._table = table

    def __getitem__(self, name: str) -> type[Probe]:
        """The class of a kind; KeyError when there is none such."""
        module, _, kind = self._table[name].partition(":")
        found: type[Probe] = getattr(import_module(module), kind)
        return found

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self._table)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._table)


PROBE_KINDS = Kinds(
    {
        "cas_passive": "aiguilleur.probes.cas:CasPassive",
        "http_status": "aiguilleur.probes.http_status:HttpStatusProbe",
        "oidc_passive": "aiguilleur.probes.oidc:OidcPassive",
        "saml_passive": "aiguilleur.probes.saml:SamlPassive",
        "shibboleth_passive": "aiguilleur.probes.shibboleth:ShibbolethPassive",
    }
)
