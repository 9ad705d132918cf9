"""The catalogues say what the pages say, in every language, and nothing else."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from aiguilleur.settings.load import load
from aiguilleur.support import catalogue as catalogue_of_support
from aiguilleur.web.languages import FRENCH, LANGUAGES, LOCALE
from tests.conftest import ROOT

OTHERS = sorted(LANGUAGES.keys() - {FRENCH.code})
_OPTIONS = {"**.html": {"trimmed": "true", "newstyle_gettext": "true"}}


@cache
def said_by_pages() -> frozenset[str]:
    rows = extract_from_dir(str(LOCALE.parent / "templates"), [("**.html", "jinja2")], _OPTIONS)
    return frozenset(str(row[2]) for row in rows) | frozenset(catalogue_of_support().accounts.values())


def said_by_configurations() -> set[str]:
    """The texts of the shipped configurations that families read."""
    texts: set[str] = set()
    for folder in (ROOT / "config", ROOT / "config" / "sandbox"):
        settings, _ = load(folder)
        texts |= {text for source in settings.sources.values() for text in (source.name, source.help) if text}
        texts |= {target.name for target in settings.targets.values()}
        texts |= {link.label for link in (*settings.site.help_links, *settings.site.footer_links)}
    return texts


@cache
def catalogue(code: str) -> dict[str, tuple[str, bool]]:
    """What each text is in a language, and whether a speaker has yet to see it."""
    found: dict[str, tuple[str, bool]] = {}
    for path in sorted((LOCALE / code).glob("*.po")):
        with path.open("rb") as file:
            for each in read_po(file, abort_invalid=True):
                if each.id:
                    assert each.id not in found, f"{path.name}: {each.id}"
                    found[str(each.id)] = (str(each.string), each.fuzzy)
    return found


@pytest.mark.parametrize("code", OTHERS)
def test_every_text_has_a_translation_and_no_translation_is_of_nothing(code: str) -> None:
    wanted = said_by_pages() | said_by_configurations()
    had = {text for text, (said, _) in catalogue(code).items() if said.strip()}

    assert wanted - had == set(), "run `make messages` and translate what is empty"
    assert catalogue(code).keys() - wanted == set(), "run `make messages`"


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_holds_what_its_text_holds(code: str) -> None:
    for text, (said, _) in catalogue(code).items():
        assert sorted(re.findall(r"%\(\w+\)s", text)) == sorted(re.findall(r"%\(\w+\)s", said)), text
        # A stray sign would break the sentence when its values are put in.
        assert "%" not in re.sub(r"%\(\w+\)s", "", said), text
        assert not re.search(r"[<>]", said), text


@pytest.mark.parametrize("code", OTHERS)
def test_no_translation_is_left_in_french(code: str) -> None:
    same = {text for text, (said, _) in catalogue(code).items() if said == text and " " in text}

    assert same == set()


def test_arabic_is_written_in_arabic() -> None:
    latin = {text for text, (said, _) in catalogue("ar").items() if not re.search(r"[\u0600-\u06ff]", said)}

    assert latin <= {"EduConnect"}


@pytest.mark.parametrize("code", OTHERS)
def test_what_no_speaker_has_seen_says_so(code: str) -> None:
    """Nobody whose language it is has read these: a reviewer takes the mark away, and the name from this test."""
    assert {text for text, (_, unseen) in catalogue(code).items() if not unseen} == set()
    assert all("to be reviewed by a speaker" in path.read_text(encoding="utf-8") for path in _files(code))


def _files(code: str) -> list[Path]:
    return sorted((LOCALE / code).glob("*.po"))
