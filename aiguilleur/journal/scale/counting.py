"""Counts that are told without saying them: what a masked one may stand for, alone, in a sum and in a share."""

from __future__ import annotations

from math import ceil, floor

#: Fewer than this is not told.
LEAST = 5
#: What a masked count holds for « fewer than five »; no other masked count is less than five and above zero.
FEW = 1
#: A share that may be anything within more percents than this is not told.
_WIDEST = 50


class Masked(int):
    """A count of which its bounds alone are known; a sum of some knows its own, and is masked like them."""

    least: int
    most: int

    def __new__(cls, least: int, most: int) -> Masked:
        """Zero, FEW, or the multiple of five nearest to the middle of the bounds."""
        told = super().__new__(cls, most and (FEW if most < LEAST else max(LEAST, _rounded((least + most) // 2))))
        told.least, told.most = least, most
        return told

    def __add__(self, other: int) -> Masked:
        least, most = bounds(other)
        return Masked(self.least + least, self.most + most)

    __radd__ = __add__

    def __reduce__(self) -> tuple[type[Masked], tuple[int, int]]:
        """Copies keep the bounds."""
        return Masked, (self.least, self.most)


def mask(count: int) -> Masked:
    """0, FEW, or the nearest multiple of five, with all that is told alike as its bounds."""
    if count < LEAST:
        return Masked(min(count, 1), LEAST - 1 if count else 0)
    told, off = _rounded(count), LEAST // 2
    return Masked(max(LEAST, told - off), told + off)


def bounds(count: int) -> tuple[int, int]:
    """The least and the most that a count may stand for: one that is not masked stands for itself."""
    return (count.least, count.most) if isinstance(count, Masked) else (count, count)


def shown(count: int, *, hidden: bool = False) -> str:
    """A count as it is printed; `hidden` says that it is a masked one."""
    return f"< {LEAST}" if hidden and 0 < count < LEAST else str(count)


def share(count: int, whole: int) -> tuple[float, float]:
    """Between what the share of a count in a whole lies, from 0 to 1; both are the same unless one is masked.

    It is made of what is told and of nothing else, so that it tells nothing more.
    """
    (least, most), (smallest, largest) = bounds(count), bounds(whole)
    return (least / largest if largest else 0.0, min(1.0, most / smallest) if smallest else 0.0)


def share_beside(count: int, rest: int) -> tuple[float, float]:
    """The same of a count in what it makes with the rest: closer where the two are known apart."""
    (least, most), (fewest, others) = bounds(count), bounds(rest)
    return (least / (least + others) if least else 0.0, most / (most + fewest) if most else 0.0)


def percents(share: tuple[float, float]) -> tuple[int, int] | None:
    """What a share lies between in whole percents; None where that is too wide to tell anything."""
    low, high = floor(round(100 * share[0], 9)), ceil(round(100 * share[1], 9))
    return (low, high) if high - low <= _WIDEST else None


def _rounded(count: int) -> int:
    return (count + LEAST // 2) // LEAST * LEAST
