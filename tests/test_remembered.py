"""What a browser carries for us: believed only as we signed it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aiguilleur.remembered import Recent, RecentVisit, Remembered, Seal

OLD, NEW, OTHER = "o" * 32, "n" * 32, "x" * 32
KEPT = Remembered("educonnect", ("clg-rochat-rousses",))
VISIT = RecentVisit(1000, "ent", "clg", "educonnect", "inside-eclat", "KOVATI", weak=True)


def test_what_was_sealed_is_read_back() -> None:
    seal = Seal([NEW])

    assert seal.remembered(seal.seal(KEPT)) == KEPT
    assert seal.recent(seal.seal(Recent((VISIT,)))) == Recent((VISIT,))


def test_a_key_can_be_changed_without_forgetting_anyone() -> None:
    text = Seal([OLD]).seal(KEPT)

    assert Seal([OLD, NEW]).remembered(text) == KEPT
    assert Seal([OLD, NEW]).remembered(Seal([OLD, NEW]).seal(KEPT)) == KEPT
    assert Seal([NEW]).remembered(text) == Remembered()
    assert Seal([NEW]).remembered(Seal([OLD, NEW]).seal(KEPT)) == KEPT


@pytest.mark.parametrize("text", [None, "", "x", ".", "a.b.c", "é", "\x00", "e30.x", "a" * 5000])
def test_garbage_is_nothing(text: str | None) -> None:
    assert Seal([NEW]).remembered(text) == Remembered()
    assert Seal([NEW]).recent(text) == Recent()


def test_a_forged_or_changed_one_is_nothing() -> None:
    seal = Seal([NEW])
    text = seal.seal(KEPT)

    assert seal.remembered(Seal([OTHER]).seal(KEPT)) == Remembered()
    assert seal.remembered(text[:-1] + ("A" if text[-1] != "A" else "B")) == Remembered()
    assert seal.remembered("A" + text) == Remembered()


def test_one_kind_is_never_taken_for_the_other() -> None:
    seal = Seal([NEW])

    assert seal.recent(seal.seal(KEPT)) == Recent()
    assert seal.remembered(seal.seal(Recent((VISIT,)))) == Remembered()


def test_four_schools_are_remembered_the_last_one_first() -> None:
    kept = Remembered()
    for etab in ("a", "b", "c", "a", "d", "e"):
        kept = kept.with_choice("educonnect", etab)

    assert kept == Remembered("educonnect", ("e", "d", "a", "c"))
    assert kept.with_choice("aten", None) == Remembered("aten", ("e", "d", "a", "c"))


def test_five_visits_of_the_last_day_are_kept() -> None:
    recent = Recent()
    for number in range(7):
        recent = recent.add(replace(VISIT, at=number))

    assert [visit.at for visit in recent.visits] == [6, 5, 4, 3, 2]
    assert [visit.at for visit in recent.add(replace(VISIT, at=24 * 3600 + 4)).visits] == [24 * 3600 + 4, 6, 5, 4]


@pytest.mark.parametrize(("after", "found"), [(0, True), (120, True), (121, False), (-10, True), (-11, False)])
def test_a_second_visit_counts_for_two_minutes_and_clocks_may_differ_by_ten_seconds(after: int, found: bool) -> None:
    assert (Recent((VISIT,)).weak("ent", "clg", 1000 + after) is not None) is found


def test_only_weak_evidence_and_the_same_place_make_a_second_visit() -> None:
    assert Recent((replace(VISIT, weak=False),)).weak("ent", "clg", 1001) is None
    assert Recent((VISIT,)).weak("ent", "other", 1001) is None
    assert Recent((replace(VISIT, at=1001, weak=False), VISIT)).weak("ent", "clg", 1002) is None


def test_more_than_three_redirects_to_one_place_in_a_minute_are_a_loop() -> None:
    three = Recent(tuple(replace(VISIT, at=1000 + number) for number in range(3)))

    assert three.loops("ent", "clg", "educonnect", 1003)
    assert not three.loops("ent", "clg", "aten", 1003)
    assert not three.loops("ent", "clg", "educonnect", 1062)
    assert not Recent(three.visits[:2]).loops("ent", "clg", "educonnect", 1003)
