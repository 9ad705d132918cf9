"""What was promised of the figures, and whether it is kept."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.contenders import BASE, SIGNAL
from tests.bench.decisions import rule_us
from tests.bench.page import Measured, shares

#: Of the processor time of a visit that asks nobody: at least so much is that of an empty redirect, at most so much
#: the journal's, and at most so much more with metrics.
BASE_SHARE, JOURNAL_SHARE, METRICS_SHARE = 0.75, 0.05, 0.10
#: Microseconds that a rule more may cost, and how much more the largest directory may cost than the smallest.
RULE_US, SCHOOLS_RATIO = 0.5, 1.5


def broken(found: Measured) -> Iterator[str]:
    """Each promise that the figures break, in a sentence."""
    share = found.ratio(BASE, SIGNAL)
    if share < BASE_SHARE:
        yield f"an empty Flask redirect is {share:.2f} of a visit that asks nobody, and {BASE_SHARE} was promised"
    journal, metrics = shares(found)
    if journal > JOURNAL_SHARE:
        yield f"the journal is {journal:.1%} of a visit that asks nobody, and at most {JOURNAL_SHARE:.0%} was promised"
    if metrics > METRICS_SHARE:
        yield f"metrics add {metrics:.1%} to a visit that asks nobody, and at most {METRICS_SHARE:.0%} was promised"
    if (rule := rule_us(found.decisions)) > RULE_US:
        yield f"a rule more costs {rule:.2f} µs, and at most {RULE_US} was promised"
    if (schools := _schools_ratio(found)) > SCHOOLS_RATIO:
        yield f"a decision costs {schools:.1f} times as much with the most schools, and no difference was promised"


def _schools_ratio(found: Measured) -> float:
    """How much a decision costs with the most schools, to find one included, beside the fewest."""
    fewest, *_, most = sorted({each.schools for each in found.decisions})
    least, largest = (
        min(each.find_us + each.decide_us for each in found.decisions if each.schools == schools)
        for schools in (fewest, most)
    )
    return largest / least
