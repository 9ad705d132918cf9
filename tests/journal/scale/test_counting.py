"""What is told of masked counts is true, and nobody can find out more from it."""

from __future__ import annotations

import copy
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from aiguilleur.journal.scale.counting import FEW, Masked, bounds, mask, percents, share, share_beside, shown

counts = st.integers(0, 300)


def test_a_masked_count_is_none_few_or_a_multiple_of_five() -> None:
    assert [mask(count) for count in (0, 1, 4, 5, 7, 8, 12, 13)] == [0, FEW, FEW, 5, 5, 10, 10, 15]
    assert [shown(mask(count), hidden=True) for count in (0, 4, 5)] == ["0", "< 5", "5"]


@given(counts)
def test_its_bounds_are_all_that_is_told_alike(count: int) -> None:
    least, most = bounds(mask(count))

    assert [other for other in range(310) if mask(other) == mask(count)] == list(range(least, most + 1))
    assert bounds(count) == (count, count)


@given(st.lists(counts, min_size=1, max_size=9))
def test_a_sum_of_masked_counts_is_masked_and_holds_the_true_one(parts: list[int]) -> None:
    told = sum(map(mask, parts))
    least, most = bounds(told)

    assert isinstance(told, Masked)
    assert least <= sum(parts) <= most
    assert told in {0, FEW} or told % 5 == 0
    assert bounds(copy.copy(told)) == (least, most)


@given(counts, counts)
def test_a_share_lies_where_it_is_told_to_lie(part: int, rest: int) -> None:
    true = part / (part + rest) if part + rest else 0.0

    for told in (share(mask(part), mask(part + rest)), share_beside(mask(part), mask(rest))):
        assert told[0] <= true <= told[1]
        near = percents(told)
        assert near is None or near[0] <= 100 * true <= near[1]
    assert share(part, part + rest) == share_beside(part, rest) == (true, true)


def test_counts_that_are_told_alike_have_shares_that_are_told_alike() -> None:
    for few, whole in product(range(1, 5), range(5, 60)):
        assert share(mask(few), mask(whole)) == share(mask(1), mask(bounds(mask(whole))[0]))


def test_a_share_that_may_be_nearly_anything_is_not_told() -> None:
    assert percents(share(mask(3), mask(3))) is None
    assert percents(share(mask(7), mask(7))) == (71, 100)
    assert percents(share(mask(2), mask(40))) == (2, 11)
