from dataclasses import replace

import pytest

from aiguilleur.core.decision import DEFAULT_RULE, Decision, Rule, decide, passed_over
from aiguilleur.core.matchers import Entry, Remembered
from aiguilleur.core.model import Ask, Discover, Facts, Finding, Passed, Reason, Redirect, Sources, Step
from tests.builders import ATEN, EDU, back, chosen, facts, found, front, policy, rule, source_is

ATEN_ACTIVE = rule("aten-active", ATEN, source_is(ATEN))
EDU_ACTIVE = rule("edu-active", EDU, source_is(EDU))
FROM_ECLAT = rule("from-eclat", EDU, Entry("eclat"))
CHOSEN = rule("chosen", ATEN, chosen(ATEN))


def steps(decision: Decision) -> tuple[Step, str]:
    return decision.step, decision.rule


def test_the_first_hit_answers() -> None:
    decision = decide(facts(entry="eclat"), policy(CHOSEN, FROM_ECLAT, ATEN_ACTIVE))

    assert steps(decision) == (Redirect(EDU), "from-eclat")
    assert [judged.rule.id for judged in decision.trace] == ["chosen", "from-eclat"]


def test_without_a_hit_the_default_offers_what_is_open() -> None:
    assert steps(decide(facts(open=(ATEN,)), policy(CHOSEN))) == (Discover((ATEN,)), DEFAULT_RULE)


def test_perhaps_above_a_hit_asks_first() -> None:
    decision = decide(facts(entry="eclat"), policy(ATEN_ACTIVE, FROM_ECLAT, probes=(back(ATEN),)))

    assert steps(decision) == (Ask((back(ATEN),)), "aten-active")


def test_perhaps_below_a_hit_asks_nothing() -> None:
    decision = decide(facts(entry="eclat"), policy(FROM_ECLAT, ATEN_ACTIVE, probes=(back(ATEN),)))

    assert decision.step == Redirect(EDU)


def test_the_probes_of_all_undecided_rules_are_asked_together() -> None:
    rules = policy(ATEN_ACTIVE, EDU_ACTIVE, probes=(back(ATEN), back(EDU)))

    assert decide(facts(), rules).step == Ask((back(ATEN), back(EDU)))


def test_the_browser_is_sent_only_when_the_first_undecided_rule_has_no_server_probe_left() -> None:
    rules = policy(ATEN_ACTIVE, EDU_ACTIVE, probes=(front(EDU), back(ATEN)))

    assert decide(facts(), rules).step == Ask((back(ATEN),))
    assert decide(facts(found(ATEN, "inactive")), rules).step == Ask((front(EDU),))


def test_one_trip_at_a_time() -> None:
    rules = policy(EDU_ACTIVE, ATEN_ACTIVE, probes=(front(EDU), front(ATEN)))

    assert decide(facts(), rules).step == Ask((front(EDU),))


def test_a_rule_towards_a_closed_source_is_passed_over() -> None:
    decision = decide(facts(entry="eclat", open=(ATEN,)), policy(FROM_ECLAT))

    assert decision.step == Discover((ATEN,))
    assert decision.trace[0].passed is Passed.CLOSED


def test_a_rule_towards_an_ill_source_is_passed_over_and_not_asked_for() -> None:
    rules = policy(ATEN_ACTIVE, FROM_ECLAT, probes=(back(ATEN),))
    decision = decide(facts(entry="eclat", ill=(ATEN,)), rules)

    assert decision.step == Redirect(EDU)
    assert decision.trace[0].passed is Passed.ILL


def test_an_explicit_choice_goes_to_an_ill_source() -> None:
    assert decide(facts(choice=ATEN, ill=(ATEN,)), policy(CHOSEN)).step == Redirect(ATEN)


def test_a_source_that_fails_is_ill_for_the_rest_of_the_visit() -> None:
    remembered = rule("remembered", ATEN, Remembered(Sources(ATEN, (ATEN,))))
    seen = facts(remembered=ATEN).learn(found(ATEN, "unknown", reason=Reason.DEADLINE))

    assert decide(seen, policy(remembered)).step == Discover((EDU, ATEN))


def test_a_mire_without_any_open_source_is_passed_over() -> None:
    offer = rule("offer", ("gone",), Entry("eclat"))

    assert decide(facts(entry="eclat"), policy(offer)).rule == DEFAULT_RULE
    assert passed_over(Discover((ATEN,)), facts()) is None


@pytest.mark.parametrize(
    ("tried", "known", "noted"),
    [
        (FROM_ECLAT, (), "from-eclat"),
        (EDU_ACTIVE, (), "~edu-active"),
        (EDU_ACTIVE, (found(EDU, "inactive"),), ""),
    ],
)
def test_a_rule_on_trial_is_noted_and_never_obeyed(tried: Rule, known: tuple[Finding, ...], noted: str) -> None:
    seen = facts(*known, entry="eclat", choice=ATEN)
    alone = decide(seen, policy(CHOSEN, probes=(back(EDU),)))
    decision = decide(seen, policy(replace(tried, shadow=True), CHOSEN, probes=(back(EDU),)))

    assert steps(decision) == steps(alone) == (Redirect(ATEN), "chosen")
    assert (alone.shadow, decision.shadow) == ("", noted)


def test_a_rule_on_trial_below_the_answer_is_not_noted() -> None:
    assert decide(facts(entry="eclat", choice=ATEN), policy(CHOSEN, replace(FROM_ECLAT, shadow=True))).shadow == ""


def told(seen: Facts, *findings: object) -> Facts:
    return seen.learn(*findings)  # type: ignore[arg-type]


def test_both_active_spares_the_trip_when_the_higher_rule_answers() -> None:
    rules = policy(ATEN_ACTIVE, EDU_ACTIVE, probes=(back(ATEN), front(EDU)))

    assert decide(told(facts(), found(ATEN, "active")), rules).step == Redirect(ATEN)
