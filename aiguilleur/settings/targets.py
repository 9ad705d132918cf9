"""Targets: one address for each source, groups expanded, variables encoded where they stand."""

from __future__ import annotations

from collections.abc import Mapping

from aiguilleur.settings import schema
from aiguilleur.settings.addresses import insert
from aiguilleur.settings.context import TARGETS, Context
from aiguilleur.settings.model import Target, Template
from aiguilleur.settings.reader import Place


def add_targets(context: Context, raw: schema.RawTargets) -> None:
    """Every target, in the order written."""
    content = context.documents[TARGETS].content
    written = content["targets"] if isinstance(content, dict) else ()
    context.target_names |= {str(each["id"]) for each in written if isinstance(each, dict) and "id" in each}
    for index, each in enumerate(raw.targets):
        here: Place = ("targets", index)
        if each.id in context.targets:
            context.wrong(TARGETS, (*here, "id"), f"target '{each.id}' is there twice")
        urls = _urls(context, (*here, "urls"), each, each.urls)
        pages = {page: _urls(context, (*here, "pages", page), each, own) for page, own in each.pages.items()}
        context.targets[each.id] = Target(each.id, each.name, urls, frozenset(each.needs), pages)


def _urls(context: Context, place: Place, raw: schema.RawTarget, urls: Mapping[str, str]) -> dict[str, Template]:
    templates: dict[str, Template] = {}
    # A source's own address counts more than its group's, wherever it stands.
    for name in sorted(urls, key=lambda name: context.members.get(name) == (name,)):
        context.refer(TARGETS, (*place, name), "source", name, context.members, key=True)
        text, fault = insert(urls[name], raw.vars)
        template = Template(text)
        if not fault and template.needs_etab and "etab" not in raw.needs:
            fault = "holds {etab}, so the target must say 'needs: [etab]'"
        if fault:
            context.wrong(TARGETS, (*place, name), fault)
        templates |= dict.fromkeys(context.members.get(name, ()), template)
    return templates
