"""The short code of a visit: three syllables that can be said on the phone."""

from __future__ import annotations

import secrets
from collections.abc import Callable

#: No C, Q or W (heard as K or V), no M beside N, no I beside Y; what remains sounds different in French.
_CONSONANTS = "BDFGJKLMPRSTVZ"
_VOWELS = "AEIOU"
_SYLLABLES = 3
#: Syllables in a row that nobody should have to say to a school.
_RUDE = ("KAKA", "PIPI", "ZIZI", "BITE", "PUTE", "PUTA", "KULO", "SALO", "SUKA", "FUKU", "NEGR", "TUBA", "KONA", "MERD")


def new_code(draw: Callable[[int], int] = secrets.randbelow) -> str:
    """A code as KOVATI; several visits may share one over a year, so it identifies nobody."""
    while True:
        code = "".join(_CONSONANTS[draw(len(_CONSONANTS))] + _VOWELS[draw(len(_VOWELS))] for _ in range(_SYLLABLES))
        if not any(rude in code for rude in _RUDE):
            return code


def normal_code(text: str) -> str | None:
    """The code that somebody typed, in any case and spacing; None when it is none."""
    letters = "".join(letter for letter in text.upper() if letter not in " -._")
    if len(letters) != 2 * _SYLLABLES:
        return None
    pairs = zip(letters[::2], letters[1::2], strict=True)
    return letters if all(first in _CONSONANTS and second in _VOWELS for first, second in pairs) else None
