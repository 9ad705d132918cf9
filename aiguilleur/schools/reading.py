"""`schools.csv`: the schools in it, or all that is wrong with it, by line and column."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import MappingProxyType

from aiguilleur.core.model import School
from aiguilleur.errors import Problem
from aiguilleur.schools.directory import Directory, directory_of
from aiguilleur.schools.names import is_label, is_uai
from aiguilleur.schools.table import Blame, rows_of, text_in

COLUMNS = ("etab", "uai", "name", "kind", "town", "academy", "phone", "mail")
_DATED = re.compile(r"(?P<source>[a-z0-9_-]+)_(?P<edge>from|until)")
#: A cell that begins so is run by a spreadsheet; a foreign telephone number does.
_RUN = frozenset("=+-@")
_PHONE = re.compile(r"\+?[0-9 .()/-]*")
_NO_DAYS: Mapping[str, date] = MappingProxyType({})


def read_schools(path: Path, name: str) -> tuple[Directory, tuple[Problem, ...]]:
    """The directory in a `;`-separated UTF-8 file with a header, and all that is wrong with it, by line."""
    blame = Blame(name)
    text = text_in(path, blame)
    if text is None:
        return Directory(), blame.problems()
    with _collector_paused():
        reading = Reading(blame)
        reading.read(text)
        directory = directory_of(reading.schools.values(), waiting=len(reading.waiting))
    return directory, blame.problems()


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Nothing is left behind here, and a third of the time would go into looking for it among the schools."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Reading:
    """One pass over the text of a directory, keeping the schools and the problems."""

    def __init__(self, blame: Blame) -> None:
        self.blame = blame
        self.header: list[str] = []
        self.schools: dict[str, School] = {}
        #: The lines of schools whose name in the portal's address is not known yet.
        self.waiting: list[int] = []
        self._lines: dict[str, int] = {}
        self._dated: list[tuple[int, str, str]] = []

    def read(self, text: str) -> None:
        """Read it all; what is wrong is noted."""
        rows = rows_of(text, self.blame)
        self.header = [column.strip() for column in next(rows, (1, []))[1]]
        if self.blame.told or not self._is_header():
            return
        width, at = len(self.header), {column: index for index, column in enumerate(self.header)}
        places = tuple(at.get(column, width) for column in COLUMNS)
        for line, row in rows:
            if not row or row[0].startswith("#"):
                continue
            if len(row) != width:
                self.blame.note(line, f"{len(row)} cells, but the header has {width} columns", column=1)
                continue
            # One empty cell more stands for the columns that are not there.
            self._row(line, [*map(str.strip, row), ""], places)

    def _is_header(self) -> bool:
        known, before = ", ".join(COLUMNS), self.blame.count
        if "etab" not in self.header:
            self.blame.note(1, f"the first line must name the columns: {';'.join(COLUMNS)}", column=1)
            return False
        for index, column in enumerate(self.header):
            dated = _DATED.fullmatch(column)
            if column in self.header[:index]:
                self.blame.note(1, f"column '{column[:40]}' is there twice", cell=index)
            elif dated:
                self._dated.append((index, dated["source"], dated["edge"]))
            elif column not in COLUMNS:
                message = f"unknown column '{column[:40]}'; known: {known}, SOURCE_from, SOURCE_until"
                self.blame.note(1, message, cell=index)
        return self.blame.count == before

    def _row(self, line: int, cells: list[str], places: tuple[int, ...]) -> None:
        etab, uai, *texts = [cells[place] for place in places]
        good = self._is_named(line, etab, uai, places) & self._is_harmless(line, texts, places[2:])
        opens, closes = self._days(line, cells) if self._dated else (_NO_DAYS, _NO_DAYS)
        if good and etab:
            self._lines[etab] = line
            name, kind, town, academy, phone, mail = texts
            self.schools[etab] = School(etab, uai, name, kind, town, academy, phone, mail, opens, closes)
        elif good:
            self.waiting.append(line)
        if good and uai:
            self._lines[uai] = line

    def _is_named(self, line: int, etab: str, uai: str, places: Sequence[int]) -> bool:
        before = self.blame.count
        if etab in self._lines:
            self._note(line, "etab", f"'{etab}' stands already in line {self._lines[etab]}", places[0])
        elif not (is_label(etab) or (uai and not etab)):
            message = f"'{etab[:70]}' is not a school's name in a portal address (a-z, 0-9, hyphen; not reserved)"
            self._note(line, "etab", message, places[0])
        if uai in self._lines:
            self._note(line, "uai", f"'{uai}' stands already in line {self._lines[uai]}", places[1])
        elif uai and not is_uai(uai):
            message = f"'{uai[:20]}' is not a UAI (seven digits and their check letter)"
            self._note(line, "uai", message, places[1])
        return self.blame.count == before

    def _is_harmless(self, line: int, cells: Sequence[str], places: Sequence[int]) -> bool:
        harmless = True
        for column, cell, place in zip(COLUMNS[2:], cells, places, strict=True):
            if cell[:1] in _RUN and not (column == "phone" and _PHONE.fullmatch(cell)):
                self._note(line, column, f"begins with '{cell[:1]}', which a spreadsheet would run", place)
                harmless = False
        return harmless

    def _days(self, line: int, cells: Sequence[str]) -> tuple[Mapping[str, date], Mapping[str, date]]:
        days: dict[str, dict[str, date]] = {}
        for index, source, edge in self._dated:
            if not cells[index]:
                continue
            try:
                days.setdefault(edge, {})[source] = date.fromisoformat(cells[index])
            except ValueError:
                self._note(line, self.header[index], f"'{cells[index][:20]}' is not a day (write 2021-07-05)", index)
        return days.get("from", _NO_DAYS), days.get("until", _NO_DAYS)

    def _note(self, line: int, column: str, message: str, cell: int) -> None:
        self.blame.note(line, message, column, cell=cell)
