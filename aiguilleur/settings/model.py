"""The settings of a running aiguilleur, complete and checked: nothing that holds one asks a question any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aiguilleur.core.decision import Policy
from aiguilleur.core.journey import Onward
from aiguilleur.core.model import School
from aiguilleur.probes import BackChannelProbe, FrontChannelProbe, Probe
from aiguilleur.probes.shared import Place
from aiguilleur.schools import Directory
from aiguilleur.settings.provider import ServiceProvider
from aiguilleur.signals import Presumption


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A planned pause of a source, from one instant to another (UTC)."""

    start: datetime
    end: datetime


class Audience(StrEnum):
    """Whom a source is for, in the order of the groups on the mire."""

    FAMILY = "family"
    STAFF = "staff"
    AGRICULTURAL = "agricultural"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Source:
    """An identity source: when and where it is open, and how to ask it."""

    id: str
    name: str
    help: str = ""
    group: str | None = None
    #: None: open in every académie.
    academies: frozenset[str] | None = None
    #: First and last whole day, in the configured zone.
    opens: date | None = None
    closes: date | None = None
    warn_from: date | None = None
    hidden_from: date | None = None
    maintenance: tuple[Maintenance, ...] = ()
    logout: str | None = None
    create: str | None = None
    #: Where a forgotten password is found again.
    forgotten: str | None = None
    audience: Audience = Audience.FAMILY
    presume: tuple[Presumption, ...] = ()
    probes: tuple[Probe, ...] = ()
    folded: bool = False
    #: The entityID of its identity provider, which `/disco` names to service providers.
    idp: str | None = None

    @property
    def set_apart(self) -> bool:
        """Whether the mire shows it among the rare ones."""
        return self.folded or self.audience is not Audience.FAMILY

    def is_hidden(self, day: date) -> bool:
        """Whether the mire no longer proposes it to those who do not use it yet."""
        return self.hidden_from is not None and day >= self.hidden_from

    def is_open(self, school: School | None, day: date) -> bool:
        """Whether calendar, school and académie allow this source on that day."""
        own = [school.opens.get(key) for key in self._keys] if school and school.opens else ()
        if any(first and day < first for first in (self.opens, *own)) or self.is_retired(school, day):
            return False
        return self.serves(school)

    def serves(self, school: School | None) -> bool:
        """Whether it is a source of this school's académie, on whatever day."""
        return self.academies is None or school is None or not school.academy or school.academy in self.academies

    def last_day(self, school: School | None) -> date | None:
        """Its last whole day, in general or for this school, whichever comes first."""
        if school is None or not school.closes:
            return self.closes
        own = (school.closes.get(key) for key in self._keys)
        return min((last for last in (self.closes, *own) if last), default=None)

    def is_retired(self, school: School | None, day: date) -> bool:
        """Whether its last day, in general or for this school, is past."""
        last = self.last_day(school)
        return last is not None and day > last

    def is_ending(self, school: School | None, day: date) -> bool:
        """Whether its end is near enough to be announced to this school's families."""
        last = self.last_day(school)
        if self.warn_from is None or last is None:
            return False
        # A school that stops before the others is warned as long before.
        first = last - (self.closes - self.warn_from) if self.closes else self.warn_from
        return first <= day <= last

    @property
    def _keys(self) -> tuple[str, ...]:
        """The names under which a school's own days are written."""
        return (self.id, self.group) if self.group else (self.id,)

    def paused_until(self, at: datetime) -> datetime | None:
        """When the planned pause that covers this instant ends; None when none does."""
        return max((pause.end for pause in self.maintenance if pause.start <= at < pause.end), default=None)


@dataclass(frozen=True, slots=True)
class Template:
    """An address with holes for a known school's label; variables are already encoded where they are inserted."""

    text: str

    def fill(self, school: School | None) -> str:
        """The address for this school."""
        # A DNS label needs no encoding, inside an encoded variable as well as outside.
        return self.text.replace("{etab}", school.etab) if school else self.text

    @property
    def needs_etab(self) -> bool:
        """Whether a school is needed to fill it."""
        return "{etab}" in self.text


@dataclass(frozen=True, slots=True)
class Target:
    """A service, and its address for each source."""

    id: str
    name: str
    urls: Mapping[str, Template]
    needs: frozenset[str] = frozenset()
    #: Named deep pages: id, then source, then address.
    pages: Mapping[str, Mapping[str, Template]] = field(default_factory=dict)

    def address(self, source: str, school: School | None, page: str | None = None) -> str:
        """Where the browser goes for this source; a page that this source does not have is the service's front."""
        deep = self.pages.get(page or "", {}).get(source)
        return (deep or self.urls[source]).fill(school)


