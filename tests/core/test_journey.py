from __future__ import annotations

from dataclasses import replace

import pytest

from aiguilleur.core.journey import AWAY_MS, FINDING_LIFE_MS, JOURNEY_LIFE_MS, MOST_CARRIED, Journey, Learnt, Onward
from aiguilleur.core.model import Channel, Reason
from tests.builders import ATEN, EDU, found

LEFT = 1_615_801_320_000
JOURNEY = Journey("0" * 32, "KOVATI", "teleservices", "edu-front", LEFT)


def test_an_answer_is_awaited_no_more() -> None:
    answered = JOURNEY.answered(found(EDU, "active", channel=Channel.FRONT), LEFT + 400)

    assert answered.awaited == ""
    assert answered.findings(LEFT + 500) == (found(EDU, "active", channel=Channel.FRONT),)


def test_what_was_found_counts_for_two_minutes() -> None:
    journey = replace(JOURNEY, learnt=(Learnt(found(ATEN, "inactive"), LEFT),))

    assert journey.findings(LEFT + FINDING_LIFE_MS) == (found(ATEN, "inactive"),)
    assert journey.findings(LEFT + FINDING_LIFE_MS + 1) == ()


@pytest.mark.parametrize("state", ["active", "inactive", "unknown"])
def test_an_old_trip_says_nothing_and_is_not_made_again(state: str) -> None:
    journey = replace(JOURNEY, learnt=(Learnt(found(EDU, state, channel=Channel.FRONT), LEFT),))

    assert journey.findings(LEFT + FINDING_LIFE_MS + 1) == (
        found(EDU, "unknown", channel=Channel.FRONT, reason=Reason.EXPIRED),
    )


def test_a_trip_that_was_refused_may_be_made_later() -> None:
    refused = found(EDU, "unknown", channel=Channel.FRONT, reason=Reason.UNPROVEN)
    journey = replace(JOURNEY, learnt=(Learnt(refused, LEFT),))

    assert journey.findings(LEFT + FINDING_LIFE_MS) == (refused,)
    assert journey.findings(LEFT + FINDING_LIFE_MS + 1) == ()


def test_a_browser_that_is_away_for_ten_seconds_is_lost_until_it_comes_back() -> None:
    assert not JOURNEY.is_lost(LEFT + AWAY_MS)
    assert JOURNEY.is_lost(LEFT + AWAY_MS + 1)
    assert not JOURNEY.answered(found(EDU, "active"), LEFT + 1).is_lost(LEFT + AWAY_MS + 1)


def test_a_visit_goes_on_for_half_an_hour() -> None:
    assert not JOURNEY.is_over(LEFT + JOURNEY_LIFE_MS)
    assert JOURNEY.is_over(LEFT + JOURNEY_LIFE_MS + 1)


def test_a_question_is_carried_on_a_trip_while_it_is_light() -> None:
    provider, param = "https://sp.example", "entityID"
    room = MOST_CARRIED - len(provider) - len(param)

    assert Onward(provider, "a" * room, param).is_light
    assert not Onward(provider, "a" * (room + 1), param).is_light
