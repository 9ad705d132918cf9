"""What must hold for every table of rules, whatever the sources answer and in whatever order."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from aiguilleur.core import matchers as m
from aiguilleur.core.decision import Decision, Policy, Rule, decide
from aiguilleur.core.model import (
    ILL_REASONS,
    Ask,
    Channel,
    Discover,
    Facts,
    Finding,
    ProbeRef,
    Reason,
    Redirect,
    SessionState,
    Signals,
    Sources,
)
from tests.builders import facts

SOURCES = ("a", "b", "c")
GROUPS = {"a": ("a",), "b": ("b",), "c": ("c",), "ab": ("a", "b")}
PROBES = tuple(
    ProbeRef(f"{source}{number}", source, channel)
    for source in SOURCES
    for number, channel in ((1, Channel.BACK), (2, Channel.BACK), (3, Channel.FRONT))
)

sources = st.sampled_from(sorted(GROUPS)).map(lambda name: Sources(name, GROUPS[name]))
single = st.sampled_from(SOURCES).map(lambda name: Sources(name, (name,)))
leaves = st.one_of(
    st.builds(m.SourceIs, single, st.sampled_from(SessionState)),
    st.builds(m.SourceIs, sources, st.sampled_from(SessionState)),
    st.builds(m.Only, sources),
    st.builds(m.Choice, sources),
    st.builds(m.Remembered, sources),
    st.builds(m.Entry, st.sampled_from(["eclat", "affiche"])),
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(m.Not, inner),
        st.builds(m.Any, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(m.All, st.lists(inner, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=5,
)
outcomes = st.one_of(
    st.builds(Redirect, st.sampled_from(SOURCES)),
    st.builds(Discover, st.lists(st.sampled_from(SOURCES), min_size=1, unique=True).map(tuple)),
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    rules = tuple(
        Rule(f"r{index}", tuple(draw(st.lists(conditions, min_size=1, max_size=3))), draw(outcomes))
        for index in range(draw(st.integers(0, 7)))
    )
    # Often every probe: the order of answers only matters where two probes of one source disagree.
    asked = draw(st.one_of(st.just(frozenset(PROBES)), st.frozensets(st.sampled_from(PROBES))))
    by_source = {source: tuple(p for p in PROBES if p in asked and p.source == source) for source in SOURCES}
    return Policy(rules, Discover(SOURCES), by_source, frozenset(), max_legs=len(SOURCES))


visits = st.builds(
    lambda open_, choice, remembered, entry: facts(
        open=tuple(open_), choice=choice, remembered=remembered, entry=entry
    ),
    st.one_of(st.just(set(SOURCES)), st.sets(st.sampled_from(SOURCES))),
    st.sampled_from([None, *SOURCES]),
    st.sampled_from([None, *SOURCES]),
    st.sampled_from([None, "eclat"]),
)
healthy = [(state, Reason.ANSWER) for state in (SessionState.ACTIVE, SessionState.INACTIVE)] + [
    (SessionState.UNKNOWN, Reason.PARSE)
]
failing = [(SessionState.UNKNOWN, reason) for reason in sorted(ILL_REASONS)]


def worlds(answers: list[tuple[SessionState, Reason]]) -> st.SearchStrategy[dict[str, tuple[SessionState, Reason]]]:
    return st.fixed_dictionaries({probe.id: st.sampled_from(answers) for probe in PROBES})


World = dict[str, tuple[SessionState, Reason]]


def answer(probe: ProbeRef, world: World) -> Finding:
    state, reason = world[probe.id]
    return Finding(probe.source, state, probe.channel, probe.id, reason)


def lazily(seen: Facts, policy: Policy, world: World, order: random.Random) -> tuple[Facts, Decision]:
    """Ask as the router does: one answer at a time, in any order."""
    asked: list[str] = []
    while isinstance((decision := decide(seen, policy)).step, Ask):
        probe = order.choice(decision.step.probes)
        assert probe.id not in asked, "a probe is never asked twice"
        asked.append(probe.id)
        assert len(asked) <= len(PROBES), "every journey ends"
        seen = seen.learn(answer(probe, world))
    return seen, decision


def eagerly(seen: Facts, policy: Policy, world: World) -> Decision:
    """Ask everything: all servers at once, then the browser for whatever is not settled."""
    for channel in (Channel.BACK, Channel.FRONT):
        view = policy.view(seen)
        for source in sorted(seen.open):
            if channel is Channel.BACK or view.state(source) is None:
                refs = [ref for ref in policy.probes[source] if ref.channel is channel]
                seen = seen.learn(*(answer(ref, world) for ref in refs))
    return decide(seen, policy)


@settings(max_examples=600)
@given(policies(), visits, worlds(healthy), st.randoms(use_true_random=False))
def test_asking_lazily_equals_asking_everything_whatever_the_order(
    policy: Policy, seen: Facts, world: World, order: random.Random
) -> None:
    _, lazy = lazily(seen, policy, world, order)
    eager = eagerly(seen, policy, world)

    assert (lazy.step, lazy.rule) == (eager.step, eager.rule)


@settings(max_examples=600)
@given(policies(), visits, worlds(healthy), st.randoms(use_true_random=False))
def test_stopping_early_equals_waiting_for_the_probes_still_in_flight(
    policy: Policy, seen: Facts, world: World, order: random.Random
) -> None:
    flying: list[ProbeRef] = []
    while isinstance((early := decide(seen, policy)).step, Ask):
        flying += [probe for probe in early.step.probes if probe not in flying]
        probe = flying.pop(order.randrange(len(flying)))
        seen = seen.learn(answer(probe, world))
    waited = decide(seen.learn(*(answer(probe, world) for probe in flying)), policy)

    assert (early.step, early.rule) == (waited.step, waited.rule)


@settings(max_examples=600)
@given(policies(), visits, worlds(healthy + failing), st.randoms(use_true_random=False))
def test_an_ill_or_closed_source_is_never_the_automatic_outcome(
    policy: Policy, seen: Facts, world: World, order: random.Random
) -> None:
    final, decision = lazily(seen, policy, world, order)

    match decision.step:
        case Redirect(source):
            assert source in final.open
            assert source not in final.ill or final.signals.choice == source
        case Discover(offered):
            assert set(offered) <= final.open


@settings(max_examples=300)
@given(policies(), visits, worlds(healthy + failing), st.randoms(use_true_random=False))
def test_recorded_facts_give_the_same_decision_again(
    policy: Policy, seen: Facts, world: World, order: random.Random
) -> None:
    final, decision = lazily(seen, policy, world, order)

    assert decide(final, policy) == decision


def test_facts_only_grow() -> None:
    seen = facts(entry="eclat")
    grown = seen.learn(Finding("a", SessionState.UNKNOWN, Channel.BACK, "a1", Reason.TLS))

    assert (grown.findings[: len(seen.findings)], grown.ill - seen.ill) == (seen.findings, frozenset({"a"}))
    assert grown.signals == Signals(entry="eclat")
