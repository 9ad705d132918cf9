"""A file of cells separated by `;`, however it was saved: its rows by line, or what is wrong with it and where."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from aiguilleur.errors import Problem

#: France has some 60,000 schools, in ten megabytes. Beyond this it is another file, or an attack.
MOST_BYTES = 64 << 20
MOST_LINES = 200_000
_LONGEST_LINE = 4000
#: Of one file; the others are counted.
_MOST_TOLD = 500
_CONTROLS = bytes(code for code in (*range(32), 127) if code not in b"\t\n\r")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LONE_CR = re.compile(r"\r(?!\n)")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_SAVE = "save it again as « CSV UTF-8 »"


@dataclass(slots=True)
class Blame:
    """What is wrong with one file, by line and column; a flood is cut, and counted."""

    file: str
    lines: list[str] = field(default_factory=list)
    told: list[Problem] = field(default_factory=list)
    untold: int = 0
    #: Whether more than warnings were left untold.
    untold_errors: bool = False

    @property
    def count(self) -> int:
        """How much was noted, told or not."""
        return len(self.told) + self.untold

    def note(
        self, line: int, message: str, path: str = "", *, cell: int = 0, column: int = 0, warning: bool = False
    ) -> None:
        """Note a problem in a line, at a column or at the cell of that number."""
        if len(self.told) >= _MOST_TOLD:
            self.untold += 1
            self.untold_errors |= not warning
            return
        self.told.append(Problem(self.file, line, column or self._column(line, cell), path, message, warning))

    def whole(self, message: str) -> None:
        """Note what is wrong with the file as a file."""
        self.told.append(Problem(self.file, 0, 0, "", message))

    def problems(self) -> tuple[Problem, ...]:
        """All that was noted, in order of place."""
        if not self.untold:
            return tuple(sorted(self.told))
        more = Problem(self.file, 0, 0, "", f"and {self.untold} more problems", warning=not self.untold_errors)
        return (*sorted(self.told), more)

    def _column(self, line: int, cell: int) -> int:
        """Where the cell of that number begins; a `;` between quotation marks separates nothing."""
        text, quoted = self.lines[line - 1] if line <= len(self.lines) else "", False
        for at, letter in enumerate(text):
            if not cell:
                return at + 1
            quoted ^= letter == '"'
            cell -= letter == ";" and not quoted
        return len(text.rstrip("\n")) + 1 if text and not cell else 1


def text_in(path: Path, blame: Blame, *, most: int = MOST_BYTES, or_cp1252: bool = False) -> str | None:
    """The text of a file; None when the blame says why there is none."""
    try:
        with path.open("rb") as file:
            raw = file.read(most + 1)
    except OSError as error:
        blame.whole(f"cannot be read: {error.strerror}")
        return None
    if len(raw) > most:
        blame.whole(f"is over {most >> 20} megabytes: no directory of schools is")
        return None
    if raw.startswith(_UTF16):
        blame.note(1, f"is UTF-16; {_SAVE}", column=1)
        return None
    text = _decoded(raw, blame, or_cp1252=or_cp1252)
    return text if text is not None and _is_text(raw, text, blame) else None


def _decoded(raw: bytes, blame: Blame, *, or_cp1252: bool) -> str | None:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if or_cp1252:
            # What a spreadsheet of Windows makes of it; bytes that it cannot have written are told below.
            return raw.decode("cp1252", "replace")
        before = raw[: error.start]
        column = error.start - (before.rfind(b"\n") + 1) + 1
        blame.note(before.count(b"\n") + 1, f"is not UTF-8; {_SAVE}", column=column)
        return None


def _is_text(raw: bytes, text: str, blame: Blame) -> bool:
    """Whether nothing stands in it that no text holds; the first such thing is told with its place."""
    if raw.count(b"\n") > MOST_LINES:
        return _refuse(blame, MOST_LINES + 1, 1, f"has over {MOST_LINES} lines: no directory of schools has")
    # Megabytes are looked at as bytes, which is thirty times as fast; a place is looked for only in what is wrong.
    if len(raw.translate(None, _CONTROLS)) < len(raw):
        return _found(text, _CONTROL, blame, f"holds a NUL or another control character; {_SAVE}")
    if raw.count(b"\r") > raw.count(b"\r\n"):
        return _found(text, _LONE_CR, blame, f"has a line that ends with CR alone; {_SAVE}")
    if "\N{REPLACEMENT CHARACTER}" in text:
        return _found(text, re.compile("\N{REPLACEMENT CHARACTER}"), blame, f"holds letters that were lost; {_SAVE}")
    return True


def _found(text: str, pattern: re.Pattern[str], blame: Blame, message: str) -> bool:
    if (found := pattern.search(text)) is None:
        return True
    before = text[: found.start()]
    return _refuse(blame, before.count("\n") + 1, found.start() - before.rfind("\n"), message)


def _refuse(blame: Blame, line: int, column: int, message: str) -> bool:
    blame.note(line, message, column=column)
    return False


def rows_of(text: str, blame: Blame) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line it begins in; the reading ends with a note where no row can be made out any more."""
    # Ends of line in the middle of a cell must not be mistaken for the end of a row, nor other separators for one.
    blame.lines = list(io.StringIO(text))
    for number, each in enumerate(blame.lines, 1):
        if len(each) > _LONGEST_LINE:
            blame.note(number, f"is a line of over {_LONGEST_LINE} characters", column=_LONGEST_LINE + 1)
            return
    # Strict: else a quotation mark that is never closed swallows the schools below it without a word.
    rows, began = csv.reader(blame.lines, delimiter=";", strict=True), 1
    try:
        for row in rows:
            yield began, row
            began = rows.line_num + 1
    except csv.Error:
        blame.note(began, "a quotation mark is opened and not closed at the end of its cell", column=1)
