"""What a probe promises, whatever it asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from aiguilleur.core.model import Finding, ProbeRef


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What a source may be told of the browser, where its configuration says so: some pin sessions to these."""

    user_agent: str = field(default="", repr=False)
    client_address: str = field(default="", repr=False)


class BackChannelProbe(Protocol):
    """Asks a source's server whether the visitor who sent these cookies has a session there."""

    @property
    def ref(self) -> ProbeRef:
        """What the decision knows of it."""

    def ask(self, cookies: Mapping[str, str], forwarded: Forwarded, within: float) -> Finding:
        """The answer in at most `within` seconds; a source that fails is a finding with a reason. Never raises."""
