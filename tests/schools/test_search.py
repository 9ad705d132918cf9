from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguilleur.core.model import School
from aiguilleur.schools import Directory, Found, directory_of

DIRECTORY = directory_of(
    School(etab, "", name, kind, town)
    for etab, name, kind, town in (
        ("clg-rochat-rousses", "Collège Rochat", "collège", "Les Rousses"),
        ("clg-pasteur-arbois", "Collège Pasteur", "collège", "Arbois"),
        ("clg-pasteur-dole", "Collège Pasteur", "collège", "Dole"),
        ("lyc-lpergaud-besancon", "Lycée Louis Pergaud", "lycée", "Besançon"),
        ("lp-joliot-dole", "LP Joliot Curie", "lycée", "Dole"),
        ("ec-stjean", "École élémentaire St Jean", "école", "Saint-Claude"),
        ("ec-notre-dame", "École Notre-Dame", "école", "L’Étoile"),
        ("clg-oeuvre", "Collège de l'Œuvre", "collège", "Évian"),
    )
)


def search(typed: str, directory: Directory = DIRECTORY) -> list[str]:
    return [school.etab for school in directory.search(typed, 12).schools]


@pytest.mark.parametrize(
    ("typed", "etab"),
    [
        ("collège rochat", "clg-rochat-rousses"),
        ("ROCHAT", "clg-rochat-rousses"),
        ("les rousses", "clg-rochat-rousses"),
        ("rousses, rochat (collège)", "clg-rochat-rousses"),
        ("clg rochat", "clg-rochat-rousses"),
        ("colege rochta", "clg-rochat-rousses"),
        ("rouses", "clg-rochat-rousses"),
        ("roch", "clg-rochat-rousses"),
        ("pasteur arbois", "clg-pasteur-arbois"),
        ("arbois institution pasteur", "clg-pasteur-arbois"),
        ("besancon pergaud", "lyc-lpergaud-besancon"),
        ("Besanc\u0327on", "lyc-lpergaud-besancon"),
        ("lyc pergaut", "lyc-lpergaud-besancon"),
        ("lpergaud", "lyc-lpergaud-besancon"),
        ("lycée professionnel dole", "lp-joliot-dole"),
        ("saint jean", "ec-stjean"),
        ("st claude", "ec-stjean"),
        ("ste-klaude ecole", "ec-stjean"),
        ("nd", "ec-notre-dame"),
        ("l'etoile", "ec-notre-dame"),
        ("l’étoile", "ec-notre-dame"),
        ("oeuvre", "clg-oeuvre"),
        ("EVIAN", "clg-oeuvre"),
        ("clg-rochat-rouses", "clg-rochat-rousses"),
        ("clg-rochat-rouses.eclat-bfc.fr", "clg-rochat-rousses"),
        ("https://clg-rochat-rouses.eclat-bfc.fr/sg.do?PROC=dole", "clg-rochat-rousses"),
    ],
)
def test_a_school_is_found_first_by_what_people_type(typed: str, etab: str) -> None:
    assert search(typed)[:1] == [etab]


@pytest.mark.parametrize("typed", ["", " ", "zzz", "le", "collège zzzzzz", "x" * 5000, "é", "<script>", "0" * 20, "%"])
def test_what_means_no_school_finds_none(typed: str) -> None:
    assert DIRECTORY.search(typed, 12) == Found()


def test_the_best_come_first_and_then_the_towns_in_order() -> None:
    assert search("pasteur") == ["clg-pasteur-arbois", "clg-pasteur-dole"]
    assert search("collège pasteur dole") == ["clg-pasteur-dole"]
    assert search("dole") == ["clg-pasteur-dole", "lp-joliot-dole"]
    assert search("collège") == ["clg-pasteur-arbois", "clg-pasteur-dole", "clg-oeuvre", "clg-rochat-rousses"]


def test_a_whole_word_goes_before_its_likes() -> None:
    towns = directory_of((School("a", name="Marion"), School("b", name="Marin"), School("c", name="Marine")))

    assert search("marin", towns) == ["b", "c", "a"]


def test_a_search_that_finds_more_says_so() -> None:
    found = DIRECTORY.search("collège", 2)

    assert ([school.etab for school in found.schools], found.more) == (["clg-pasteur-arbois", "clg-pasteur-dole"], True)
    assert DIRECTORY.search("pasteur", 2).more is False


def test_all_schools_stand_in_the_order_of_a_dictionary() -> None:
    towns = ["Morez", "Mâcon", "les Rousses", "Évian", "Dole"]
    directory = directory_of(School(f"a{at}", town=town) for at, town in enumerate(towns))

    assert [school.town for school in directory.in_order] == ["Dole", "Évian", "les Rousses", "Mâcon", "Morez"]


def test_an_end_of_line_inside_a_name_moves_no_other_name() -> None:
    directory = directory_of((School("a", name="Rochat\nII", town="A"), School("b", name="Pasteur", town="B")))

    assert (search("pasteur", directory), search("rochat", directory)) == (["b"], ["a"])


@given(st.text())
def test_any_text_finds_schools_we_know_or_none(text: str) -> None:
    assert set(search(text)) <= set(DIRECTORY.schools)
