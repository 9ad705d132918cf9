"""A situation written in the customer's words: `tests/scenarios/*.yaml`, read strictly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from ruamel.yaml import YAML

from aiguilleur.sandbox import Mode

FOLDER = Path(__file__).parents[1] / "scenarios"
ROCHAT = "clg-rochat-rousses"

T = TypeVar("T")


class ScenarioError(Exception):
    """A scenario file says something that nobody could play."""


class Start(StrEnum):
    """Where the link stands that the family follows."""

    ECLAT = "eclat"
    SCOLARITE_ATEN = "scolarite-aten"
    SCOLARITE_NATIONAL = "scolarite-national"
    PUBLIC = "lien-public"
    QR_CODE = "qr-code"
    OLD_CHOICE = "ancien-choix-aten"


class Held(StrEnum):
    """What a family did before, and in which browser it left a trace."""

    ATEN = "aten"
    ATEN_DIJON = "aten-dijon"
    EDUCONNECT = "educonnect"
    FRANCECONNECT = "franceconnect"
    DEAD_ATEN = "temoin-aten-mort"


FAULTS = {
    "en panne": Mode.DOWN,
    "muette": Mode.MUTE,
    "montre sa page de connexion": Mode.LOGIN_FORM,
    "répond n'importe quoi": Mode.GARBAGE,
    "signe avec une autre clé": Mode.WRONG_SIGNATURE,
    "répond à une autre question": Mode.SOMEONE_ELSE,
}
YES_NO = {"oui": True, "non": False}


@dataclass(frozen=True, slots=True)
class Fault:
    """A source that fails when the link is followed.

    `seen` when its canary has flown since, and `mended` when it is well again before the click on the mire.
    """

    source: str
    mode: Mode
    seen: bool = False
    mended: bool = False


@dataclass(frozen=True, slots=True)
class Expected:
    """What the family gets: the first answer, then where it lands."""

    #: The rule that gives the first answer, and how often the browser is sent away to find out.
    rule: str
    trips: int
    #: The mire's accounts in their order, those shown ill, and its title where it is not the plain one.
    mire: tuple[str, ...] = ()
    ill: tuple[str, ...] = ()
    title: str = ""
    #: The account that is clicked there.
    click: str = ""
    #: Whether a login is asked for on the way, and the site where the way ends.
    login: bool = False
    service: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the table of situations."""

    name: str
    situation: str
    start: Start
    expected: Expected
    held: tuple[Held, ...] = ()
    school: str = ROCHAT
    fault: Fault | None = None
    #: The day that is played; else today, on which both sources are open.
    day: date | None = None


class _Keys:
    """The keys of one mapping, each taken once; what is left over is an error."""

    def __init__(self, place: str, content: object) -> None:
        if not isinstance(content, Mapping):
            raise ScenarioError(f"{place}: keys and values are expected")
        self._place, self._left = place, dict(content)

    def must(self, key: str, read: Callable[[Any], T]) -> T:
        if key not in self._left:
            raise ScenarioError(f"{self._place}: no key '{key}'")
        try:
            return read(self._left.pop(key))
        except (KeyError, ValueError, TypeError) as error:
            raise ScenarioError(f"{self._place}: {key}: {error}") from error

    def may(self, key: str, read: Callable[[Any], T], default: T) -> T:
        return self.must(key, read) if key in self._left else default

    def end(self) -> None:
        if self._left:
            raise ScenarioError(f"{self._place}: unknown keys: {', '.join(map(str, self._left))}")


def scenarios(folder: Path = FOLDER) -> list[Scenario]:
    """Every scenario, by the name of its file; ScenarioError when there is none."""
    found = [read(path) for path in sorted(folder.glob("*.yaml"))]
    if not found:
        raise ScenarioError(f"{folder}: no scenario")
    return found


def read(path: Path) -> Scenario:
    """The scenario in a file; ScenarioError naming the file and the key."""
    keys = _Keys(path.name, YAML(typ="safe").load(path))
    scenario = Scenario(
        name=path.stem,
        situation=keys.must("situation", _text),
        start=keys.must("depuis", Start),
        held=keys.may("sessions", _several(Held), ()),
        school=keys.may("ecole", _text, ROCHAT),
        fault=keys.may("panne", lambda content: _fault(f"{path.name}: panne", content), None),
        day=keys.may("date", _day, None),
        expected=keys.must("attendu", lambda content: _expected(f"{path.name}: attendu", content)),
    )
    keys.end()
    inside = scenario.start in (Start.ECLAT, Start.SCOLARITE_ATEN, Start.SCOLARITE_NATIONAL)
    if inside and scenario.held[-1:] in ((), (Held.DEAD_ATEN,)):
        raise ScenarioError(f"{path.name}: depuis: a portal or Scolarité Services is entered through a session")
    return scenario


def _fault(place: str, content: object) -> Fault | None:
    keys = _Keys(place, content)
    fault = Fault(
        source=keys.must("source", _text),
        mode=keys.must("comment", lambda word: FAULTS[word]),
        seen=keys.may("vue par le canari", lambda word: YES_NO[word], False),
        mended=keys.may("rétablie avant le clic", lambda word: YES_NO[word], False),
    )
    keys.end()
    return fault


def _expected(place: str, content: object) -> Expected:
    keys = _Keys(place, content)
    expected = Expected(
        rule=keys.must("règle", _text),
        trips=keys.must("allers-retours", _count),
        mire=keys.may("mire", _several(_text), ()),
        ill=keys.may("malades", _several(_text), ()),
        title=keys.may("titre", _text, ""),
        click=keys.may("clic", _text, ""),
        login=keys.must("connexion demandée", lambda word: YES_NO[word]),
        service=keys.must("service", _text),
        source=keys.must("source", _text),
    )
    keys.end()
    if bool(expected.mire) != bool(expected.click) or not set(expected.ill) <= set(expected.mire):
        raise ScenarioError(f"{place}: a mire has a click, and the sources shown ill are on it")
    return expected


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise TypeError(f"a text is expected, not {value!r}")
    return value.strip()


def _count(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"a number is expected, not {value!r}")
    return value


def _day(value: object) -> date:
    if not isinstance(value, date):
        raise TypeError(f"a date is expected, not {value!r}")
    return value


def _several(read_one: Callable[[Any], T]) -> Callable[[Any], tuple[T, ...]]:
    def read_all(values: object) -> tuple[T, ...]:
        if not isinstance(values, list):
            raise TypeError(f"a list is expected, not {values!r}")
        return tuple(map(read_one, values))

    return read_all
