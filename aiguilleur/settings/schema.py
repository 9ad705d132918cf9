"""The shape of each file: what may be written, of which type; nothing else is accepted."""

from __future__ import annotations

from datetime import date, datetime
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from aiguilleur.core.model import SessionState
from aiguilleur.settings.model import Audience

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]
#: A host, or `*.` and what follows the first label.
HOST = r"^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+$"
#: RFC 6265 4.1.1: a token.
COOKIE_NAME = r"^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$"
Host = Annotated[str, StringConstraints(pattern=HOST)]
PlainHost = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")]
#: A URI of at most 1024 letters (SAML metadata 2.2.1); printable ASCII, so that it can be put into an address.
EntityId = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,1024}$")]
CookieName = Annotated[str, StringConstraints(pattern=COOKIE_NAME)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RawPresumption(_Strict):
    """One line of `presume:`."""

    state: SessionState
    cookie: CookieName | None = None
    no_cookie: CookieName | None = None
    unless_blank: CookieName | None = None


class RawWindow(_Strict):
    """A maintenance window, in local time."""

    from_: datetime = Field(alias="from")
    until: datetime


class RawSource(_Strict):
    """One source of `sources.yaml`."""

    id: Id
    name: Text
    help: str = ""
    group: Id | None = None
    academies: tuple[str, ...] | None = None
    from_: date | None = Field(None, alias="from")
    until: date | None = None
    warn_from: date | None = None
    hidden_from: date | None = None
    maintenance: tuple[RawWindow, ...] = ()
    logout: str | None = None
    create: str | None = None
    forgotten: str | None = None
    audience: Audience = Audience.FAMILY
    presume: tuple[RawPresumption, ...] = ()
    probes: tuple[dict[str, Any], ...] = ()
    folded: bool = False
    idp: EntityId | None = None


class RawSources(_Strict):
    """`sources.yaml`."""

    sources: tuple[RawSource, ...] = Field(min_length=1)


class RawTarget(_Strict):
    """One target of `targets.yaml`."""

    id: Id
    name: Text
    needs: tuple[Annotated[str, StringConstraints(pattern="^etab$")], ...] = ()
    urls: dict[str, str] = Field(min_length=1)
    vars: dict[str, str] = {}
    pages: dict[Id, dict[str, str]] = {}


class RawTargets(_Strict):
    """`targets.yaml`."""

    targets: tuple[RawTarget, ...] = Field(min_length=1)


class RawThen(_Strict):
    """The outcome of a rule: one of the two."""

    redirect: str | None = None
    discover: tuple[str, ...] | None = None


class RawRule(_Strict):
    """One rule of `rules.yaml`."""

    id: Id
    each: str | None = None
    when: tuple[dict[str, Any], ...] = Field(min_length=1)
    then: RawThen
    shadow: bool = False


class RawDefault(_Strict):
    """What happens when no rule answers."""

    discover: tuple[str, ...] = Field(min_length=1)


class RawRules(_Strict):
    """`rules.yaml`."""

    rules: tuple[RawRule, ...] = ()
    default: RawDefault


class RawLegacy(_Strict):
    """One older address."""

    path: Annotated[str, StringConstraints(pattern=r"^/[^?#<>\s]*$")]
    target: str
    params: dict[str, str] = {}
    etab_param: str = "etab"
    source_param: str | None = None
    sources: dict[str, str] = {}
    entry: str | None = None


class RawShared(_Strict):
    """Computers that several people use."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    entries: tuple[str, ...] = ()


class RawLink(_Strict):
    """A link of the help or of the footer."""

    label: Text
    url: str


class RawProvider(_Strict):
    """A SAML service provider that may ask `/disco`."""

    metadata: str
    entity_id: EntityId | None = None
    target: str


class RawTicket(_Strict):
    """Where a request for help is filed."""

    keyword: Text
    product: Text


class RawMetrics(_Strict):
    """The listener for Prometheus."""

    listen: str = "127.0.0.1:9105"
    beyond_loopback: bool = False


class RawStore(_Strict):
    """What several processes and nodes share."""

    url: str
    prefix: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9:_-]{0,62}$")] = "aiguilleur"
    password_file: str | None = None
    ca_file: str | None = None


class RawSite(_Strict):
    """`aiguilleur.yaml`."""

    public_url: str
    time_zone: str = "Europe/Paris"
    mire_hosts: tuple[PlainHost, ...] = ()
    mire_target: str | None = None
    portals: tuple[Host, ...] = ()
    portal_suffix: PlainHost | None = None
    entries: dict[Id, str] = {}
    legacy: tuple[RawLegacy, ...] = ()
    budget_ms: Annotated[int, Field(ge=100, le=5000)] = 1200
    max_legs: Annotated[int, Field(ge=0, le=3)] = 2
    journal: tuple[dict[str, Any], ...] = ()
    metrics: RawMetrics | None = None
    shared: RawStore | None = None
    state_dir: str | None = None
    secret_keys_file: str | None = None
    node: str = ""
    shared_computers: RawShared = RawShared()
    proxies: Annotated[int, Field(ge=0, le=5)] = 0
    help_links: tuple[RawLink, ...] = ()
    footer_links: tuple[RawLink, ...] = ()
    contact: str = ""
    theme: str | None = None
    disco: tuple[RawProvider, ...] = ()
    retired_hosts: dict[PlainHost, str] = {}
    ticket: RawTicket | None = None
    remember_days: Annotated[int, Field(ge=1, le=400)] = 365
