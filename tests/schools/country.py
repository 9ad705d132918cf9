"""A directory as large as a country's, of made-up schools."""

from __future__ import annotations

import random
from pathlib import Path

from aiguilleur.schools import uai_letter

SIZE = 60_000
_PARTS = [
    "mon",
    "bel",
    "ri",
    "ac",
    "sau",
    "vil",
    "le",
    "lan",
    "dor",
    "ten",
    "court",
    "ay",
    "gué",
    "mar",
    "pé",
    "ro",
    "chat",
    "bour",
    "gogne",
    "dé",
]
_KINDS = [("École élémentaire", "école"), ("École maternelle", "école"), ("Collège", "collège"), ("Lycée", "lycée")]


def write_country(path: Path) -> None:
    """A directory of 60,000 schools, the same each time; the one of line 2 is « Collège Pergaud » of Ornans."""
    lots = random.Random(7)
    towns = ["".join(lots.choices(_PARTS, k=lots.randint(2, 4))).capitalize() for _ in range(18_000)]
    people = ["".join(lots.choices(_PARTS, k=3)).capitalize() for _ in range(9_000)]
    lines = [
        "etab;uai;name;kind;town;academy;phone;mail;educonnect_from",
        "clg-pergaud-ornans;;Collège Pergaud;;Ornans;;;;",
    ]
    for at in range(1, SIZE):
        kind, short = lots.choices(_KINDS, (45, 25, 20, 10))[0]
        digits, town = f"{at:07}", lots.choice(towns)
        uai = digits + uai_letter(digits)
        lines.append(
            f"sch-{at};{uai};{kind} {lots.choice(people)};{short};{town};exemple;03 84 00 00 00;ce.{uai}@ac-exemple.fr;"
            + ("2021-02-01" if at % 20 == 0 else "")
        )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
