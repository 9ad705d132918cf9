"""The short code of a visit: three syllables that can be said on the phone."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable

#: Said aloud in French, C and Q are K, W is V, N is mistaken for M, G is J before E and I, S between vowels is Z.
_CONSONANTS = "BDFJKLMPRTVZ"
_VOWELS = "AEIOU"
_SYLLABLES = 3
#: What somebody may have heard or read instead, and the letter that was meant.
_MEANT = str.maketrans("CQGSNWY01", "KKJZMVIOI")
_BETWEEN = str.maketrans("", "", " \t\u00a0-._/«»\"'")
#: What nobody should have to say to a school, nor hear from one; a code that holds one is drawn again.
_RUDE = re.compile(
    "KAKA|PIPI|ZIZI|ZEZE|PETE|PIPE|BITE|KIKI|KUKU|KUL|ZOB|KOKU|PUTA|PUTE|BEZE|FUKU|PEDE|PEDO|PEDA|TAPETE|DEBI|MAKAK|BIKO"
    "|POLAK|KAPO|MORU"
)
_ALL = [consonant + vowel for consonant in _CONSONANTS for vowel in _VOWELS]


def new_code(draw: Callable[[int], int] = random.randrange) -> str:
    """A code as KOVATI, of 216,000; several visits may share one over a year, so it identifies nobody.

    It is read aloud and opens nothing, so that it need not be hard to guess; each process draws for itself.
    """
    while True:
        first, rest = divmod(draw(len(_ALL) ** _SYLLABLES), len(_ALL) ** 2)
        second, third = divmod(rest, len(_ALL))
        code = _ALL[first] + _ALL[second] + _ALL[third]
        if not _RUDE.search(code):
            return code


def normal_code(text: str) -> str | None:
    """The code that somebody typed or heard, in any case, spacing and accents; None when it is none."""
    plain = "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))
    letters = plain.translate(_BETWEEN).upper().translate(_MEANT)
    if len(letters) != 2 * _SYLLABLES:
        return None
    pairs = zip(letters[::2], letters[1::2], strict=True)
    return letters if all(first in _CONSONANTS and second in _VOWELS for first, second in pairs) else None
