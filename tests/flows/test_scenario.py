"""A scenario file that nobody could play is refused, with the file and the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiguilleur.settings.load import load
from tests.conftest import ROOT
from tests.flows.scenario import FOLDER, Held, ScenarioError, Start, read, scenarios

GOOD = (FOLDER / "eclat-aten-muet.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("depuis: eclat", "depuis: eclat\ndepart: eclat", "unknown keys: depart"),
        ("depuis: eclat", "", "no key 'depuis'"),
        ("depuis: eclat", "depuis: la-lune", "depuis: 'la-lune'"),
        ("sessions: [aten]", "sessions: aten", "sessions: a list is expected"),
        ("sessions: [aten]", "sessions: []", "depuis: a portal or Scolarité Services is entered through a session"),
        ("sessions: [aten]", "sessions: [temoin-aten-mort]", "is entered through a session"),
        ("comment: muette", "comment: fâchée", "panne: comment: 'fâchée'"),
        ("comment: muette", "comment: muette, qui: moi", "panne: unknown keys: qui"),
        ("demandée: non", "demandée: parfois", "attendu: connexion demandée: 'parfois'"),
        ("allers-retours: 1", "allers-retours: peu", "attendu: allers-retours: a number is expected"),
        ("clic: aten-besancon", "", "attendu: a mire has a click"),
        ("malades: [aten-besancon]", "malades: [aten-dijon]", "attendu: a mire has a click, and the sources shown ill"),
        ("service: teleservices", "service: 12", "attendu: service: a text is expected"),
        ("sessions: [aten]", "date: bientôt\nsessions: [aten]", "date: a date is expected"),
        (GOOD, "rien", "keys and values are expected"),
    ],
)
def test_a_slip_is_told_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "x.yaml"
    assert old in GOOD
    path.write_text(GOOD.replace(old, new), encoding="utf-8")

    with pytest.raises(ScenarioError) as refused:
        read(path)
    assert str(refused.value).startswith("x.yaml: ")
    assert said in str(refused.value)


def test_a_folder_without_scenarios_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="no scenario"):
        scenarios(tmp_path)


def test_every_start_and_every_session_is_played_at_schools_that_exist() -> None:
    played = scenarios()
    schools = load(ROOT / "config" / "sandbox")[0].directory.schools

    assert {scenario.start for scenario in played} == set(Start)
    assert {held for scenario in played for held in scenario.held} == set(Held)
    assert {scenario.school for scenario in played} <= set(schools)
