from __future__ import annotations

import pytest

from aiguilleur.sandbox import sessions
from aiguilleur.sandbox.sessions import ACCOUNTS, Login, Sessions, Tickets

ONE, TWO, *_ = ACCOUNTS


@pytest.mark.parametrize("name", [None, "", " ", "inconnu"])
def test_a_blank_or_unknown_id_is_nobodys(name: str | None) -> None:
    kept = Sessions()
    kept.open(Login(ONE, "educonnect"))
    kept.close(name)

    assert kept.login(name) is None


def test_the_oldest_sessions_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "_KEPT", 1)
    kept = Sessions()
    first, second = kept.open(Login(ONE, "educonnect")), kept.open(Login(TWO, "educonnect"))

    assert (kept.login(first), kept.login(second)) == (None, Login(TWO, "educonnect"))


def test_a_ticket_tried_at_the_wrong_host_is_spent() -> None:
    tickets = Tickets()
    ticket = tickets.issue(Login(ONE, "educonnect"), "cas.eclat.localhost")

    assert tickets.redeem(ticket, "teleservices.education.localhost") is None
    assert tickets.redeem(ticket, "cas.eclat.localhost") is None
