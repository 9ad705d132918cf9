"""The directory of schools: who is `clg-rochat-rousses`, under any of the spellings that people paste."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from aiguilleur.core.model import School
from aiguilleur.errors import Problem

RESERVED = frozenset({"www", "cas", "sso", "mobilite", "api", "mail", "admin"})
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_UAI = re.compile(r"[0-9]{7}[A-Z]")
_UAI_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
_COLUMNS = ("etab", "uai", "name", "kind", "town", "academy", "phone", "mail")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://")
_DATED = re.compile(r"(?P<source>[a-z0-9_-]+)_(?P<edge>from|until)")
#: What people type is cut here before anything looks at it.
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Directory:
    """All the schools we know, found by label or by UAI."""

    schools: Mapping[str, School] = field(default_factory=dict)
    by_uai: Mapping[str, School] = field(default_factory=dict)

    def find(self, text: str | None) -> School | None:
        """The school that a label, a UAI, a pasted host or a pasted address names; None when we know none such."""
        if not text:
            return None
        name = spelled(text)
        return self.schools.get(name) or self.by_uai.get(name.upper())


def directory_of(schools: tuple[School, ...]) -> Directory:
    """The directory that holds these schools."""
    return Directory(
        {school.etab: school for school in schools}, {school.uai: school for school in schools if school.uai}
    )


def spelled(text: str) -> str:
    """The label or UAI inside what was pasted: capitals, spaces, trailing dots, whole hosts and addresses forgiven."""
    name = text[:_LONGEST].strip().strip("\u00a0.,;/ ").lower()
    # Further on, `//` belongs to a path or to an address inside the query.
    if _SCHEME.match(name):
        try:
            name = urlsplit(name).hostname or ""
        except ValueError:
            return ""
    return name.split("/")[0].split(".")[0].strip("- ")


def is_label(text: str) -> bool:
    """Whether this is a DNS label that a school may bear."""
    return _LABEL.fullmatch(text) is not None and text not in RESERVED


def uai_letter(digits: str) -> str:
    """The check letter of a UAI's seven digits: their remainder by 23, on an alphabet without I, O and Q."""
    return _UAI_LETTERS[int(digits) % 23]


def read_schools(path: Path, name: str) -> tuple[Directory, tuple[Problem, ...]]:
    """The directory in a `;`-separated UTF-8 file with a header, and all that is wrong with it, by line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        return Directory(), (Problem(name, 0, 0, "", f"cannot be read: {error.strerror}"),)
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        return Directory(), (Problem(name, line, 1, "", "is not UTF-8; save it again as « CSV UTF-8 »"),)
    return _Reading(name).read(text)


class _Reading:
    """One pass over a file, keeping the schools and the problems."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self.schools: dict[str, School] = {}
        self.by_uai: dict[str, School] = {}
        self.lines: dict[str, int] = {}

    def read(self, text: str) -> tuple[Directory, tuple[Problem, ...]]:
        # Strict: else a quotation mark that is never closed swallows the schools below it without a word.
        rows = csv.reader(io.StringIO(text), delimiter=";", strict=True)
        began = 1
        try:
            header = [column.strip() for column in next(rows, [])]
            if not self._header(header):
                return Directory(), tuple(self.problems)
            began = rows.line_num + 1
            for row in rows:
                if row and not row[0].startswith("#"):
                    self._row(began, header, [cell.strip() for cell in row])
                began = rows.line_num + 1
        except csv.Error:
            self._note(began, 1, "", "a quotation mark is opened and not closed at the end of its cell")
        return Directory(self.schools, self.by_uai), tuple(self.problems)

    def _note(self, line: int, column: int, path: str, message: str) -> None:
        self.problems.append(Problem(self.name, line, column, path, message))

    def _header(self, header: list[str]) -> bool:
        if "etab" not in header:
            self._note(1, 1, "", f"the first line must name the columns: {';'.join(_COLUMNS)}")
            return False
        for index, column in enumerate(header):
            place = len(";".join(header[:index])) + (2 if index else 1)
            if column in header[:index]:
                self._note(1, place, "", f"column '{column}' is there twice")
            elif column not in _COLUMNS and not _DATED.fullmatch(column):
                self._note(
                    1, place, "", f"unknown column '{column}'; known: {', '.join(_COLUMNS)}, SOURCE_from, SOURCE_until"
                )
        return not self.problems

    def _row(self, line: int, header: list[str], row: list[str]) -> None:
        if len(row) != len(header):
            self._note(line, 1, "", f"{len(row)} cells, but the header has {len(header)} columns")
            return
        cells = dict(zip(header, row, strict=True))
        etab, uai = cells["etab"], cells.get("uai", "")
        if not is_label(etab):
            self._note(
                line,
                1,
                "etab",
                f"'{etab[:70]}' is not a school's name in a portal address (a-z, 0-9, hyphen; not reserved)",
            )
        elif etab in self.schools:
            self._note(line, 1, "etab", f"'{etab}' stands already in line {self.lines[etab]}")
        elif uai and (not _UAI.fullmatch(uai) or uai_letter(uai[:7]) != uai[7]):
            self._note(line, 1, "uai", f"'{uai[:20]}' is not a UAI (seven digits and their check letter)")
        elif uai in self.by_uai:
            self._note(line, 1, "uai", f"'{uai}' stands already in line {self.lines[self.by_uai[uai].etab]}")
        else:
            self._keep(line, cells)

    def _keep(self, line: int, cells: dict[str, str]) -> None:
        dates: dict[str, dict[str, date]] = {"from": {}, "until": {}}
        for column, cell in cells.items():
            dated = _DATED.fullmatch(column)
            if dated and cell:
                try:
                    dates[dated["edge"]][dated["source"]] = date.fromisoformat(cell)
                except ValueError:
                    self._note(line, 1, column, f"'{cell[:20]}' is not a day (write 2021-07-05)")
        school = School(
            **{column: cells.get(column, "") for column in _COLUMNS}, opens=dates["from"], closes=dates["until"]
        )
        self.schools[school.etab] = school
        self.lines[school.etab] = line
        if school.uai:
            self.by_uai[school.uai] = school
