from dataclasses import replace

from aiguilleur.core.decision import Policy
from aiguilleur.core.explain import as_json, explain, lines, sentence
from aiguilleur.core.matchers import Entry
from aiguilleur.core.model import Channel, Facts, Reason
from tests.builders import ATEN, EDU, back, chosen, facts, found, policy, rule, source_is

RULES = (
    rule("chosen", ATEN, chosen(ATEN)),
    rule("aten-active", ATEN, source_is(ATEN)),
    rule("from-eclat", EDU, Entry("eclat")),
)


def text(seen: Facts, rules: Policy) -> tuple[list[str], str]:
    explanation = explain(seen, rules)
    return lines(explanation), sentence(explanation, seen)


def test_the_table_says_how_each_rule_stood() -> None:
    assert text(facts(found(ATEN, "active")), policy(*RULES, probes=(back(ATEN),))) == (
        [
            "   rule         conditions",
            "   chosen       no choice made",
            " * aten-active  aten: active",
        ],
        "aten answered that this browser has a session (config/rules.yaml:1).",
    )


def test_what_would_be_asked_is_marked() -> None:
    table, why = text(facts(entry="eclat"), policy(*RULES, probes=(back(ATEN),)))

    assert table[2:] == [" ~ aten-active  aten: not asked", " * from-eclat   link: eclat"]
    assert why == "Rule 'aten-active' cannot be settled before aten-back has answered."


def test_a_rule_passed_over_says_why() -> None:
    ill = text(facts(found(ATEN, "active"), ill=(ATEN,)), policy(RULES[1]))
    closed = text(facts(entry="eclat", open=(ATEN,)), policy(RULES[2]))
    tried = text(facts(entry="eclat"), policy(replace(RULES[2], shadow=True)))

    assert ill[0][1] == "   aten-active  aten: active (passed over: what it leads to is ill)"
    assert closed[0][1] == "   from-eclat  link: eclat (passed over: what it leads to is not open)"
    assert tried[0][1] == "   from-eclat  link: eclat (passed over: it is on trial)"
    assert closed[1] == "No rule answers: the mire lets the visitor choose."


def test_a_rule_on_signals_is_told_by_what_was_seen() -> None:
    assert (
        text(facts(entry="eclat"), policy(RULES[2]))[1] == "Rule 'from-eclat' holds: link: eclat (config/rules.yaml:1)."
    )


def test_a_presumed_session_is_told_as_such() -> None:
    presumed = found(ATEN, "active", by="CT", channel=Channel.SIGNAL, reason=Reason.PRESUMED)

    assert text(facts(presumed), policy(RULES[1]))[1] == (
        "A cookie lets us presume a session at aten (config/rules.yaml:1)."
    )


def test_a_session_is_not_the_reason_when_the_rule_did_not_look_at_it() -> None:
    seen = facts(found(ATEN, "active"), choice=ATEN)

    assert text(seen, policy(RULES[0]))[1] == "Rule 'chosen' holds: chose aten (config/rules.yaml:1)."


def test_the_same_for_a_machine() -> None:
    asked = as_json(explain(facts(), policy(RULES[1], probes=(back(ATEN),))))
    offered = as_json(explain(facts(), policy()))

    assert asked["step"] == {"ask": ["aten-back"]}
    assert offered == {
        "rule": "default",
        "step": {"discover": ["edu", "aten"]},
        "rules": [{"mark": "*", "rule": "default", "conditions": "no rule answers", "place": ""}],
    }
    assert as_json(explain(facts(choice=ATEN), policy(RULES[0])))["step"] == {"redirect": "aten"}
