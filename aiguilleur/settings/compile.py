"""From the raw files to settings: names resolved, groups and `each` expanded, one table of rules per target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, get_args, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import TypeAdapter, ValidationError

from aiguilleur.core import matchers
from aiguilleur.core.decision import Policy, Rule
from aiguilleur.core.matchers import MATCHER_KINDS, Matcher
from aiguilleur.core.model import Discover, Outcome, Redirect, Sources
from aiguilleur.journal import SINK_KINDS
from aiguilleur.probes import PROBE_KINDS
from aiguilleur.schools import Directory
from aiguilleur.settings import schema
from aiguilleur.settings.addresses import insert, is_address
from aiguilleur.settings.model import LegacyLink, Link, Maintenance, Settings, Site, Source, Target, Template
from aiguilleur.settings.notes import Notes, did_you_mean
from aiguilleur.settings.reader import Document, Place
from aiguilleur.signals import Presumption

_SITE, _SOURCES, _TARGETS, _RULES = "aiguilleur.yaml", "sources.yaml", "targets.yaml", "rules.yaml"


class Compiler:
    """One pass over the raw files; what is wrong goes to the notes."""

    def __init__(self, documents: Mapping[str, Document], directory: Directory, notes: Notes) -> None:
        """Compile what these documents hold."""
        self.documents = documents
        self.directory = directory
        self.notes = notes
        self.zone = ZoneInfo("UTC")
        self.members: dict[str, tuple[str, ...]] = {}
        self.sources: dict[str, Source] = {}
        self.targets: dict[str, Target] = {}
        self.entries: Mapping[str, str] = {}
        self.cookies: set[str] = set()
        self.referers: set[str] = set()

    def settings(
        self,
        site: schema.RawSite,
        sources: schema.RawSources,
        targets: schema.RawTargets,
        rules: schema.RawRules,
        *,
        digest: str,
        files: Mapping[str, bytes],
    ) -> Settings | None:
        """The settings, or None when the notes say why not."""
        self._zone(site)
        self._name_sources(sources)
        for index, source in enumerate(sources.sources):
            self.sources[source.id] = self._source(index, source)
        for index, target in enumerate(targets.targets):
            self._unique(_TARGETS, ("targets", index, "id"), target.id, self.targets)
            self.targets[target.id] = self._target(index, target)
        self.entries = site.entries
        policies = self._policies(rules, site.max_legs)
        compiled = self._site(site)
        if self.notes.problems:
            return None
        return Settings(
            site=compiled,
            sources=MappingProxyType(self.sources),
            targets=MappingProxyType(self.targets),
            policies=MappingProxyType(policies),
            directory=self.directory,
            digest=digest,
            files=MappingProxyType(dict(files)),
        )

    def wrong(self, file: str, place: Place, message: str, *, key: bool = False) -> None:
        """Note a problem."""
        self.notes.add(self.documents[file].problem(place, message, key=key))

    # -- sources

    def _zone(self, site: schema.RawSite) -> None:
        try:
            self.zone = ZoneInfo(site.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            self.wrong(_SITE, ("time_zone",), f"unknown time zone '{site.time_zone}' (as Europe/Paris)")

    def _name_sources(self, sources: schema.RawSources) -> None:
        groups: dict[str, list[str]] = {}
        for index, source in enumerate(sources.sources):
            self._unique(_SOURCES, ("sources", index, "id"), source.id, self.members)
            self.members[source.id] = (source.id,)
            if source.group:
                groups.setdefault(source.group, []).append(source.id)
        for group, members in groups.items():
            if group in self.members:
                self.wrong(_SOURCES, ("sources",), f"'{group}' is both a source and a group")
            self.members[group] = tuple(members)

    def _unique(self, file: str, place: Place, name: str, known: Mapping[str, Any]) -> None:
        if name in known:
            self.wrong(file, place, f"'{name}' is there twice")

    def _source(self, index: int, raw: schema.RawSource) -> Source:
        here: Place = ("sources", index)
        if raw.from_ and raw.until and raw.until < raw.from_:
            self.wrong(_SOURCES, (*here, "until"), f"ends on {raw.until} before it begins on {raw.from_}")
        for name in ("logout", "create"):
            address = getattr(raw, name)
            if address and not is_address(address):
                self.wrong(_SOURCES, (*here, name), "is not an https address")
        for presumption in raw.presume:
            named = (presumption.cookie, presumption.no_cookie, presumption.unless_blank)
            self.cookies.update(name for name in named if name)
        return Source(
            id=raw.id,
            name=raw.name,
            help=raw.help,
            group=raw.group,
            academies=frozenset(raw.academies) if raw.academies is not None else None,
            opens=raw.from_,
            closes=raw.until,
            warn_from=raw.warn_from,
            hidden_from=raw.hidden_from,
            maintenance=tuple(
                Maintenance(self._instant(each.from_), self._instant(each.until)) for each in raw.maintenance
            ),
            logout=raw.logout,
            create=raw.create,
            presume=tuple(
                Presumption(raw.id, each.state, each.cookie, each.no_cookie, each.unless_blank) for each in raw.presume
            ),
            probes=tuple(
                filter(None, (self._probe(raw.id, (*here, "probes", at), each) for at, each in enumerate(raw.probes)))
            ),
            folded=raw.folded,
        )

    def _instant(self, local: datetime) -> datetime:
        return (local if local.tzinfo else local.replace(tzinfo=self.zone)).astimezone(UTC)

    def _probe(self, source: str, place: Place, raw: dict[str, Any]) -> Any:
        probe = self._kind("probe", PROBE_KINDS, _SOURCES, place, raw, {"source": source})
        if probe is None:
            return None
        known = {each.ref.id for other in self.sources.values() for each in other.probes}
        if probe.ref.id in known:
            self.wrong(_SOURCES, (*place, "id"), f"probe '{probe.ref.id}' is there twice")
        self.cookies.update(getattr(probe, "cookies", ()))
        return probe

    def _kind(
        self, what: str, kinds: Mapping[str, Any], file: str, place: Place, raw: dict[str, Any], more: dict[str, Any]
    ) -> Any:
        """A plug-in of a table: the dataclass's fields are its settings."""
        settings = dict(raw)
        name = settings.pop("kind", None)
        kind = kinds.get(str(name))
        if kind is None:
            self.wrong(file, (*place, "kind"), did_you_mean(f"{what} kind", str(name), kinds))
            return None
        allowed = [each.name for each in fields(kind) if each.init and each.name not in more]
        for key in settings.keys() - set(allowed):
            self.wrong(file, (*place, key), did_you_mean("key", key, allowed), key=True)
        for each in fields(kind):
            if each.init and each.name not in more | settings and _is_required(each):
                self.wrong(file, place, f"'{name}' needs '{each.name}'")
        before, hints = len(self.notes.problems), get_type_hints(kind)
        values = {
            key: self._typed(file, (*place, key), hints[key], settings[key]) for key in allowed if key in settings
        }
        if len(self.notes.problems) > before:
            return None
        try:
            return kind(**values, **more)
        except (TypeError, ValueError) as error:
            # A setting that is missing has been told already.
            if isinstance(error, ValueError):
                self.wrong(file, place, str(error))
            return None

    def _typed(self, file: str, place: Place, kind: Any, raw: Any) -> Any:
        try:
            return TypeAdapter(kind).validate_python(raw)
        except ValidationError as error:
            for fault in error.errors(include_url=False):
                known = self.documents[file].places
                inner = tuple(part for part in fault["loc"] if (*place, part) in known)
                self.wrong(file, (*place, *inner), fault["msg"].removeprefix("Value error, "))
            return None

    # -- targets

    def _target(self, index: int, raw: schema.RawTarget) -> Target:
        here: Place = ("targets", index)
        pages = {page: self._urls((*here, "pages", page), urls, raw.vars) for page, urls in raw.pages.items()}
        return Target(raw.id, raw.name, self._urls((*here, "urls"), raw.urls, raw.vars), frozenset(raw.needs), pages)

    def _urls(self, place: Place, urls: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, Template]:
        templates: dict[str, Template] = {}
        for name, url in urls.items():
            if name not in self.members:
                self.wrong(_TARGETS, (*place, name), did_you_mean("source", name, self.members), key=True)
            text, fault = insert(url, variables)
            if fault:
                self.wrong(_TARGETS, (*place, name), fault)
            templates |= dict.fromkeys(self.members.get(name, ()), Template(text))
        return templates

    # -- rules

    def _policies(self, raw: schema.RawRules, max_legs: int) -> dict[str, Policy]:
        rules: list[Rule] = []
        names: set[str] = set()
        for index, each in enumerate(raw.rules):
            if each.id in names:
                self.wrong(_RULES, ("rules", index, "id"), f"'{each.id}' is there twice")
            names.add(each.id)
            rules += self._expanded(index, each)
        default = Discover(self._offered(("default", "discover"), raw.default.discover))
        probes = {source.id: tuple(probe.ref for probe in source.probes) for source in self.sources.values()}
        folded = frozenset(source.id for source in self.sources.values() if source.folded)
        return {
            target: Policy(tuple(rule for rule in rules if _concerns(rule, target)), default, probes, folded, max_legs)
            for target in self.targets
        }

    def _expanded(self, index: int, raw: schema.RawRule) -> list[Rule]:
        here: Place = ("rules", index)
        if raw.each is None:
            return self._rule(here, raw, raw.id, None)
        members = tuple(self.sources) if raw.each == "source" else self.members.get(raw.each)
        if members is None:
            self.wrong(_RULES, (*here, "each"), did_you_mean("group", raw.each, ["source", *self.members]))
            return []
        return [rule for member in members for rule in self._rule(here, raw, f"{raw.id}[{member}]", member)]

    def _rule(self, here: Place, raw: schema.RawRule, name: str, source: str | None) -> list[Rule]:
        when = tuple(self._matcher((*here, "when", at), _filled(each, source)) for at, each in enumerate(raw.when))
        then = self._outcome(here, raw.then, source)
        document = self.documents[_RULES]
        place = f"{document.name}:{document.line(here)}"
        if then is None or any(each is None for each in when):
            return []
        return [Rule(name, tuple(each for each in when if each is not None), then, place)]

    def _outcome(self, here: Place, raw: schema.RawThen, source: str | None) -> Outcome | None:
        if (raw.redirect is None) == (raw.discover is None):
            self.wrong(_RULES, (*here, "then"), "write one of redirect: SOURCE or discover: [SOURCE, …]")
            return None
        if raw.discover is not None:
            return Discover(self._offered((*here, "then", "discover"), raw.discover))
        name = _filled(raw.redirect, source)
        if name not in self.sources:
            hint = " is a group; use each:" if name in self.members else ""
            message = f"'{name}'{hint}" if hint else did_you_mean("source", name, self.sources)
            self.wrong(_RULES, (*here, "then", "redirect"), message)
            return None
        return Redirect(name)

    def _offered(self, place: Place, names: tuple[str, ...]) -> tuple[str, ...]:
        for index, name in enumerate(names):
            if name not in self.members:
                self.wrong(_RULES, (*place, index), did_you_mean("source", name, self.members))
        return tuple(dict.fromkeys(source for name in names for source in self.members.get(name, ())))

    def _matcher(self, place: Place, raw: Any) -> Matcher | None:
        if not isinstance(raw, dict) or not raw:
            self.wrong(_RULES, place, "is not a condition, as {source: educonnect, is: active}")
            return None
        name = next((key for key in raw if key in MATCHER_KINDS), None)
        if name is None:
            key = next(iter(raw))
            self.wrong(_RULES, (*place, key), did_you_mean("condition", key, MATCHER_KINDS), key=True)
            return None
        kind = MATCHER_KINDS[name]
        hints = get_type_hints(kind, vars(matchers))
        wanted = {each.name.rstrip("_"): each.name for each in fields(kind)}  # type: ignore[arg-type]
        for key in raw.keys() - wanted.keys():
            self.wrong(_RULES, (*place, key), did_you_mean("key", key, wanted), key=True)
        for key in wanted.keys() - raw.keys():
            self.wrong(_RULES, place, f"'{name}' needs '{key}' as well")
        if raw.keys() != wanted.keys():
            return None
        before = len(self.notes.problems)
        values = {field: self._value((*place, key), hints[field], raw[key]) for key, field in wanted.items()}
        if len(self.notes.problems) > before:
            return None
        self._mention(name, raw[name], (*place, name))
        return kind(**values)

    def _value(self, place: Place, kind: Any, raw: Any) -> Any:
        if kind is Sources:
            if raw not in self.members:
                self.wrong(_RULES, place, did_you_mean("source", str(raw), self.members))
            return Sources(str(raw), self.members.get(str(raw), ()))
        if kind is Matcher:
            return self._matcher(place, raw)
        if get_args(kind)[:1] == (Matcher,):
            if not isinstance(raw, list) or not raw:
                self.wrong(_RULES, place, "is not a list of conditions")
                return ()
            return tuple(self._matcher((*place, index), each) for index, each in enumerate(raw))
        return self._typed(_RULES, place, kind, raw)

    def _mention(self, kind: str, name: Any, place: Place) -> None:
        """What a condition names must exist, or be looked for from now on."""
        known: Mapping[str, Any] | None = {"entry": self.entries, "target": self.targets}.get(kind)
        if kind == "cookie":
            self.cookies.add(name)
        elif kind == "referer":
            self.referers.add(name)
        elif kind == "etab" and name not in self.directory.schools:
            self.wrong(_RULES, place, did_you_mean("school", name, self.directory.schools))
        elif known is not None and name not in known:
            self.wrong(_RULES, place, did_you_mean(kind, name, known))

    # -- site

    def _site(self, raw: schema.RawSite) -> Site:
        if not is_address(raw.public_url):
            self.wrong(_SITE, ("public_url",), "is not an https address (http is for .localhost only)")
        if raw.mire_target is not None and raw.mire_target not in self.targets:
            self.wrong(_SITE, ("mire_target",), did_you_mean("target", raw.mire_target, self.targets))
        for index, entry in enumerate(raw.shared_computers.entries):
            if entry not in raw.entries:
                place = ("shared_computers", "entries", index)
                self.wrong(_SITE, place, did_you_mean("entry", entry, raw.entries))
        for index, link in enumerate((*raw.help_links, *raw.footer_links)):
            if not is_address(link.url):
                part, at = (
                    ("help_links", index)
                    if index < len(raw.help_links)
                    else ("footer_links", index - len(raw.help_links))
                )
                self.wrong(_SITE, (part, at, "url"), "is not an https address")
        return Site(
            public_url=raw.public_url,
            zone=self.zone,
            mire_hosts=frozenset(raw.mire_hosts),
            mire_target=raw.mire_target,
            portals=raw.portals,
            portal_suffix=raw.portal_suffix,
            entries=MappingProxyType(raw.entries),
            legacy=tuple(self._legacy(index, each) for index, each in enumerate(raw.legacy)),
            budget=raw.budget_ms / 1000,
            max_legs=raw.max_legs,
            cookies=frozenset(self.cookies),
            referers=frozenset(self.referers),
            shared_networks=raw.shared_computers.networks,
            shared_entries=frozenset(raw.shared_computers.entries),
            proxies=raw.proxies,
            journal=tuple(
                filter(
                    None,
                    (
                        self._kind("sink", SINK_KINDS, _SITE, ("journal", at), each, {})
                        for at, each in enumerate(raw.journal)
                    ),
                )
            ),
            state_dir=raw.state_dir,
            secret_keys_file=raw.secret_keys_file,
            node=raw.node,
            help_links=tuple(Link(link.label, link.url) for link in raw.help_links),
            footer_links=tuple(Link(link.label, link.url) for link in raw.footer_links),
            contact=raw.contact,
            remember_days=raw.remember_days,
        )

    def _legacy(self, index: int, raw: schema.RawLegacy) -> LegacyLink:
        here: Place = ("legacy", index)
        if raw.target not in self.targets:
            self.wrong(_SITE, (*here, "target"), did_you_mean("target", raw.target, self.targets))
        for value, source in raw.sources.items():
            if source not in self.sources:
                self.wrong(_SITE, (*here, "sources", value), did_you_mean("source", source, self.sources))
        return LegacyLink(raw.path, raw.target, raw.params, raw.etab_param, raw.source_param, raw.sources, raw.entry)


def _filled(raw: Any, source: str | None) -> Any:
    """A raw value with `{source}` replaced, at any depth."""
    if isinstance(raw, str) and source is not None:
        return raw.replace("{source}", source)
    if isinstance(raw, dict):
        return {key: _filled(value, source) for key, value in raw.items()}
    return [_filled(value, source) for value in raw] if isinstance(raw, list) else raw


def _concerns(rule: Rule, target: str) -> bool:
    """Whether a rule may ever answer for this target."""
    return all(not isinstance(each, matchers.Target) or each.target == target for each in rule.when)


def _is_required(each: Field[Any]) -> bool:
    return each.default is MISSING and each.default_factory is MISSING
