from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguilleur.journal.code import new_code, normal_code

RUDE = ["KAKA", "PIPI", "ZIZI", "BITE", "PUTE", "KUL", "TAPETE", "PEDO"]


def test_codes_are_three_syllables_that_read_back() -> None:
    codes = {new_code(random.Random(seed).randrange) for seed in range(20_000)}

    assert all(re.fullmatch("([BDFJKLMPRTVZ][AEIOU]){3}", code) for code in codes)
    assert all(normal_code(code) == code for code in codes)
    assert not any(rude in code for code in codes for rude in RUDE)
    assert len(codes) > 18_000


@pytest.mark.parametrize(
    "typed",
    ["KOVATI", "kovati", " Ko-va-ti ", "ko va ti", "KO.VA.TI", "« kovati »", "Kovàtï", "covati", "QOWATY", "K0VAT1"],
)
def test_a_code_is_found_however_it_was_heard(typed: str) -> None:
    assert normal_code(typed) == "KOVATI"


@pytest.mark.parametrize("typed", ["", "KOVA", "KOVATIK", "OKAVIT", "KOVATX", "12345678", "\0KOVAT", "code KOVATI"])
def test_what_is_no_code_is_none(typed: str) -> None:
    assert normal_code(typed) is None


@given(st.text())
def test_a_normal_code_is_normal(typed: str) -> None:
    code = normal_code(typed)

    assert code is None or normal_code(code) == code


def test_a_rude_draw_is_drawn_again() -> None:
    # PIPIBA, then KOVATI
    drawn = iter([(7 * 5 + 2) * 3660, (4 * 5 + 3) * 3600 + (10 * 5) * 60 + 9 * 5 + 2])

    assert new_code(lambda _: next(drawn)) == "KOVATI"
