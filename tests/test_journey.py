from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aiguilleur.core.journey import JOURNEY_LIFE_MS, MOST_CARRIED, Journey, Learnt, Onward
from aiguilleur.core.model import Arrival, Channel, Reason
from aiguilleur.journey import MOST_JOURNEYS, JourneySeal, cookie_name, with_id
from aiguilleur.remembered import Recent, Seal
from aiguilleur.signing import SKEW_S
from tests.builders import ATEN, EDU, found

OLD, NEW = "o" * 32, "n" * 32
SEAL = JourneySeal((NEW,))
LEFT = 1_615_801_320_000
JOURNEY = Journey(
    id="0123456789abcdef" * 2,
    code="KOVATI",
    target="teleservices",
    awaited="educonnect",
    left_at=LEFT,
    etab="clg-rochat-rousses",
    page="bourses",
    entry="affiche",
    arrival=Arrival.CROSS_SITE,
    referer_host="*.eclat-bfc.fr",
    learnt=(Learnt(found(ATEN, "inactive"), LEFT - 38),),
)


def held(text: str, *, seal: JourneySeal = SEAL, now: int = LEFT) -> tuple[Journey, ...]:
    return seal.held({cookie_name(JOURNEY.id): text}, now)


def test_a_journey_comes_back_as_it_left() -> None:
    for journey in (JOURNEY, replace(JOURNEY, awaited="", spent=True, notice="loop")):
        assert held(SEAL.seal(journey)) == (journey,)


def test_a_cookie_is_a_kilobyte_at_most() -> None:
    findings = [
        found(f"aten-academie-{number}", "unknown", by=f"aten-academie-{number}-status", reason=Reason.NOT_RETURNED)
        for number in range(6)
    ]
    passive = found(EDU, "unknown", channel=Channel.FRONT, reason=Reason.ANSWER)
    learnt = tuple(Learnt(each, LEFT - 1200) for each in (*findings, passive))

    assert len(cookie_name(JOURNEY.id) + SEAL.seal(replace(JOURNEY, learnt=learnt))) <= 1024


def test_a_cookie_that_carries_a_service_providers_address_can_still_be_read() -> None:
    entity_id, findings = (
        "https://sp.ac-exemple.fr/shibboleth",
        [
            found(f"aten-academie-{number}", "unknown", by=f"aten-academie-{number}-status", reason=Reason.NOT_RETURNED)
            for number in range(6)
        ],
    )
    # Letters that hardly compress.
    noise = hashlib.shake_256(b"a").hexdigest(MOST_CARRIED)[: MOST_CARRIED - len(entity_id) - len("entityID")]
    onward = Onward(entity_id, noise, "entityID")
    journey = replace(JOURNEY, onward=onward, learnt=tuple(Learnt(each, LEFT - 1200) for each in findings))

    assert (onward.is_light, replace(onward, address=f"{noise}a").is_light) == (True, False)
    assert held(SEAL.seal(journey)) == (journey,)


@given(st.integers(0, 200), st.sampled_from("0aZ._-~"))
def test_a_changed_cookie_is_none_of_ours(place: int, letter: str) -> None:
    text = SEAL.seal(JOURNEY)
    # The last sign of a signature in base64 has bits that stand for nothing.
    place %= len(text) - 1
    assume(text[place] != letter)

    assert held(text[:place] + letter + text[place + 1 :]) == ()


@pytest.mark.parametrize("text", ["", "x", "é", "a.b", "." * 50, "x" * 10_000])
def test_a_cookie_that_is_none_is_passed_over(text: str) -> None:
    assert held(text) == ()


def test_another_key_or_another_kind_of_value_is_refused() -> None:
    assert held(JourneySeal((OLD,)).seal(JOURNEY)) == ()
    assert held(Seal((NEW,)).seal(Recent())) == ()


def test_keys_are_rotated_without_losing_who_is_away() -> None:
    before, after = JourneySeal((OLD,)), JourneySeal((OLD, NEW))

    assert held(before.seal(JOURNEY), seal=after) == (JOURNEY,)
    assert held(after.seal(JOURNEY), seal=before) == ()


@pytest.mark.parametrize(
    ("after_ms", "goes_on"),
    [
        (JOURNEY_LIFE_MS, True),
        (JOURNEY_LIFE_MS + 1, False),
        (-SKEW_S * 1000, True),
        (-SKEW_S * 1000 - 1, False),
    ],
)
def test_it_lives_half_an_hour_also_on_a_node_whose_clock_is_ten_seconds_off(after_ms: int, goes_on: bool) -> None:
    assert bool(held(SEAL.seal(JOURNEY), now=LEFT + after_ms)) is goes_on


def test_the_latest_comes_first_and_a_jar_full_of_them_costs_nothing() -> None:
    journeys = [replace(JOURNEY, id=f"{number:032x}"[::-1], left_at=LEFT + number) for number in range(40)]
    cookies = {cookie_name(each.id): SEAL.seal(each) for each in journeys}

    found_again = SEAL.held(cookies, LEFT + 100)
    assert len(found_again) == 2 * MOST_JOURNEYS
    assert [each.left_at for each in found_again] == sorted((each.left_at for each in found_again), reverse=True)


def test_the_id_and_the_cookie_must_agree() -> None:
    assert with_id((JOURNEY,), JOURNEY.id) == JOURNEY
    for other in ("", JOURNEY.id[:-1], JOURNEY.id.upper(), "é\ud800"):
        assert with_id((JOURNEY,), other) is None
