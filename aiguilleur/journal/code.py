"""The short code of a visit: three syllables that can be said on the phone."""

from __future__ import annotations

import secrets
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
_RUDE = (
    *("KAKA", "PIPI", "ZIZI", "ZEZE", "PETE", "PIPE", "BITE", "KIKI", "KUKU", "KUL", "ZOB", "KOKU", "PUTA", "PUTE"),
    *("BEZE", "FUKU", "PEDE", "PEDO", "PEDA", "TAPETE", "DEBI", "MAKAK", "BIKO", "POLAK", "KAPO", "MORU"),
)


def new_code(draw: Callable[[int], int] = secrets.randbelow) -> str:
    """A code as KOVATI, of 216,000; several visits may share one over a year, so it identifies nobody."""
    while True:
        code = "".join(_CONSONANTS[draw(len(_CONSONANTS))] + _VOWELS[draw(len(_VOWELS))] for _ in range(_SYLLABLES))
        if not any(rude in code for rude in _RUDE):
            return code


def normal_code(text: str) -> str | None:
    """The code that somebody typed or heard, in any case, spacing and accents; None when it is none."""
    plain = "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))
    letters = plain.translate(_BETWEEN).upper().translate(_MEANT)
    if len(letters) != 2 * _SYLLABLES:
        return None
    pairs = zip(letters[::2], letters[1::2], strict=True)
    return letters if all(first in _CONSONANTS and second in _VOWELS for first, second in pairs) else None
