"""Who is logged in where, in the memory of the process."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Generic, TypeVar

#: EduConnect's own cookie, which stays on its host.
COOKIE = "shib_idp_session"
#: More than anyone opens by hand; the oldest go first.
_KEPT = 10_000

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Account:
    """Someone who tries the sandbox; `academy` is the one of their school."""

    name: str
    password: str
    shown: str
    profile: str
    academy: str


#: The accounts printed on the login pages; each exists at every source.
ACCOUNTS = (
    Account("parent1", "parent1", "Dominique Martin", "responsable", "besancon"),
    Account("parent2", "parent2", "Camille Robert", "responsable", "besancon"),
    Account("parent3", "parent3", "Claude Morel", "responsable", "dijon"),
    Account("eleve1", "eleve1", "Sacha Martin", "eleve", "besancon"),
)
#: FranceConnect's only visitor; she has no password here.
ANGELA = Account("angela", "", "Angela Dubois", "responsable", "besancon")


@dataclass(frozen=True, slots=True)
class Login:
    """An account and the source that vouches for it; `means` is how it proved itself there."""

    account: Account
    source: str
    means: str = "identifiant"


@dataclass(slots=True)
class _Kept(Generic[V]):
    values: dict[str, V] = field(default_factory=dict)

    def put(self, value: V) -> str:
        if len(self.values) >= _KEPT:
            self.values.pop(next(iter(self.values)), None)
        name = secrets.token_urlsafe(24)
        self.values[name] = value
        return name


@dataclass(slots=True)
class Sessions:
    """The sessions that one service holds, by random id."""

    _kept: _Kept[Login] = field(default_factory=_Kept)

    def open(self, login: Login) -> str:
        """A new session's id."""
        return self._kept.put(login)

    def login(self, name: str | None) -> Login | None:
        """Who holds this session; None for an id that is unknown, blank or ended."""
        return self._kept.values.get(name or "")

    def close(self, name: str | None) -> None:
        """End a session, if it is one."""
        self._kept.values.pop(name or "", None)

    def expire(self) -> None:
        """End them all; the browsers keep their cookies, which are dead from now on."""
        self._kept.values.clear()


@dataclass(slots=True)
class Tickets:
    """What a source hands to a service through the browser: good once, and only at the host it was made for."""

    _kept: _Kept[tuple[Login, str]] = field(default_factory=_Kept)

    def issue(self, login: Login, audience: str) -> str:
        """A ticket for the service at a host."""
        return self._kept.put((login, audience))

    def redeem(self, ticket: str | None, audience: str) -> Login | None:
        """Who the ticket stands for; it is spent, also when the wrong host tries it."""
        login, meant = self._kept.values.pop(ticket or "", (None, ""))
        return login if meant == audience else None


def account_of(user: str, password: str) -> Account | None:
    """The account with this name and password."""
    return next((each for each in ACCOUNTS if (each.name, each.password) == (user, password)), None)
