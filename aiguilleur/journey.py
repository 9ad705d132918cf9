"""The cookie that carries a journey while the browser is away: signed, one for each trip."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence

from pydantic import TypeAdapter, ValidationError

from aiguilleur.core.journey import JOURNEY_LIFE_MS, Journey
from aiguilleur.errors import TokenError
from aiguilleur.signing import SKEW_S, Signer

COOKIE = "__Host-aiguilleur-trajet-"
#: As many trips as a browser may have begun; the oldest is forgotten first.
MOST_JOURNEYS = 4
LIFE_S = JOURNEY_LIFE_MS // 1000
_LONGEST = 2048
_SHAPE = TypeAdapter(Journey)


def cookie_name(journey_id: str) -> str:
    """The name of the cookie of a trip; its id is also in the signed value."""
    return COOKIE + journey_id[:8]


class JourneySeal:
    """Signs and reads journeys."""

    def __init__(self, keys: Sequence[str]) -> None:
        """The keys come oldest first; the last one signs."""
        self._signer = Signer(keys, "aiguilleur.journey.v1")

    def seal(self, journey: Journey) -> str:
        """The signed text of a journey, a kilobyte at most."""
        return self._signer.sign(_SHAPE.dump_python(journey, mode="json", exclude_defaults=True))

    def held(self, cookies: Mapping[str, str], now: int) -> tuple[Journey, ...]:
        """The journeys among a browser's cookies that may still go on, the latest first; `now` in epoch ms."""
        if not cookies:
            return ()
        texts = [text for name, text in cookies.items() if name.startswith(COOKIE) and len(text) <= _LONGEST]
        journeys = filter(None, map(self._journey, texts[: 2 * MOST_JOURNEYS]))
        alive = (each for each in journeys if not each.is_over(now) and each.left_at - now <= SKEW_S * 1000)
        return tuple(sorted(alive, key=lambda each: each.left_at, reverse=True))

    def _journey(self, text: str) -> Journey | None:
        try:
            return _SHAPE.validate_python(self._signer.read(text))
        except (TokenError, ValidationError):
            return None


def with_id(journeys: Sequence[Journey], journey_id: str) -> Journey | None:
    """The journey that a return belongs to: its cookie and the echoed id agree."""
    wanted = journey_id.encode("utf-8", "replace")
    return next((each for each in journeys if hmac.compare_digest(each.id.encode("utf-8", "replace"), wanted)), None)
