"""A directory brought up to date: read, merged, read again as the service will, and replaced in one step."""

from __future__ import annotations

import os
import tempfile
from codecs import BOM_UTF8
from dataclasses import dataclass
from pathlib import Path

from aiguilleur.errors import Problem
from aiguilleur.schools.merging import Merge, Sheet, merged, sheet_of
from aiguilleur.schools.reading import Reading
from aiguilleur.schools.register import Only, read_register
from aiguilleur.schools.table import MOST_BYTES, Blame, text_in


@dataclass(frozen=True, slots=True)
class Update:
    """What an import would write; without a merge, the problems say why there is nothing to write."""

    merge: Merge | None
    content: bytes
    problems: tuple[Problem, ...]


def update_of(register: Path, into: Path, only: Only, *, portal: str | None = None, refresh: bool = False) -> Update:
    """The directory `into`, which need not exist yet, with the wanted schools of a file of the register."""
    listed, problems = read_register(register, portal)
    sheet, bom, wrong = _present(into)
    problems = (*problems, *wrong)
    wanted = {uai: school for uai, school in listed.items() if only.has(school)}
    if not wanted and not any(not problem.warning for problem in problems):
        academies = ", ".join(sorted({school.academy for school in listed.values()})) or "none"
        problems = (*problems, Problem(str(register), 0, 0, "", f"no open school fits; académies in it: {academies}"))
    if any(not problem.warning for problem in problems):
        return Update(None, b"", problems)
    merge = merged(sheet, listed, wanted, refresh=refresh)
    text = merge.sheet.text()
    blame = Blame(f"{into} (as it would be)")
    Reading(blame).read(text)
    content = bom + text.encode()
    if len(content) > MOST_BYTES:
        blame.whole("would be too large to be read again")
    return Update(None if blame.count else merge, content, (*problems, *blame.problems()))


def _present(into: Path) -> tuple[Sheet, bytes, tuple[Problem, ...]]:
    """What is there: its rows, whether a mark of UTF-8 stands before them, and what is wrong with it."""
    if not into.exists():
        return Sheet(), b"", ()
    blame = Blame(str(into))
    if (text := text_in(into, blame)) is None:
        return Sheet(), b"", blame.problems()
    Reading(blame).read(text)
    with into.open("rb") as file:
        bom = BOM_UTF8 if file.read(len(BOM_UTF8)) == BOM_UTF8 else b""
    return (Sheet() if blame.count else sheet_of(text)), bom, blame.problems()


def replace_file(path: Path, content: bytes) -> None:
    """Put this in the place of a file in one step: whoever reads it reads the old one or the new one, whole.

    Raises OSError, and then nothing has changed.
    """
    # Through a link, the file that it names; else the link would become a file.
    path = path.resolve()
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    fresh = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # A temporary file is for its owner alone; the service may be another user.
        fresh.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
