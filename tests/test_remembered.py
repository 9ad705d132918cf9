from __future__ import annotations

import base64
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer
from msgspec.structs import replace

from aiguilleur.remembered import (
    AGAIN_S,
    LOOP_S,
    RECENT_LIFE_S,
    SECOND_VISIT_S,
    Recent,
    RecentVisit,
    Remembered,
    Seal,
)
from aiguilleur.signing import SKEW_S
from tests.builders import ATEN, EDU

OLD, NEW = "o" * 32, "n" * 32
SEAL = Seal((NEW,))
NOW = 1_615_801_320
VISIT = RecentVisit(NOW, "teleservices", "clg-a", EDU, "inside-eclat", "KOVATI", weak=True)
CHOICE = Remembered(EDU, ("clg-a", "clg-b"))
RECENT = Recent((VISIT, replace(VISIT, at=NOW - 60, weak=False)))


def ago(*seconds: int, **changed: str | bool) -> Recent:
    """Visits of this many seconds ago, the oldest first."""
    recent = Recent()
    for second in seconds:
        recent = recent.add(replace(VISIT, at=NOW - second, **changed))
    return recent


def test_what_is_sealed_comes_back() -> None:
    assert SEAL.remembered(SEAL.seal(CHOICE)) == CHOICE
    assert SEAL.recent(SEAL.seal(RECENT)) == RECENT


@pytest.mark.parametrize("value", [Remembered(), Recent()])
def test_nothing_comes_back_as_nothing(value: Remembered | Recent) -> None:
    text = SEAL.seal(value)

    assert (SEAL.remembered(text), SEAL.recent(text)) == (Remembered(), Recent())


def test_a_sealed_text_may_stand_in_a_cookie() -> None:
    full = Recent((replace(VISIT, etab="x" * 63, rule="r" * 40, target="t" * 30),) * 5)

    assert len(SEAL.seal(full)) < 2048
    assert all(letter.isalnum() or letter in "-_." for value in (CHOICE, full) for letter in SEAL.seal(value))


def test_one_kind_is_never_taken_for_the_other() -> None:
    assert SEAL.remembered(SEAL.seal(RECENT)) == Remembered()
    assert SEAL.recent(SEAL.seal(CHOICE)) == Recent()


@pytest.mark.parametrize("text", [None, "", ".", "..", "forged", "forged.value", "é", "\x00\xff", "\ud800", "a" * 9000])
def test_what_is_absent_or_garbage_is_nothing(text: str | None) -> None:
    assert (SEAL.remembered(text), SEAL.recent(text)) == (Remembered(), Recent())


@given(st.text(st.characters(exclude_categories=())) | st.binary().map(lambda each: each.decode("latin-1")))
def test_no_bytes_of_a_cookie_break_the_reading(text: str) -> None:
    assert (SEAL.remembered(text), SEAL.recent(text)) == (Remembered(), Recent())


@given(st.data())
def test_no_letter_of_a_sealed_text_can_be_changed(data: st.DataObject) -> None:
    text = SEAL.seal(CHOICE)
    place = data.draw(st.integers(0, len(text) - 2))  # the last letter holds bits that base64 does not use
    letter = data.draw(st.sampled_from("abcXYZ019-_.").filter(lambda each: each != text[place]))

    assert SEAL.remembered(text[:place] + letter + text[place + 1 :]) == Remembered()


def test_another_content_under_an_old_signature_is_nothing() -> None:
    content = base64.urlsafe_b64encode(json.dumps([ATEN, []]).encode()).rstrip(b"=").decode()
    signature = SEAL.seal(CHOICE).rpartition(".")[2]

    assert SEAL.remembered(f"{content}.{signature}") == Remembered()


def signed(salt: str, value: object) -> str:
    """What another program that holds the key would have signed."""
    signer = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return str(URLSafeSerializer(NEW, salt=salt, signer_kwargs=signer).dumps(value))


def test_another_version_is_nothing() -> None:
    assert SEAL.remembered(signed("aiguilleur.remembered.v1", [EDU, ["clg-a"]])) == Remembered(EDU, ("clg-a",))
    assert SEAL.remembered(signed("aiguilleur.remembered.v2", [EDU, ["clg-a"]])) == Remembered()


@pytest.mark.parametrize("value", [None, 3, "text", [], [1], [[1]], [[1, 2, 3]], {"a": 1}, [EDU, 3], [["x"] * 7]])
def test_a_signed_value_of_another_shape_is_nothing(value: object) -> None:
    assert SEAL.remembered(signed("aiguilleur.remembered.v1", value)) == Remembered()
    assert SEAL.recent(signed("aiguilleur.recent.v1", value)) == Recent()


def test_a_key_that_was_added_signs_and_the_old_one_is_still_read() -> None:
    before, between, after = Seal((OLD,)), Seal((OLD, NEW)), Seal((NEW,))

    assert between.remembered(before.seal(CHOICE)) == CHOICE
    assert after.remembered(between.seal(CHOICE)) == CHOICE
    assert before.remembered(between.seal(CHOICE)) == Remembered()
    assert after.remembered(before.seal(CHOICE)) == Remembered()


