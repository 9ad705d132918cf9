"""The pages that a family may mean by what it reads aloud: a title or a notice, in any language of the pages."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from aiguilleur.support import Page, catalogue
from aiguilleur.web.languages import LANGUAGES, LOCALE, read

#: What a page puts into its title: a service, a day.
_FILLED = re.compile(r"%\(\w+\)s")


def pages_of(said: str) -> tuple[str, ...]:
    """The names of the pages at whose top this stands, or a title that begins with it."""
    words = _words(said)
    return tuple(dict.fromkeys(name for name, title in _titles() if words and _is_read(words, title)))


def titles() -> dict[str, str]:
    """Every title as it is printed, by its plain words."""
    return {_words(title): title for _, title in _titles()}


def _is_read(words: str, title: str) -> bool:
    parts = [_words(part) for part in _FILLED.split(title)]
    begun = f"{parts[0]} ".startswith(f"{words} ")
    return begun or re.fullmatch(".*".join(map(re.escape, parts)), words) is not None


@cache
def _titles() -> tuple[tuple[str, str], ...]:
    """The name of a page and a text that stands at its top, in each language."""
    spoken = [read(LOCALE / code) for code in LANGUAGES]
    french = {text for texts in spoken for text in texts}
    return tuple(
        (name, texts.get(text, text))
        for name, page in catalogue().pages.items()
        for text in sorted(french)
        if _is_headed(text, page)
        for texts in spoken
    )


def _is_headed(text: str, page: Page) -> bool:
    """Whether a text is the title of a page, which may go on after it, but not in the same sentence."""
    for title in page.titles:
        if text.startswith(title):
            rest = text.removeprefix(title).lstrip()
            return title[-1] in ".?:" or not rest[:1].isalpha()
    return False


def _words(text: str) -> str:
    """The words of a text, whatever its accents, capitals, apostrophes and spaces."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("ı", "i"))
    return " ".join(re.findall(r"\w+", "".join(each for each in plain if not unicodedata.combining(each))))
