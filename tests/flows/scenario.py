"""The customer's situations, in the customer's words: one file each in `tests/scenarios`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict
from ruamel.yaml import YAML

FOLDER = Path(__file__).parents[1] / "scenarios"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Attendu(_Strict):
    """Where the visitor lands, and which rule sent them there."""

    arrivee: Literal["teleservices", "ent", "login", "mire"]
    regle: str
    source: str | None = None
    choix: list[str] = []
    malade: str | None = None
    titre: str | None = None
    sans_passer_par: Literal["educonnect"] | None = None


class Clic(_Strict):
    """The click on the mire that follows, and whether a password is then asked for."""

    sur: str
    arrivee: Literal["teleservices", "ent"]
    connexion: bool = False


class Scenario(_Strict):
    """One situation: what the browser holds, where the link stands, and what must come of a click on it."""

    situation: str
    depuis: Literal["eclat", "lien-public", "qr-code", "scolarite-aten", "scolarite-nationale", "ancien-choix-aten"]
    attendu: Attendu
    etablissement: str = "clg-rochat-rousses"
    sessions: list[Literal["aten", "educonnect", "franceconnect"]] = []
    temoin_aten_mort: bool = False
    panne_aten: Literal["arret", "muet"] | None = None
    jour: date | None = None
    clic: Clic | None = None


def scenarios() -> dict[str, Scenario]:
    """Every file, by its name."""
    yaml = YAML(typ="safe")
    return {
        path.stem: Scenario.model_validate(yaml.load(path.read_text(encoding="utf-8")))
        for path in sorted(FOLDER.glob("*.yaml"))
    }
