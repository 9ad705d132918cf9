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
    return [_cost(schools, rules) for schools in SCHOOLS for rules in RULES]


def rule_us(costs: Sequence[DecisionCost]) -> float:
    """What one rule more costs, from the fewest to the most."""
    few, many = (min(each.decide_us for each in costs if each.rules == rules) for rules in (min(RULES), max(RULES)))
    return (many - few) / (max(RULES) - min(RULES))


def _cost(schools: int, rules: int) -> DecisionCost:
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
    return DecisionCost(schools, rules, us_of(lambda: directory.find(wanted)), us_of(lambda: decide(facts, policy)))


def _no(number: int) -> Rule:
    """One that does not hold, as most of a long table: another school's, or another entry's."""
    matcher: m.Matcher = m.Etab(f"lyc-{number}") if number % 2 else m.Entry("eclat")
    return Rule(f"rule-{number}", (matcher,), Redirect("aten"), "config/rules.yaml:1")


def _last() -> Rule:
    return Rule("last", (m.Entry("affiche"),), Redirect("educonnect"), "config/rules.yaml:1")


def us_of(call: Callable[[], object]) -> float:
    """The microseconds of a call: the best of several, each long enough to be measured."""
    call()
    best = float("inf")
    for _ in range(_REPEATS):
        calls, began = 0, time.process_time()
        while (spent := time.process_time() - began) < 0.02:
            for _ in range(20):
                call()
            calls += 20
        best = min(best, spent / calls)
    return best * 1e6
