#!/usr/bin/env python3
"""Writes the catalogues of the pages anew: what the templates say, each with the translation that it had.

One catalogue for each folder of templates, `pages` for those outside any. A text without a translation is left empty,
which the tests refuse; one that a speaker of the language has not seen is marked `fuzzy`.
"""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from aiguilleur.support import catalogue
from aiguilleur.web.languages import FRENCH, LANGUAGES, LOCALE

TEMPLATES = LOCALE.parent / "templates"
_OPTIONS = {"**.html": {"trimmed": "true", "newstyle_gettext": "true"}}
#: No date and no tool's name: a catalogue changes when a text does.
_HEADER = """\
# The {name} of aiguilleur. A text marked fuzzy is to be reviewed by a speaker of the language.
msgid ""
msgstr ""
"Language: {code}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
#: The names in the shipped configurations, which no template says.
_NAMES = "names"


def extracted() -> dict[str, dict[str, None]]:
    """Each text of the templates, in the order met, by its catalogue; a text of two belongs to the first."""
    found: dict[str, dict[str, None]] = {}
    known: set[str] = set()
    rows = extract_from_dir(str(TEMPLATES), [("**.html", "jinja2")], _OPTIONS)
    for file, _, message, _, _ in sorted(rows, key=lambda row: ("/" in row[0], row[0], row[1])):
        text = message if isinstance(message, str) else message[0]
        if text not in known:
            known.add(text)
            found.setdefault(file.split("/")[0] if "/" in file else "pages", {})[text] = None
    # What /diagnostic says of an account stands in the catalogue of those who help.
    for text in catalogue().accounts.values():
        found["diagnostic"].setdefault(text, None)
    return found


def main() -> None:
    texts = extracted()
    for code in LANGUAGES.keys() - {FRENCH.code}:
        folder = LOCALE / code
        folder.mkdir(exist_ok=True)
        before: dict[str, tuple[str, bool]] = {}
        for path in folder.glob("*.po"):
            with path.open("rb") as file:
                before |= {str(each.id): (str(each.string), each.fuzzy) for each in read_po(file) if each.id}
            if path.stem not in {*texts, _NAMES}:
                path.unlink()
        for name, messages in texts.items():
            catalogue = Catalog(locale=code, fuzzy=False)
            for text in messages:
                string, fuzzy = before.get(text, ("", False))
                catalogue.add(text, string, flags=("fuzzy",) if fuzzy or not string else ())
            (folder / f"{name}.po").write_text(
                _HEADER.format(name=name, code=code) + _body(catalogue), encoding="utf-8"
            )


def _body(catalogue: Catalog) -> str:
    written = BytesIO()
    write_po(written, catalogue, width=120, omit_header=True, no_location=True)
    return written.getvalue().decode()


if __name__ == "__main__":
    main()
