"""The open data file « annuaire de l'éducation »: its open schools, also from a copy that a spreadsheet has damaged."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from aiguilleur.errors import Problem
from aiguilleur.schools.names import is_label, is_uai, simplified
from aiguilleur.schools.table import Blame, rows_of, text_in

#: Our names for its columns, which vintages write with a space or an underscore, capitals or none.
_COLUMNS: Mapping[str, str] = {
    "uai": "identifiant de l etablissement",
    "name": "nom etablissement",
    "kind": "type etablissement",
    "town": "nom commune",
    "academy": "libelle academie",
    "department": "code departement",
    "phone": "telephone",
    "mail": "mail",
    "web": "web",
    "state": "etat",
}
_NEEDED = ("uai", "name", "kind", "town", "academy")
#: Where pupils are. Services, inspections and offices are in the register as well.
KINDS: Mapping[str, str] = {
    "ecole": "école",
    "college": "collège",
    "lycee": "lycée",
    "erea": "erea",
    "medico social": "médico-social",
}
_OPEN = ("", "OUVERT", "A FERMER")
_MAIL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*@[A-Za-z0-9.-]+")
#: UTF-8 that was once read as another encoding, and saved.
_BROKEN_ACCENT = re.compile("Ã[©¨ª«§´\u00a0]")
#: A cell that begins so is run by a spreadsheet.
_RUN = "=+-@' "


@dataclass(frozen=True, slots=True)
class Listed:
    """One open school of the register, in our words."""

    uai: str
    name: str
    kind: str
    town: str
    academy: str
    department: str = ""
    phone: str = ""
    mail: str = ""
    #: Its name in the portal's address, when its website is that portal.
    etab: str = ""


@dataclass(frozen=True, slots=True)
class Only:
    """Which part of the register is wanted; an empty field wants everything."""

    academies: Collection[str] = ()
    departments: Collection[str] = ()
    kinds: Collection[str] = ()

    def has(self, listed: Listed) -> bool:
        """Whether this school is wanted."""
        return (
            (not self.academies or listed.academy in self.academies)
            and (not self.departments or listed.department in self.departments)
            and (not self.kinds or listed.kind in self.kinds)
        )


def read_register(path: Path, portal: str | None = None) -> tuple[dict[str, Listed], tuple[Problem, ...]]:
    """The open schools in a file of the register, by UAI; what is wrong with it, rows left out as warnings.

    `portal` is what follows a school's label in the addresses of its portal.
    """
    blame, listed = Blame(str(path)), dict[str, Listed]()
    if (text := text_in(path, blame, or_cp1252=True)) is None:
        return {}, blame.problems()
    if broken := _BROKEN_ACCENT.search(text):
        before = text[: broken.start()]
        message = "its accents were broken by an earlier save; download it again"
        blame.note(before.count("\n") + 1, message, column=broken.start() - before.rfind("\n"))
        return {}, blame.problems()
    rows = rows_of(text, blame)
    header = [simplified(column).strip() for column in next(rows, (1, []))[1]]
    if blame.count or not _is_header(header, blame):
        return {}, blame.problems()
    places = {ours: header.index(theirs) for ours, theirs in _COLUMNS.items() if theirs in header}
    for line, row in rows:
        if row and len(row) != len(header):
            blame.note(line, f"{len(row)} cells, but the header has {len(header)}: left out", column=1, warning=True)
        elif row and (school := _school({ours: row[at] for ours, at in places.items()}, portal)):
            if is_uai(school.uai):
                # A school in several places has a line for each.
                listed.setdefault(school.uai, school)
            else:
                message = f"'{school.uai[:20]}' is not a UAI: left out"
                blame.note(line, message, "uai", cell=places["uai"], warning=True)
    return listed, blame.problems()


def _is_header(header: list[str], blame: Blame) -> bool:
    missing = [_COLUMNS[ours].replace(" ", "_") for ours in _NEEDED if _COLUMNS[ours] not in header]
    if missing:
        message = f"is not the « annuaire de l'éducation », whose columns are separated by ';': {', '.join(missing)}"
        blame.note(1, f"{message} missing", column=1)
    twice = [theirs for theirs in _COLUMNS.values() if header.count(theirs) > 1]
    for theirs in twice:
        at = len(header) - 1 - header[::-1].index(theirs)
        blame.note(1, f"column '{theirs.replace(' ', '_')}' is there twice", cell=at)
    return not missing and not twice


def _school(cells: Mapping[str, str], portal: str | None) -> Listed | None:
    """The school of a row; None when it is closed, or where no pupils are."""
    texts = {column: " ".join(cell.split()).lstrip(_RUN) for column, cell in cells.items()}
    kind = KINDS.get(simplified(texts["kind"]).strip())
    if kind is None or texts.get("state", "").upper() not in _OPEN:
        return None
    mail = texts.get("mail", "")
    return Listed(
        uai=texts["uai"].upper(),
        name=texts["name"],
        kind=kind,
        town=texts["town"],
        academy=academy_id(texts["academy"]),
        department=department_id(texts.get("department") or texts["uai"][:3]),
        phone=_phone(cells.get("phone", "")),
        mail=mail if _MAIL.fullmatch(mail) else "",
        etab=_label(texts.get("web", ""), portal),
    )


def academy_id(text: str) -> str:
    """The name that the configuration gives an académie: `aix-marseille`."""
    return "-".join(simplified(text).split())


def department_id(text: str) -> str:
    """A département's code with the zeros that spreadsheets take away: `025`, `02A`."""
    return text.strip().upper().zfill(3)


def _phone(text: str) -> str:
    """A number in pairs, with the zero that spreadsheets take away; nothing when it cannot be made out."""
    digits = re.sub(r"^(\+33|0033)", "0", re.sub(r"[ .()/-]", "", text))
    if not digits.isascii() or not digits.isdigit():
        return ""
    if len(digits) == 9 and not digits.startswith("0"):
        digits = f"0{digits}"
    return " ".join(re.findall("..", digits)) if len(digits) == 10 else digits


def _label(web: str, portal: str | None) -> str:
    host = re.sub(r"^[a-z]+://", "", web.lower()).split("/")[0].split(":")[0]
    if portal is None or not host.endswith(f".{portal}"):
        return ""
    label = host.removesuffix(f".{portal}")
    return label if is_label(label) else ""
