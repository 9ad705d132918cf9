"""The service providers that may ask `/disco`, from their metadata."""

from __future__ import annotations

from aiguilleur.probes import ConfigFile
from aiguilleur.settings import schema
from aiguilleur.settings.addresses import is_address
from aiguilleur.settings.context import SITE, Context
from aiguilleur.settings.provider import ServiceProvider, is_plain
from aiguilleur.settings.reader import Place

_NOT_HTTPS = "is not an https address (http is for .localhost only)"


def service_providers(context: Context, raw: schema.RawSite) -> dict[str, ServiceProvider]:
    """By entityID; none where the libraries of SAML are not installed, which `checks` tells."""
    providers: dict[str, ServiceProvider] = {}
    for index, each in enumerate(raw.disco):
        here: Place = ("disco", index)
        _check_target(context, here, each.target)
        file = context.attached(SITE, (*here, "metadata"), each.metadata)
        provider = _described(context, here, each, file) if file else None
        if provider is None:
            continue
        if provider.entity_id in providers:
            context.wrong(SITE, here, f"service provider '{provider.entity_id[:80]}' is there twice")
        providers[provider.entity_id] = provider
    return providers


def _check_target(context: Context, here: Place, target: str) -> None:
    context.refer(SITE, (*here, "target"), "target", target, context.target_names)
    known = context.targets.get(target)
    # A source of the wrong shape may be the very one that has it.
    if known is None or context.notes.blamed:
        return
    if not any(source in known.urls and of.idp for source, of in context.sources.items()):
        message = f"no source of target '{target}' has an 'idp': there is nobody to choose"
        context.wrong(SITE, (*here, "target"), message)


def _described(context: Context, here: Place, raw: schema.RawProvider, file: ConfigFile) -> ServiceProvider | None:
    try:
        # Here, because sites that do not speak SAML have none of its libraries.
        from aiguilleur.probes.saml import SamlError, discovery_responses  # noqa: PLC0415
    except ImportError:
        return None
    try:
        entity_id, addresses = discovery_responses(file.content, raw.entity_id)
    except SamlError as error:
        context.wrong(SITE, (*here, "metadata"), f"'{file.name}' {error}")
        return None
    for address in addresses:
        if not is_address(address) or not is_plain(address):
            message = f"'{file.name}': DiscoveryResponse '{address[:80]}' {_NOT_HTTPS}"
            context.wrong(SITE, (*here, "metadata"), message)
    return ServiceProvider(entity_id, raw.target, addresses)
