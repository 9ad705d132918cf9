from __future__ import annotations

from datetime import UTC, datetime

from tests.passive import Passive, Posted

NOW = datetime(2021, 3, 15, 9, 42, tzinfo=UTC)
BACK = "https://aiguilleur.example/retour/edu"


def passive(url: str, **way: str) -> Passive:
    return Passive("edu", "educonnect", url, canary=None, **way)


def posted(url: str) -> Posted:
    return Posted("edu", "educonnect", url, canary=None)
