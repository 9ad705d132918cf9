from dataclasses import replace
from datetime import date

from aiguilleur.core.decision import Rule
from aiguilleur.core.matchers import All, ArrivalIs, Cookie, Entry, Not, Referer, Remembered
from aiguilleur.core.model import Arrival, Sources
from aiguilleur.core.worlds import Ground, prove
from tests.builders import ATEN, EDU, ROCHAT, chosen, policy, rule, source_is

BOTH = Ground(ROCHAT, date(2021, 3, 15), frozenset({ATEN, EDU}))
NONE = Ground(ROCHAT, date(2021, 9, 1), frozenset())
ACTIVE = rule("active", ATEN, source_is(ATEN))


def test_a_rule_that_another_settles_is_dead_and_named() -> None:
    late = rule("late", EDU, source_is(ATEN), Entry("eclat"))
    proof = prove(policy(chosen_rule(), ACTIVE, late), "teleservices", [BOTH])

    assert [(dead.rule.id, dead.settled_by) for dead in proof.dead] == [("late", ("active",))]
    assert proof.complete


def chosen_rule() -> Rule:
    return rule("chosen", ATEN, chosen(ATEN))


def test_a_rule_on_trial_is_not_called_dead() -> None:
    tried = replace(rule("late", EDU, source_is(ATEN), Entry("eclat")), shadow=True)

    assert prove(policy(ACTIVE, tried), "teleservices", [BOTH]).dead == ()


def test_rules_that_can_answer_are_alive() -> None:
    rules = (
        chosen_rule(),
        ACTIVE,
        rule("kept", EDU, Remembered(Sources(EDU, (EDU,)))),
        rule("nested", EDU, All((Referer("x.fr"), Not(Cookie("CT")), ArrivalIs(Arrival.CROSS_SITE)))),
    )

    assert prove(policy(*rules), "teleservices", [BOTH]).dead == ()


def test_a_rule_towards_what_is_never_open_is_dead() -> None:
    proof = prove(policy(rule("gone", "gone", Entry("eclat"))), "teleservices", [BOTH])

    assert [(dead.rule.id, dead.settled_by) for dead in proof.dead] == [("gone", ())]


def test_a_world_without_an_open_source_is_told() -> None:
    assert prove(policy(ACTIVE), "teleservices", [BOTH, NONE]).silent == (NONE,)


def test_a_proof_that_was_not_finished_claims_nothing() -> None:
    proof = prove(policy(rule("gone", "gone", Entry("eclat"))), "teleservices", [BOTH], most=1)

    assert (proof.dead, proof.complete) == ((), False)
