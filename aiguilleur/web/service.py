"""What every request needs: the settings in force, the probes' runner, the journal and the signing keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import cast

from flask import Flask, Request, current_app, request

from aiguilleur.journal import Journal
from aiguilleur.journey import JourneySeal
from aiguilleur.probes import FrontChannelProbe, Runner
from aiguilleur.probes.canary import Canaries
from aiguilleur.probes.shared import SharedBreakers, Store
from aiguilleur.remembered import Seal
from aiguilleur.settings.model import Settings
from aiguilleur.signals import Known, Presumption

_EXTENSION = "aiguilleur"
#: For so many targets and schools it is known again which sources are open today.
_MOST_OPENED = 4096


def utc_now() -> datetime:
    """The instant, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Service:
    """The running parts, wired once."""

    settings: Settings
    runner: Runner
    journal: Journal
    seal: Seal
    journeys: JourneySeal
    #: The probes that ask through the browser, by id, and the canaries that go before them.
    front: Mapping[str, FrontChannelProbe]
    canaries: Canaries
    known: Known
    presumptions: tuple[Presumption, ...]
    now: Callable[[], datetime] = field(default=utc_now)
    #: What is shared with other processes and nodes; None when the settings name no store.
    store: Store | None = None
    breakers: SharedBreakers | None = None
    #: Why these are not the settings that were asked for; empty when they are.
    degraded: str = ""
    _opened: Callable[[str, str | None, date, bool], frozenset[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Nothing was worked out yet."""
        settings = self.settings

        @lru_cache(_MOST_OPENED)
        def opened(target: str, etab: str | None, day: date, with_idp: bool) -> frozenset[str]:
            school = settings.directory.schools.get(etab) if etab else None
            return settings.open_sources(target, school, day, with_idp=with_idp)

        object.__setattr__(self, "_opened", opened)

    def open_sources(self, target: str, etab: str | None, day: date, with_idp: bool) -> frozenset[str]:
        """As the settings say, for a school of the directory by its name: the same all day, and worked out once."""
        return self._opened(target, etab, day, with_idp)

    def ill_sources(self, at: datetime) -> frozenset[str]:
        """The sources under maintenance, and those that fail by each of their probes."""
        paused, failing = self.settings.ill_sources(at), self.runner.failing() | self.canaries.failing()
        if not failing:
            return paused
        return paused | frozenset(
            source.id
            for source in self.settings.sources.values()
            if source.probes and all(probe.ref.id in failing for probe in source.probes)
        )


def known_of(settings: Settings) -> Known:
    """The names and hosts that these settings give a meaning to."""
    site = settings.site
    return Known(
        entries=frozenset(site.entries),
        sources=frozenset(settings.sources),
        cookies=site.cookies,
        hosts=(*sorted(site.referers), *site.portals),
        portal_suffix=site.portal_suffix,
    )


def service() -> Service:
    """The service of the application that answers this request."""
    # The proxy itself takes four times as long to find an attribute.
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    running: Service = app.extensions[_EXTENSION]
    return running


def asked() -> Request:
    """The request that is being answered, itself: the proxy takes four times as long to find an attribute."""
    itself: Request = request._get_current_object()  # type: ignore[attr-defined]
    return itself


def running_in(app: Flask) -> Service | None:
    """The service of an application; None when it has none, as the page that knows no settings."""
    return cast(Service | None, app.extensions.get(_EXTENSION))


def service_of(app: Flask) -> Service:
    """The service of an application that `create_app` has made."""
    return cast(Service, app.extensions[_EXTENSION])


def canaries_of(app: Flask) -> Canaries:
    """The canaries of an application, for whoever tends them."""
    return service_of(app).canaries


def install(extensions: dict[str, object], running: Service) -> None:
    """Make `running` the service of an application."""
    extensions[_EXTENSION] = running
