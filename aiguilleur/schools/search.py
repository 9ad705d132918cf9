"""Which schools a few words mean: by name, town, kind and label; accents, order and typing faults forgiven."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from math import log

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

from aiguilleur.schools.names import simplified

#: What people, labels and registers shorten.
_SHORT = {
    "clg": ("college",),
    "lyc": ("lycee",),
    "lp": ("lycee", "professionnel"),
    "ec": ("ecole",),
    "elem": ("elementaire",),
    "mat": ("maternelle",),
    "prim": ("primaire",),
    "st": ("saint",),
    "ste": ("sainte",),
    "nd": ("notre", "dame"),
}
#: They stand in every second name, and tell none from another.
_SMALL = frozenset(["a", "au", "aux", "d", "de", "des", "du", "en", "et", "l", "la", "le", "les", "sous", "sur"])
_MOST_LETTERS, _MOST_WORDS, _MOST_LIKE = 200, 8, 20
#: How good a match is: whole, begun, with a typing fault, with two.
_WHOLE, _BEGUN, _FAULTS = 1.0, 0.85, (1.0, 0.75, 0.55)
_SHORTEST_BEGUN, _SHORTEST_SPELT = 3, 4
#: A word of more schools than this is looked for only among those that rarer words have found.
_COMMON = 3000
#: The share of what was typed that a school must answer, and of what the best one answers.
_LEAST, _NEAR_BEST = 0.4, 0.75


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What one typed word may stand for: words of the directory, worst match first."""

    words: tuple[tuple[str, float], ...]
    #: How many schools have any of them.
    reach: int
    #: How much it tells: what few schools have tells much.
    worth: float


class Index:
    """The words of many lines, to be searched; a line is known by its place."""

    def __init__(self, lines: Sequence[str]) -> None:
        """Read the words of each line, which `lines_of` has made plain."""
        self._size = len(lines)
        self._places = _places(lines)
        self._vocabulary = sorted(self._places)
        self._spelt = [word for word in self._vocabulary if len(word) >= _SHORTEST_SPELT - 1 and word.isalpha()]

    def search(self, text: str, most: int) -> list[int]:
        """The places of the lines that these words mean, best first, then in their own order."""
        meanings = sorted(map(self._meaning, _typed(text)), key=lambda meaning: meaning.reach)
        among = self._reached(meanings)
        scores = dict.fromkeys(among, 0.0)
        for meaning in meanings:
            qualities: dict[int, float] = {}
            for word, quality in meaning.words:
                qualities.update(dict.fromkeys(among.intersection(self._places[word]), quality))
            for at, quality in qualities.items():
                scores[at] += quality * meaning.worth
        least = max(_LEAST * sum(meaning.worth for meaning in meanings), _NEAR_BEST * max(scores.values(), default=0))
        found = ((round(-score, 6), at) for at, score in scores.items() if score >= least)
        return [at for _, at in nsmallest(most, found)]

    def _reached(self, meanings: Sequence[_Meaning]) -> set[int]:
        """The lines worth looking at: those of rare words, else the first of those that all the common ones are in."""
        each = [self._all(meaning) for meaning in meanings if 0 < meaning.reach <= _COMMON]
        if each:
            return set().union(*each)
        each = [self._all(meaning) for meaning in meanings if meaning.reach]
        return set(sorted(set.intersection(*each) or each[0])[:_COMMON]) if each else set()

    def _all(self, meaning: _Meaning) -> set[int]:
        return set().union(*(self._places[word] for word, _ in meaning.words))

    def _meaning(self, typed: str) -> _Meaning:
        words = {word: _FAULTS[faults] for word, faults in self._like(typed)}
        words |= dict.fromkeys(self._begun(typed), _BEGUN)
        if typed in self._places:
            words[typed] = _WHOLE
        ranked = tuple(sorted(words.items(), key=lambda each: each[1]))
        reach = sum(len(self._places[word]) for word, _ in ranked)
        schools = len(self._places[ranked[-1][0]]) if ranked else 1
        return _Meaning(ranked, reach, log(1 + self._size / schools))

    def _begun(self, typed: str) -> Iterator[str]:
        """The words that what was typed is the beginning of."""
        if len(typed) < _SHORTEST_BEGUN:
            return
        for at in range(bisect_left(self._vocabulary, typed), len(self._vocabulary)):
            if not self._vocabulary[at].startswith(typed):
                return
            yield self._vocabulary[at]

    def _like(self, typed: str) -> Iterator[tuple[str, int]]:
        """The words that differ from what was typed by as many faults as its length excuses."""
        if len(typed) < _SHORTEST_SPELT or not typed.isalpha():
            return
        excused = 1 if len(typed) < 2 * _SHORTEST_SPELT else 2
        near = extract(typed, self._spelt, scorer=OSA.distance, score_cutoff=excused, limit=_MOST_LIKE)
        yield from ((word, int(faults)) for word, faults, _ in near)


def lines_of(texts: Sequence[str]) -> list[str]:
    """Each text in plain small letters, its words with a space between."""
    joined = "\n".join(texts)
    if joined.count("\n") >= max(len(texts), 1):
        joined = "\n".join(" ".join(text.split()) for text in texts)
    return simplified(joined).split("\n")


def _places(lines: Sequence[str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = defaultdict(list)
    for at, line in enumerate(lines):
        for word in set(line.split()):
            places[word].append(at)
    for word in _SMALL:
        places.pop(word, None)
    for short, meant in _SHORT.items():
        found = places.pop(short, [])
        for word in meant if found else ():
            places[word] = sorted({*places[word], *found})
    return dict(places)


def _typed(text: str) -> list[str]:
    """The words of what was typed, each once, shortened ones in full; small ones only when there are no others."""
    words = simplified(text[:_MOST_LETTERS]).split()
    full = [each for word in words for each in _SHORT.get(word, (word,))]
    telling = [word for word in full if word not in _SMALL]
    return list(dict.fromkeys(telling or full))[:_MOST_WORDS]
