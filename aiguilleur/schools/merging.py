"""The directory and the register in one: what the directory says stays, what it lacks is filled in, nothing is lost."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from aiguilleur.schools.names import simplified
from aiguilleur.schools.reading import COLUMNS
from aiguilleur.schools.register import Listed
from aiguilleur.schools.table import Blame, rows_of

#: What the register knows better, when it is told to.
_REFRESHED = ("name", "kind", "town", "academy")


@dataclass(frozen=True, slots=True)
class Change:
    """One cell of a school that is there already; `taken` when the register's word is written."""

    school: str
    column: str
    ours: str
    theirs: str
    taken: bool


@dataclass(slots=True)
class Row:
    """One school of the directory, with every column it has, and the lines it was read from."""

    cells: dict[str, str]
    source: str = ""
    is_changed: bool = False

    @property
    def known_as(self) -> str:
        """Its name in addresses, else its UAI."""
        return self.cells["etab"] or self.cells["uai"]


@dataclass(slots=True)
class Sheet:
    """A directory as it is written: its columns, and its rows between the lines that are none."""

    header: list[str] = field(default_factory=lambda: list(COLUMNS))
    parts: list[str | Row] = field(default_factory=list)
    end: str = "\n"
    #: How many columns were added to those of the file; -1 when there was none.
    added: int = -1

    @property
    def rows(self) -> list[Row]:
        """The schools, in the order of the file."""
        return [part for part in self.parts if isinstance(part, Row)]

    def text(self) -> str:
        """The file; what was not changed is as it was."""
        return "".join(
            part if isinstance(part, str) else self._line(part) for part in [self._written(self.header), *self.parts]
        )

    def _line(self, row: Row) -> str:
        if row.is_changed or self.added:
            return self._written([row.cells[column] for column in self.header])
        return row.source

    def _written(self, cells: Iterable[str]) -> str:
        line = io.StringIO()
        csv.writer(line, delimiter=";", lineterminator=self.end).writerow(cells)
        return line.getvalue()


@dataclass(frozen=True, slots=True)
class Merge:
    """What an import makes of a directory."""

    sheet: Sheet
    new: tuple[Row, ...]
    changes: tuple[Change, ...]
    #: In the directory, and no longer in that part of the register.
    gone: tuple[Row, ...]
    #: Without a name in the portal's address: they are not served yet.
    waiting: tuple[Row, ...]


def sheet_of(text: str) -> Sheet:
    """The rows of a directory that `read_schools` found nothing wrong with."""
    blame = Blame("")
    rows = list(rows_of(text, blame))
    if not rows:
        return Sheet()
    header = [column.strip() for column in rows[0][1]]
    missing = [column for column in COLUMNS if column not in header]
    sheet = Sheet([*header, *missing], end="\r\n" if blame.lines[0].endswith("\r\n") else "\n", added=len(missing))
    ends = [began - 1 for began, _ in rows[1:]] + [len(blame.lines)]
    for (began, row), end in zip(rows[1:], ends[1:], strict=True):
        source = "".join(blame.lines[began - 1 : end]).rstrip("\r\n") + sheet.end
        if not row or row[0].startswith("#"):
            sheet.parts.append(source)
        else:
            cells = dict.fromkeys(missing, "") | {
                column: cell.strip() for column, cell in zip(header, row, strict=True)
            }
            sheet.parts.append(Row(cells, source))
    return sheet


def merged(sheet: Sheet, listed: Mapping[str, Listed], wanted: Mapping[str, Listed], *, refresh: bool = False) -> Merge:
    """The sheet with the `wanted` ones of the listed schools; `refresh` lets the register rename and move schools."""
    before = sheet.rows
    labels = {row.cells["etab"] for row in before}
    departments = {uai[:3] for uai in wanted}
    found = _found(before, wanted)
    known = {row.cells["uai"] for row in before} | {school.uai for school in found.values()}
    changes = [
        change
        for row in before
        if row.known_as in found
        for change in _filled(row, found[row.known_as], labels, refresh)
    ]
    new = [_row(sheet, school, labels) for uai, school in wanted.items() if uai not in known]
    new.sort(key=lambda row: (row.cells["academy"], simplified(row.cells["town"]), simplified(row.cells["name"])))
    sheet.parts += new
    # An extract says nothing of the schools of other départements.
    gone = [row for row in before if row.cells["uai"] not in listed and row.cells["uai"][:3] in departments]
    waiting = [row for row in sheet.rows if not row.cells["etab"]]
    return Merge(sheet, tuple(new), tuple(changes), tuple(gone), tuple(waiting))


def _found(rows: list[Row], wanted: Mapping[str, Listed]) -> dict[str, Listed]:
    """The listed school of each row: of its UAI; without one, of its label, or the only one of its name and town."""
    found = {row.known_as: wanted[row.cells["uai"]] for row in rows if row.cells["uai"] in wanted}
    bare, taken = [row for row in rows if not row.cells["uai"]], {row.cells["uai"] for row in rows}
    free = [school for uai, school in wanted.items() if uai not in taken]
    labelled = {school.etab: school for school in free if school.etab}
    ours = Counter(_called(row.cells["name"], row.cells["town"]) for row in bare)
    theirs = Counter(_called(school.name, school.town) for school in free)
    called = {_called(school.name, school.town): school for school in free}
    for row in bare:
        name = _called(row.cells["name"], row.cells["town"])
        only = called.get(name) if (ours[name], theirs[name]) == (1, 1) else None
        school = labelled.get(row.known_as) or only
        if school and school.uai not in taken:
            found[row.known_as] = school
            taken.add(school.uai)
    return found


def _called(name: str, town: str) -> tuple[str, ...]:
    return tuple(simplified(f"{name}\n{town}").split())


def _filled(row: Row, school: Listed, labels: set[str], refresh: bool) -> list[Change]:
    """Fill in what the row lacks; where the two differ, the row stays unless the register is to be followed."""
    name, changes = row.known_as, []
    for column in COLUMNS:
        ours, theirs = row.cells[column], getattr(school, column)
        kept = ours and column not in _REFRESHED
        if ours == theirs or not theirs or kept or (column == "etab" and theirs in labels):
            continue
        taken = refresh or not ours
        changes.append(Change(name, column, ours, theirs, taken))
        if taken:
            row.cells[column], row.is_changed = theirs, True
    labels.add(row.cells["etab"])
    return changes


def _row(sheet: Sheet, school: Listed, labels: set[str]) -> Row:
    cells = dict.fromkeys(sheet.header, "") | {column: getattr(school, column) for column in COLUMNS}
    if cells["etab"] in labels:
        cells["etab"] = ""
    labels.add(cells["etab"])
    return Row(cells, is_changed=True)
