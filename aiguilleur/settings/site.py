"""Where this aiguilleur stands: its address, its entries, older links, journal sinks."""

from __future__ import annotations

import platform
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aiguilleur.journal import SINK_KINDS
from aiguilleur.settings import schema
from aiguilleur.settings.addresses import is_address
from aiguilleur.settings.context import SITE, Context
from aiguilleur.settings.kinds import plugin
from aiguilleur.settings.metrics import metrics
from aiguilleur.settings.model import LegacyLink, Link, Site, Ticket
from aiguilleur.settings.reader import Place
from aiguilleur.settings.shared import shared

_NOT_HTTPS = "is not an https address (http is for .localhost only)"


def set_zone(context: Context, raw: schema.RawSite) -> None:
    """The time zone that days and maintenance windows are written in."""
    try:
        context.zone = ZoneInfo(raw.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        context.wrong(SITE, ("time_zone",), f"unknown time zone '{raw.time_zone[:40]}' (as Europe/Paris)")


def site(context: Context, raw: schema.RawSite) -> Site:
    """The site, once sources, targets and rules have said which cookies and hosts they look for."""
    _check(context, raw)
    _check_retired_hosts(context, raw)
    sinks = [plugin(context, "sink", SINK_KINDS, SITE, ("journal", at), each) for at, each in enumerate(raw.journal)]
    return Site(
        public_url=raw.public_url,
        zone=context.zone,
        mire_hosts=frozenset(raw.mire_hosts),
        mire_target=raw.mire_target,
        portals=raw.portals,
        portal_suffix=raw.portal_suffix,
        entries=MappingProxyType(raw.entries),
        legacy=tuple(_legacy(context, ("legacy", at), each) for at, each in enumerate(raw.legacy)),
        budget=raw.budget_ms / 1000,
        max_legs=raw.max_legs,
        cookies=frozenset(context.cookies),
        referers=frozenset(context.referers),
        shared_networks=raw.shared_computers.networks,
        shared_entries=frozenset(raw.shared_computers.entries),
        proxies=raw.proxies,
        journal=tuple(sink for sink in sinks if sink is not None),
        metrics=metrics(context, raw.metrics),
        shared=shared(context, raw.shared),
        shared_password_file=raw.shared.password_file if raw.shared else None,
        state_dir=raw.state_dir,
        secret_keys_file=raw.secret_keys_file,
        node=raw.node or platform.node(),
        help_links=tuple(Link(link.label, link.url) for link in raw.help_links),
        footer_links=tuple(Link(link.label, link.url) for link in raw.footer_links),
        contact=raw.contact,
        theme=_theme(context, raw.theme),
        retired_hosts=MappingProxyType(raw.retired_hosts),
        ticket=Ticket(raw.ticket.keyword, raw.ticket.product) if raw.ticket else None,
        remember_days=raw.remember_days,
    )


def _check(context: Context, raw: schema.RawSite) -> None:
    if not is_address(raw.public_url) or {"?", "#"} & set(raw.public_url):
        context.wrong(SITE, ("public_url",), _NOT_HTTPS)
    if raw.mire_target is not None:
        context.refer(SITE, ("mire_target",), "target", raw.mire_target, context.target_names)
    for index, entry in enumerate(raw.shared_computers.entries):
        context.refer(SITE, ("shared_computers", "entries", index), "entry", entry, raw.entries)
    links: dict[str, tuple[schema.RawLink, ...]] = {"help_links": raw.help_links, "footer_links": raw.footer_links}
    for part, of in links.items():
        for index, link in enumerate(of):
            if not is_address(link.url):
                context.wrong(SITE, (part, index, "url"), f"'{link.url[:80]}' {_NOT_HTTPS}")


def _check_retired_hosts(context: Context, raw: schema.RawSite) -> None:
    ours = {urlsplit(raw.public_url).hostname, *raw.mire_hosts}
    for host, source in raw.retired_hosts.items():
        place: Place = ("retired_hosts", host)
        context.refer(SITE, place, "source", source, _sources(context))
        if host in ours:
            context.wrong(SITE, place, f"'{host}' is a host that this aiguilleur answers on", key=True)
        if source in context.sources and context.sources[source].closes is None:
            context.wrong(SITE, place, f"'{source}' has no 'until', so its host is never retired")


def _theme(context: Context, theme: str | None) -> Path | None:
    if theme is None:
        return None
    try:
        folder = ((context.themed_by or context.folder) / theme).resolve()
        if folder.is_dir():
            return folder
    except (OSError, ValueError, RuntimeError):
        # A link that leads to itself, a name that is none, a folder that others may not enter.
        pass
    if context.themed_by is None:
        context.wrong(SITE, ("theme",), f"'{theme[:80]}' is not a folder beside this file")
    return None


def _legacy(context: Context, here: Place, raw: schema.RawLegacy) -> LegacyLink:
    context.refer(SITE, (*here, "target"), "target", raw.target, context.target_names)
    for value, source in raw.sources.items():
        context.refer(SITE, (*here, "sources", value), "source", source, _sources(context))
    if raw.entry is not None:
        context.refer(SITE, (*here, "entry"), "entry", raw.entry, context.entries)
    return LegacyLink(raw.path, raw.target, raw.params, raw.etab_param, raw.source_param, raw.sources, raw.entry)


def _sources(context: Context) -> dict[str, Any]:
    """Sources, without the groups."""
    return {name: of for name, of in context.members.items() if of in ((), (name,))}
