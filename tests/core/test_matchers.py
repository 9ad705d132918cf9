from datetime import date

import pytest

from aiguilleur.core import matchers as m
from aiguilleur.core.model import Arrival, Channel, Facts, Reason, SessionState, Sources
from aiguilleur.core.verdict import HIT, MAY, MISS, Verdict
from tests.builders import ATEN, EDU, back, facts, found, front, policy, source_is


@pytest.mark.parametrize(
    ("matcher", "seen", "verdict", "said"),
    [
        (m.Choice(Sources(ATEN, (ATEN,))), facts(choice=ATEN), HIT, "chose aten"),
        (m.Choice(Sources(ATEN, (ATEN,))), facts(), MISS, "no choice made"),
        (m.Remembered(Sources(EDU, (EDU,))), facts(remembered=EDU), HIT, "remembered: edu"),
        (m.Remembered(Sources(EDU, (EDU,))), facts(), MISS, "remembered: nothing"),
        (m.Entry("eclat"), facts(entry="eclat"), HIT, "link: eclat"),
        (m.Entry("eclat"), facts(), MISS, "link: unnamed"),
        (m.ArrivalIs(Arrival.CROSS_SITE), facts(arrival=Arrival.CROSS_SITE), HIT, "arrival: cross-site"),
        (m.ArrivalIs(Arrival.CROSS_SITE), facts(), MISS, "arrival: none"),
        (m.Referer("a.example"), facts(referer_host="a.example"), HIT, "came from a.example"),
        (m.Referer("a.example"), facts(), MISS, "no referer"),
        (m.Cookie("CT"), facts(cookies=frozenset({"CT"})), HIT, "cookie CT"),
        (m.Cookie("CT"), facts(cookies=frozenset({"CT=blank"})), MISS, "cookie CT blank"),
        (m.Cookie("CT"), facts(), MISS, "cookie CT absent"),
        (m.Target("teleservices"), facts(), HIT, "target: teleservices"),
        (m.Target("ent"), facts(), MISS, "target: teleservices"),
        (m.Etab("clg-rochat-rousses"), facts(), HIT, "school: clg-rochat-rousses"),
        (m.Etab("clg-rochat-rousses"), facts(school=None), MISS, "school: unknown"),
        (m.Academy("besancon"), facts(), HIT, "académie: besancon"),
        (m.Academy("besancon"), facts(school=None), MISS, "académie: unknown"),
        (m.SchoolKind("collège"), facts(), HIT, "kind of school: collège"),
        (m.SchoolKind("lycée"), facts(school=None), MISS, "kind of school: unknown"),
        (m.Between((date(2021, 3, 15), date(2021, 3, 15))), facts(), HIT, "day: 2021-03-15"),
        (m.Between((date(2021, 3, 16), date(2021, 3, 17))), facts(), MISS, "day: 2021-03-15"),
        (m.Only(Sources(EDU, (EDU,))), facts(open=(EDU,)), HIT, "open: edu"),
        (m.Only(Sources(EDU, (EDU,))), facts(), MISS, "open: aten, edu"),
        (m.Only(Sources(EDU, (EDU,))), facts(open=()), MISS, "open: none"),
        (m.Any((m.Entry("x"), m.Entry("eclat"))), facts(entry="eclat"), HIT, "link: eclat or link: eclat"),
        (m.All((m.Entry("x"), m.Entry("eclat"))), facts(entry="eclat"), MISS, "link: eclat and link: eclat"),
        (m.Not(m.Entry("x")), facts(), HIT, "not (link: unnamed)"),
    ],
)
def test_each_condition_looks_at_its_own_signal(matcher: m.Matcher, seen: Facts, verdict: Verdict, said: str) -> None:
    view = policy().view(seen)

    assert (matcher.judge(view), matcher.seen(view)) == (verdict, said)


def test_folded_sources_do_not_count_for_only() -> None:
    only = m.Only(Sources(EDU, (EDU,)))

    assert only.judge(policy(folded=(ATEN,)).view(facts())) is HIT


