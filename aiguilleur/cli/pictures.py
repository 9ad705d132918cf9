"""What the pictures of the journal stand on: the files, and how people call what is in them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from aiguilleur.cli.figures import groups_of, zone_of
from aiguilleur.cli.journal import told
from aiguilleur.cli.named import academies_of, label_of
from aiguilleur.cli.trace import trace_of
from aiguilleur.dashboard import Desk
from aiguilleur.journal.scale import Files, Report, Scope, find_code, report
from aiguilleur.report import Names, page
from aiguilleur.report import told as told_of
from aiguilleur.settings.model import Settings

#: As « Compte Téléservices de l'académie de Dijon (ATEN) ».
_SHORT = re.compile(r"\(([^()]+)\)$")
#: What the identifier of an académie writes without its accents.
_ACCENTED = {
    "besancon": "Besançon", "creteil": "Créteil", "orleans": "Orléans", "reunion": "Réunion", "caledonie": "Calédonie",
    "polynesie": "Polynésie", "francaise": "française",
}  # fmt: skip
#: A code recurs a few times a year.
_MOST = 20


def desk_of(settings: Settings, files: Callable[[], Files]) -> Desk:
    """What the dashboard stands on; `files` is asked at each reading, for files come and go."""
    zone = settings.site.zone

    def read(scope: Scope) -> Report:
        return report(files(), scope, by=(), groups=groups_of(settings), zone=zone.key)

    def visits(code: str) -> tuple[str, ...]:
        found = find_code(code, files(), _MOST)
        return tuple(told(found, lambda entry: trace_of(entry, settings).text(), zone))

    def etab(text: str) -> str | None:
        return label_of(settings.directory, text)[0]

    return Desk(read, visits, etab, names_of(settings), zone, lambda: datetime.now(UTC))


def page_of(report: Report, settings: Settings | None) -> str:
    """The page of a report; without settings, everything is called as in the journal."""
    names = names_of(settings) if settings else Names()
    return page(told_of(report, names, made_at=datetime.now(UTC), zone=zone_of(settings)))


def names_of(settings: Settings) -> Names:
    """The names that a configuration gives to sources, their groups, and schools."""
    sources = {source.id: source.name for source in settings.sources.values()}
    return Names(
        sources | _groups(settings), _Schools(settings), {each: _academy(each) for each in academies_of(settings)}
    )


def _academy(id: str) -> str:  # noqa: A002 (as the configuration calls it)
    """`Orléans-Tours` of `orleans-tours`."""
    return "-".join(_ACCENTED.get(part, part.capitalize()) for part in id.split("-"))


def _groups(settings: Settings) -> dict[str, str]:
    """The short name that a group's members have in brackets, where it is the same; else the group's own."""
    shorts: defaultdict[str, set[str]] = defaultdict(set)
    for source, group in groups_of(settings).items():
        short = _SHORT.search(settings.sources[source].name)
        shorts[group].add(short[1] if short else group)
    return {group: names.pop() if len(names) == 1 else group for group, names in shorts.items()}


@dataclass(frozen=True, slots=True)
class _Schools(Mapping[str, str]):
    """A directory of 60,000 schools is asked for the few hundred that have visits."""

    settings: Settings

    def __getitem__(self, etab: str) -> str:
        school = self.settings.directory.schools.get(etab)
        if school is None:
            raise KeyError(etab)
        return f"{school.name}, {school.town}" if school.town else school.name

    def __iter__(self) -> Iterator[str]:
        return iter(self.settings.directory.schools)

    def __len__(self) -> int:
        return len(self.settings.directory.schools)
