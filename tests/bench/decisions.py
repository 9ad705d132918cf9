"""What a decision alone costs, by how many schools and rules there are: no server, no request."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from aiguilleur.core import matchers as m
from aiguilleur.core.decision import Policy, Rule, decide
from aiguilleur.core.model import Discover, Facts, Redirect, School, Signals
from aiguilleur.schools import Directory

SCHOOLS, RULES = (10, 1_000, 60_000), (10, 100, 1_000)
_REPEATS = 7


@dataclass(frozen=True, slots=True)
class DecisionCost:
    """Microseconds to find a school and to decide by the last of the rules."""

    schools: int
    rules: int
    find_us: float
    decide_us: float


def decision_costs() -> list[DecisionCost]:
    """Each number of schools with each number of rules."""
    sizes = [(schools, rules) for schools in SCHOOLS for rules in RULES]
    costs = best_us([call for schools, rules in sizes for call in _calls(schools, rules)])
    return [
        DecisionCost(*size, *each) for size, each in zip(sizes, zip(costs[::2], costs[1::2], strict=True), strict=True)
    ]


def rule_us(costs: Sequence[DecisionCost]) -> float:
    """What one rule more costs, from the fewest to the most."""
    few, many = (min(each.decide_us for each in costs if each.rules == rules) for rules in (min(RULES), max(RULES)))
    return (many - few) / (max(RULES) - min(RULES))


def _calls(schools: int, rules: int) -> tuple[Callable[[], object], Callable[[], object]]:
    """What finds a school, and what decides by the last of the rules."""
    directory = Directory({f"clg-{number}": School(f"clg-{number}") for number in range(schools)})
    wanted = f"clg-{schools // 2}"
    facts = Facts(
        target="teleservices",
        school=directory.find(wanted),
        at=datetime(2021, 3, 15, 9, tzinfo=UTC),
        day=date(2021, 3, 15),
        open=frozenset({"aten", "educonnect"}),
        signals=Signals(entry="affiche"),
    )
    table = (*(_no(number) for number in range(rules - 1)), _last())
    policy = Policy(table, Discover(("educonnect", "aten")), {}, frozenset(), 2)
    return lambda: directory.find(wanted), lambda: decide(facts, policy)


def _no(number: int) -> Rule:
    """One that does not hold, as most of a long table: another school's, or another entry's."""
    matcher: m.Matcher = m.Etab(f"lyc-{number}") if number % 2 else m.Entry("eclat")
    return Rule(f"rule-{number}", (matcher,), Redirect("aten"), "config/rules.yaml:1")


def _last() -> Rule:
    return Rule("last", (m.Entry("affiche"),), Redirect("educonnect"), "config/rules.yaml:1")


def best_us(calls: Sequence[Callable[[], object]]) -> list[float]:
    """The microseconds of each call: the best of several rounds, in which each has its turn.

    A machine that is slow for a while is so for all of them, and not for those alone that come last.
    """
    return [min(turns) for turns in zip(*([_us_of(call) for call in calls] for _ in range(_REPEATS)), strict=True)]


def _us_of(call: Callable[[], object]) -> float:
    """The microseconds of a call, as often as it takes to be measured."""
    call()
    calls, began = 0, time.process_time()
    while (spent := time.process_time() - began) < 0.02:
        for _ in range(20):
            call()
        calls += 20
    return spent / calls * 1e6
