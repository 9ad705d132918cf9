from itertools import product

import pytest

from aiguilleur.core.verdict import HIT, MAY, MISS, Verdict, certain, every, inverse, some


def answers(verdict: Verdict) -> tuple[Verdict, ...]:
    return (MISS, HIT) if verdict is MAY else (verdict,)


@pytest.mark.parametrize("triple", list(product(Verdict, repeat=3)))
@pytest.mark.parametrize("join", [every, some])
def test_a_certain_verdict_survives_every_answer_to_its_mays(triple: tuple[Verdict, ...], join) -> None:  # type: ignore[no-untyped-def]
    verdict = join(triple)
    worlds = {join(world) for world in product(*map(answers, triple))}

    assert verdict is MAY or worlds == {verdict}


@pytest.mark.parametrize(("verdict", "turned"), [(MISS, HIT), (MAY, MAY), (HIT, MISS)])
def test_not_turns_yes_into_no_and_leaves_perhaps(verdict: Verdict, turned: Verdict) -> None:
    assert inverse(verdict) is turned


def test_nothing_to_meet_is_met_and_nothing_to_choose_from_is_not() -> None:
    assert (every(()), some(())) == (HIT, MISS)


def test_truth_is_certain() -> None:
    assert (certain(True), certain(False)) == (HIT, MISS)
