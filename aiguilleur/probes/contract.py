"""What a probe promises, whatever it asks and through whomever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Protocol, runtime_checkable

from aiguilleur.core.model import Finding, ProbeRef


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What a source may be told of the browser, where its configuration says so: some pin sessions to these."""

    user_agent: str = field(default="", repr=False)
    client_address: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file of the configuration's folder, named in its YAML and read with it."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CanaryOff:
    """A probe that is used without its canary; `off` says why, for those who come later."""

    off: str

    def __post_init__(self) -> None:
        """Refuse an empty reason."""
        if not self.off.strip():
            raise ValueError("off: say why this probe is used without its canary")


@dataclass(frozen=True, slots=True)
class Trip:
    """One trip of the browser to a source and back: `id` is echoed by the source, and drawn anew for each trip."""

    #: At most 32 letters and digits of ASCII: a RelayState may hold 80 bytes (SAML bindings 3.4.3).
    id: str
    #: Where the browser comes back, as `https://aiguilleur.example/retour/educonnect`.
    return_url: str


@runtime_checkable
class BackChannelProbe(Protocol):
    """Asks a source's server whether the visitor who sent these cookies has a session there."""

    @property
    def ref(self) -> ProbeRef:
        """What the decision knows of it."""

    def sends(self, cookies: Mapping[str, str], forwarded: Forwarded) -> tuple[str, ...]:
        """All of this visitor that `ask` would send; nothing when it would send nothing, and answers by itself."""

    def ask(self, cookies: Mapping[str, str], forwarded: Forwarded, within: float) -> Finding:
        """The answer in at most `within` seconds; a source that fails is a finding with a reason. Never raises."""


@runtime_checkable
class FrontChannelProbe(Protocol):
    """Asks a source by sending it the browser, which comes back with an answer that says no more than yes or no."""

    #: The parameter of the return that brings the trip's id back.
    echo: ClassVar[str]
    #: Whether the browser comes back by a cross-site POST, which carries no `SameSite=Lax` cookie.
    by_post: ClassVar[bool]

    @property
    def ref(self) -> ProbeRef:
        """What the decision knows of it."""

    @property
    def canary(self) -> CanaryOff | None:
        """Why it is used without its canary; None: it is used only while its canary comes back."""

    @property
    def connect(self) -> str | None:
        """Where the canary connects to instead of each address's own: `host:port`, or `host` to keep the port."""

    @property
    def ca_file(self) -> str | None:
        """The only authorities that the canary trusts for this source, in PEM; else the usual ones."""

    @property
    def proxy(self) -> str | None:
        """The `http://` proxy that the canary goes through."""

    def departure(self, trip: Trip, now: datetime) -> str:
        """The address that the browser is sent to: one of the configuration, with this protocol's parameters."""

    def arrival(self, trip: Trip, params: Mapping[str, str], now: datetime) -> Finding:
        """What the source's answer to this trip means. Never raises, and keeps nothing of it.

        The reason is `answer` for every answer of the protocol, also one that leaves the state unknown; `protocol` for
        an error that the source tells instead; `parse` or `signature` for anything else.
        """