def test_at_most_four_schools_are_remembered_the_last_one_first() -> None:
    remembered = Remembered()
    for etab in ("a", "b", "c", "d", "e", "c"):
        remembered = remembered.with_choice(ATEN, etab)

    assert remembered == Remembered(ATEN, ("c", "e", "d", "b"))
    assert SEAL.remembered(SEAL.seal(Remembered(ATEN, tuple("abcdef")))).schools == tuple("abcd")


def test_a_choice_without_school_keeps_the_schools() -> None:
    assert CHOICE.with_choice(ATEN, None) == Remembered(ATEN, CHOICE.schools)


def test_at_most_five_visits_are_kept_the_newest_first() -> None:
    recent = ago(60, 50, 40, 30, 20, 10)

    assert [NOW - visit.at for visit in recent.visits] == [10, 20, 30, 40, 50]
    assert len(SEAL.recent(SEAL.seal(Recent((VISIT,) * 9))).visits) == 5


def test_visits_are_kept_a_day() -> None:
    recent = ago(RECENT_LIFE_S + 1, RECENT_LIFE_S, 0)

    assert [NOW - visit.at for visit in recent.visits] == [0, RECENT_LIFE_S]


def test_the_last_visit_is_of_the_same_target_and_school() -> None:
    recent = ago(30).add(replace(VISIT, at=NOW - 20, etab="clg-b")).add(replace(VISIT, at=NOW - 10, target="ent"))
    last = recent.last("teleservices", "clg-a", NOW, AGAIN_S)

    assert (last is not None, last and last.at) == (True, NOW - 30)
    assert recent.last("teleservices", "clg-c", NOW, AGAIN_S) is None


@pytest.mark.parametrize(("seconds", "seen"), [(0, True), (AGAIN_S, True), (AGAIN_S + 1, False)])
def test_a_visit_of_long_ago_is_no_last_one(seconds: int, seen: bool) -> None:
    assert (ago(seconds).last("teleservices", "clg-a", NOW, AGAIN_S) is not None) is seen


@pytest.mark.parametrize(("ahead", "seen"), [(SKEW_S, True), (SKEW_S + 1, False)])
def test_a_clock_of_another_node_may_be_ten_seconds_ahead(ahead: int, seen: bool) -> None:
    assert SKEW_S == 10
    assert (ago(-ahead).weak("teleservices", "clg-a", NOW) is not None) is seen
    assert ago(-ahead, -ahead, -ahead).loops("teleservices", "clg-a", EDU, NOW) is seen


@pytest.mark.parametrize(("seconds", "mire"), [(1, True), (SECOND_VISIT_S, True), (SECOND_VISIT_S + 1, False)])
def test_a_second_visit_within_two_minutes_of_a_weak_redirect_is_noticed(seconds: int, mire: bool) -> None:
    assert SECOND_VISIT_S == 120
    assert (ago(seconds).weak("teleservices", "clg-a", NOW) is not None) is mire


def test_only_the_last_visit_says_whether_the_evidence_was_weak() -> None:
    recent = ago(60).add(replace(VISIT, at=NOW - 10, weak=False))

    assert recent.weak("teleservices", "clg-a", NOW) is None
    assert ago(10, weak=False).weak("teleservices", "clg-a", NOW) is None


@pytest.mark.parametrize(
    ("seconds", "loops"),
    [((20, 10), False), ((30, 20, 10), True), ((LOOP_S, 20, 10), True), ((LOOP_S + 1, 20, 10), False)],
)
def test_a_fourth_redirect_to_the_same_place_within_a_minute_is_a_loop(seconds: tuple[int, ...], loops: bool) -> None:
    assert LOOP_S == 60
    assert ago(*seconds).loops("teleservices", "clg-a", EDU, NOW) is loops


@pytest.mark.parametrize("changed", [{"target": "ent"}, {"etab": "clg-b"}, {"source": ATEN}])
def test_redirects_to_other_places_are_no_loop(changed: dict[str, str]) -> None:
    recent = ago(30, 20).add(replace(VISIT, at=NOW - 10, **changed))

    assert not recent.loops("teleservices", "clg-a", EDU, NOW)


PROVIDER = "sp.ac-exemple.fr"


def test_a_visit_that_a_service_provider_asked_for_stands_apart() -> None:
    recent = ago(30, 20, 10, provider=PROVIDER)

    assert SEAL.recent(SEAL.seal(recent)) == recent
    assert recent.last("teleservices", "clg-a", NOW, AGAIN_S) is None
    assert recent.weak("teleservices", "clg-a", NOW) is None
    assert not recent.loops("teleservices", "clg-a", EDU, NOW)
    assert recent.last("teleservices", "clg-a", NOW, AGAIN_S, PROVIDER) == recent.visits[0]
    assert recent.weak("teleservices", "clg-a", NOW, PROVIDER) == recent.visits[0]
    assert recent.loops("teleservices", "clg-a", EDU, NOW, PROVIDER)