@dataclass(frozen=True, slots=True)
class LegacyLink:
    """A link already pasted elsewhere: its path and parameters, and what it stands for."""

    path: str
    target: str
    #: Parameters that must be present with this value.
    params: Mapping[str, str] = field(default_factory=dict)
    #: The parameter that names the school.
    etab_param: str = "etab"
    #: By the value of `source_param`, the source that the old link chose.
    source_param: str | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    entry: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A link of the help section or the footer."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """Where a request for help is filed in the helpdesk's catalogue."""

    keyword: str
    product: str


@dataclass(frozen=True, slots=True)
class Metrics:
    """The address on which metrics are to be had."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Site:
    """Where this aiguilleur stands and what surrounds it."""

    public_url: str
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/Paris"))
    mire_hosts: frozenset[str] = frozenset()
    mire_target: str | None = None
    #: Hosts, or `*.` patterns, whose links may send browsers here without a gesture that can be seen.
    portals: tuple[str, ...] = ()
    #: The pattern of a school's portal, as `<etab>.eclat-bfc.fr`: the part behind the label.
    portal_suffix: str | None = None
    #: Entry ids (`?de=`) and what they are, for people.
    entries: Mapping[str, str] = field(default_factory=dict)
    legacy: tuple[LegacyLink, ...] = ()
    #: Seconds for all server-side probes of a leg together.
    budget: float = 1.2
    max_legs: int = 2
    #: Cookie names that signals look for (presumptions, `cookie:` rules).
    cookies: frozenset[str] = frozenset()
    #: Hosts that `referer:` rules name.
    referers: frozenset[str] = frozenset()
    shared_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    shared_entries: frozenset[str] = frozenset()
    #: How many reverse proxies in front may be believed for the client's address and scheme.
    proxies: int = 0
    #: Journal sinks: settings of each, validated by its kind.
    journal: tuple[Any, ...] = ()
    #: None counts nothing.
    metrics: Metrics | None = None
    #: What nodes share is kept here; None shares nothing.
    shared: Place | None = None
    shared_password_file: str | None = None
    #: Where live configurations and the last good one are kept; None keeps nothing.
    state_dir: str | None = None
    secret_keys_file: str | None = None
    node: str = ""
    help_links: tuple[Link, ...] = ()
    footer_links: tuple[Link, ...] = ()
    contact: str = ""
    #: A folder with templates, static files and translations that go before the shipped ones.
    theme: Path | None = None
    #: By host name of a guichet that has moved to us, the source that it was.
    retired_hosts: Mapping[str, str] = field(default_factory=dict)
    #: How a school asks its own helpdesk for help.
    ticket: Ticket | None = None
    #: How many days a remembered choice is kept.
    remember_days: int = 365

    def return_url(self, probe: str) -> str:
        """Where the browser comes back from that probe's source."""
        return f"{self.public_url.rstrip('/')}/retour/{probe}"


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it, frozen; `digest` names this very configuration."""

    site: Site
    sources: Mapping[str, Source]
    targets: Mapping[str, Target]
    #: By target.
    policies: Mapping[str, Policy]
    directory: Directory
    #: By entityID, the SAML service providers that may ask `/disco`.
    service_providers: Mapping[str, ServiceProvider] = field(default_factory=dict)
    digest: str = ""
    #: The bytes each file had when it was read, by its name.
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def back_probes(self) -> dict[str, BackChannelProbe]:
        """The probes that the server asks, by id."""
        return {each.ref.id: each for each in self._probes() if isinstance(each, BackChannelProbe)}

    @property
    def front_probes(self) -> dict[str, FrontChannelProbe]:
        """The probes that the browser asks, by id."""
        return {each.ref.id: each for each in self._probes() if isinstance(each, FrontChannelProbe)}

    def _probes(self) -> Iterator[Probe]:
        return (probe for source in self.sources.values() for probe in source.probes)

    def open_sources(self, target: str, school: School | None, day: date, *, with_idp: bool = False) -> frozenset[str]:
        """The sources that calendar, school and académie allow and that the target has an address for.

        `with_idp`: only those that a service provider can be told to ask.
        """
        urls = self.targets[target].urls
        return frozenset(
            [
                name
                for name, source in self.sources.items()
                if name in urls and source.is_open(school, day) and (source.idp or not with_idp)
            ]
        )

    def knows(self, onward: Onward) -> bool:
        """Whether that service provider's metadata lets browsers return there."""
        provider = self.service_providers.get(onward.provider)
        return provider is not None and not provider.fault(onward.address, onward.param)

    def ill_sources(self, at: datetime) -> frozenset[str]:
        """The sources under maintenance at this instant."""
        return frozenset([each.id for each in self.sources.values() if each.maintenance and each.paused_until(at)])