def test_a_source_may_be_anything_until_it_is_asked() -> None:
    view = policy(probes=(back(ATEN),)).view(facts())

    assert [source_is(ATEN, state).judge(view) for state in SessionState] == [MAY, MAY, MAY]
    assert source_is(ATEN).seen(view) == "aten: not asked"


@pytest.mark.parametrize(
    ("states", "active", "inactive", "unknown"),
    [
        (("active", "inactive"), HIT, MISS, MISS),
        (("inactive", "inactive"), MISS, HIT, MISS),
        (("inactive", "unknown"), MISS, MISS, HIT),
    ],
)
def test_a_group_is_active_by_one_member_and_inactive_by_all(
    states: tuple[str, str], active: Verdict, inactive: Verdict, unknown: Verdict
) -> None:
    seen = facts(*(found(source, state) for source, state in zip("ab", states, strict=True)), open=("a", "b"))
    view = policy().view(seen)
    verdicts = [m.SourceIs(Sources("g", ("a", "b")), state).judge(view) for state in SessionState]

    assert verdicts == [active, inactive, unknown]


def test_a_closed_source_is_never_a_hit() -> None:
    view = policy().view(facts(found(ATEN, "inactive"), open=(EDU,)))

    assert [source_is(ATEN, state).judge(view) for state in SessionState] == [MISS, MISS, MISS]
    assert source_is(ATEN).seen(view) == "aten is not open"


def test_not_active_holds_for_a_settled_unknown() -> None:
    view = policy().view(facts(found(ATEN, "unknown", reason=Reason.PARSE)))

    assert (m.Not(source_is(ATEN)).judge(view), source_is(ATEN, "inactive").judge(view)) == (HIT, MISS)


def test_a_presumption_counts_once_no_probe_is_left_and_never_for_an_ill_source() -> None:
    presumed = found(ATEN, "active", by="CT", channel=Channel.SIGNAL, reason=Reason.PRESUMED)
    late = found(ATEN, "unknown", reason=Reason.DEADLINE)
    odd = found(ATEN, "unknown", reason=Reason.PARSE)
    rules = policy(probes=(back(ATEN),))

    assert rules.view(facts(presumed)).state(ATEN) is None
    assert rules.view(facts(presumed).learn(odd)).state(ATEN) is SessionState.ACTIVE
    assert rules.view(facts(presumed).learn(late)).state(ATEN) is SessionState.UNKNOWN


def test_an_inactive_answer_waits_for_its_sibling() -> None:
    rules = policy(probes=(back(ATEN, "one"), back(ATEN, "two"), front(ATEN)))

    assert rules.view(facts(found(ATEN, "inactive", by="one"))).state(ATEN) is None
    assert rules.view(facts(found(ATEN, "active", by="one"))).state(ATEN) is SessionState.ACTIVE
    both = facts(found(ATEN, "inactive", by="one"), found(ATEN, "active", by="two"))
    assert rules.view(both).state(ATEN) is SessionState.ACTIVE


def test_the_browser_is_not_sent_more_often_than_allowed() -> None:
    rules = policy(probes=(front(ATEN), front(EDU)), max_legs=1)
    refused = found(EDU, "unknown", channel=Channel.FRONT, reason=Reason.UNPROVEN)
    returned = found(EDU, "unknown", channel=Channel.FRONT, reason=Reason.PARSE)

    assert rules.view(facts(refused)).left(ATEN) == (front(ATEN),)
    assert rules.view(facts(returned)).left(ATEN) == ()
    assert rules.view(facts(returned)).state(ATEN) is SessionState.UNKNOWN


def test_only_the_undecided_parts_name_sources_to_ask() -> None:
    view = policy(probes=(back(ATEN), back(EDU))).view(facts())
    parts = m.Any((m.All((m.Entry("no"), source_is(ATEN))), m.Not(source_is(EDU))))

    assert m.undecided(parts, view) == (EDU,)
    assert parts.sources() == {ATEN, EDU}
    assert m.undecided(m.Entry("no"), view) == ()


def test_a_matcher_of_another_package_must_say_how_it_judges() -> None:
    class Silent(m.Matcher):
        pass

    assert (Silent().parts(), Silent().sources()) == ((), frozenset())
