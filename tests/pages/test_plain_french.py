"""The pages are written in plain French, by a measure that anyone can take again.

Kandel and Moles's index (1958), Flesch's for French: 207 - 1.015 x words per sentence - 73.6 x syllables per word. From 60
on a text is read without effort by most pupils of thirteen; below 30, by graduates.
"""

from __future__ import annotations

import re

import pytest

from tests.web.test_catalogues import said_by_pages

LEAST, LONGEST = 60, 25
_VOWELS = re.compile(r"é|[aeiouyàâäèêëîïôöùûüÿœ]+")


def syllables(word: str) -> int:
    """How many are spoken: groups of vowels, without the mute ending."""
    groups = _VOWELS.findall(word.lower())
    mute = re.search(r"[^aeiouyàâäéèêëîïôöùûüœ](?:e|es|ent)$", word.lower()) is not None
    return max(1, len(groups) - (mute and len(groups) > 1))


def sentences(text: str) -> list[list[str]]:
    told = re.sub(r"%\(\w+\)s", "compte", text)
    return [words for each in re.split(r"[.?!:]+", told) if (words := re.findall(r"[\w’-]*\w", each))]


def index(texts: list[str]) -> float:
    all_sentences = [each for text in texts for each in sentences(text)]
    words = [word for each in all_sentences for word in each]
    return 207 - 1.015 * len(words) / len(all_sentences) - 73.6 * sum(map(syllables, words)) / len(words)


@pytest.mark.parametrize(
    ("word", "count"), [("compte", 1), ("école", 2), ("service", 2), ("réessayer", 3), ("le", 1), ("choisissez", 3)]
)
def test_syllables_are_counted_as_they_are_spoken(word: str, count: int) -> None:
    assert syllables(word) == count


def test_the_pages_are_easy_to_read() -> None:
    assert index(sorted(said_by_pages())) >= LEAST


def test_no_sentence_is_long() -> None:
    long = [" ".join(each) for text in said_by_pages() for each in sentences(text) if len(each) > LONGEST]

    assert long == []


def test_a_text_of_an_administration_would_not_pass() -> None:
    text = (
        "Préalablement à toute authentification, l’utilisateur est invité à procéder à la sélection du dispositif "
        "d’identification correspondant à son appartenance institutionnelle, conformément aux dispositions réglementaires."
    )

    assert index([text]) < 30
