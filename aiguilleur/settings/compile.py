"""From the raw files to settings: names resolved, groups and `each` expanded, one table of rules per target."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from aiguilleur.settings import schema
from aiguilleur.settings.context import Context
from aiguilleur.settings.disco import service_providers
from aiguilleur.settings.model import Settings
from aiguilleur.settings.rules import policies
from aiguilleur.settings.site import set_zone, site
from aiguilleur.settings.sources import add_sources, name_sources
from aiguilleur.settings.targets import add_targets


@dataclass(frozen=True, slots=True)
class Raw:
    """The four files, each of the right shape."""

    site: schema.RawSite
    sources: schema.RawSources
    targets: schema.RawTargets
    rules: schema.RawRules


def compiled(context: Context, raw: Raw) -> Settings:
    """The settings, without digest; they are only good when the notes of the context are still empty."""
    set_zone(context, raw.site)
    context.entries = raw.site.entries
    name_sources(context, raw.sources)
    add_sources(context, raw.sources)
    add_targets(context, raw.targets)
    tables = policies(context, raw.rules, raw.site.max_legs)
    return Settings(
        site=site(context, raw.site),
        sources=MappingProxyType(context.sources),
        targets=MappingProxyType(context.targets),
        policies=MappingProxyType(tables),
        directory=context.directory,
        service_providers=MappingProxyType(service_providers(context, raw.site)),
    )
