"""The catalogue as it is written in `catalogue.yaml`, read once."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from ruamel.yaml import YAML

from aiguilleur.core.model import Reason

_FILE = Path(__file__).with_name("catalogue.yaml")


class Account(StrEnum):
    """How one account stands for one browser, as `/diagnostic` tells it."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    PRESUMED_ACTIVE = "presumed-active"
    PRESUMED_INACTIVE = "presumed-inactive"
    #: Only the browser could ask, and `/diagnostic` does not send it.
    THROUGH_BROWSER = "through-browser"
    #: The rules were settled without it.
    NOT_NEEDED = "not-needed"
    MAINTENANCE = "maintenance"
    ILL = "ill"
    NOT_RETURNED = "not-returned"
    UNPROVEN = "unproven"
    NOT_UNDERSTOOD = "not-understood"
    NOTHING = "nothing"
    ENDED = "ended"
    CLOSED = "closed"


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(_Frozen):
    """One sentence for operators, in French and in English."""

    fr: str
    en: str


class Helpdesk(_Frozen):
    """How a school asks the académie's helpdesk, in its own words, and what it often hears of Chrome."""

    keyword: str
    product: str
    chrome: str


class Advice(_Frozen):
    """What something means, and what to check."""

    means: Text
    check: Text


class ReasonAdvice(Advice):
    """On one reason of a finding; `account` is what a family is told when it is all that was found."""

    account: Account


class Page(Advice):
    """On one page that a family has in front of it; `title` is what stands at its top, or else one of `also`."""

    template: str
    title: str
    also: tuple[str, ...] = ()
    #: The notice that tells this page from others of the same template.
    notice: str = ""
    family: str

    @property
    def titles(self) -> tuple[str, ...]:
        """Whatever may stand at its top."""
        return (self.title, *self.also)


class Catalogue(_Frozen):
    """All of it."""

    helpdesk: Helpdesk
    #: What a family is told of an account, in French.
    accounts: Mapping[Account, str]
    reasons: Mapping[Reason, ReasonAdvice]
    pages: Mapping[str, Page]
    #: Of breakers and canaries.
    states: Mapping[str, Advice]

    def family(self, reason: Reason) -> str:
        """What to tell a family of an account of which nothing is known, for this reason."""
        return self.accounts[self.reasons[reason].account]


@cache
def catalogue() -> Catalogue:
    """The shipped catalogue."""
    told = YAML(typ="safe", pure=True).load(_FILE.read_text(encoding="utf-8"))
    return Catalogue.model_validate(told)
