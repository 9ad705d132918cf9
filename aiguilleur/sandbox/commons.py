"""What every simulated site is given: the network, the tickets, the schools and the links pasted in their pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiguilleur.sandbox.network import BESANCON, DIJON, Network
from aiguilleur.sandbox.sessions import Tickets


@dataclass(frozen=True, slots=True)
class SchoolSite:
    """A school whose portal is simulated; `etab` is its label in the portal's address."""

    etab: str
    name: str = ""
    academy: str = ""
    town: str = ""

    @property
    def shown(self) -> str:
        """The school's name and town, as its portal shows them."""
        return " · ".join(part for part in (self.name or self.etab, self.town) if part)


@dataclass(frozen=True, slots=True)
class Guichet:
    """One académie's guichet ATEN; `selection` is what the CAS calls it."""

    source: str
    host: str
    academy: str
    shown: str
    selection: str


GUICHETS = (
    Guichet("aten-besancon", BESANCON, "besancon", "Académie de Besançon", "BESANC-ATS_parent_eleve_2D"),
    Guichet("aten-dijon", DIJON, "dijon", "Académie de Dijon", "DIJON-ATS_parent_eleve_2D"),
)
#: How pages name the source that vouches for someone.
SHOWN_SOURCES = {
    "aten-besancon": "ATEN, académie de Besançon",
    "aten-dijon": "ATEN, académie de Dijon",
    "educonnect": "EduConnect",
}


@dataclass(frozen=True, slots=True)
class Commons:
    """The things that the sites share."""

    network: Network
    schools: tuple[SchoolSite, ...]
    links: Mapping[str, str]
    tickets: Tickets = field(default_factory=Tickets)

    def link(self, name: str, etab: str) -> str:
        """A pasted link, for one school."""
        return self.links[name].replace("{etab}", etab).replace("{port}", str(self.network.port))

    def ent_link(self, academy: str) -> str:
        """The « Espace numérique de travail » of the first school of an académie; blank when it has none."""
        school = next((each for each in self.schools if each.academy == academy), None)
        return self.link("ent", school.etab) if school else ""
