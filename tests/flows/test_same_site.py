"""Why the cookie of a trip says `SameSite=None`: browsers hide the lack of it, for two minutes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Page

from tests.academy import RETURN, Academy, running_academy
from tests.flows.away import leaves, on_bare_mire, serves
from tests.flows.family import Family

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

pytestmark = [pytest.mark.browser, pytest.mark.prove, pytest.mark.enable_socket]
#: Chromium sends a cookie without SameSite with a cross-site POST until it is two minutes old.
LONGER_S = 125


def without_same_site(site: WSGIApplication) -> WSGIApplication:
    """The same site, whose cookies leave it to browsers when they are sent."""

    def forgetful(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        def start_without(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start(status, [(name, re.sub("; SameSite=[A-Za-z]+", "", value)) for name, value in headers], *rest)

        return site(environ, start_without)

    return forgetful


def logs_in(page: Page, academy: Academy) -> None:
    """EduConnect answers at last; nothing else has been asked for meanwhile."""
    academy.lines()
    Family(page, academy).log_in()


def test_a_return_is_known_again_after_two_minutes_and_would_not_be_without_same_site(
    chromium: Browser, tmp_path: Path
) -> None:
    for name in ("right", "forgetful"):
        (tmp_path / name).mkdir()
    with running_academy(tmp_path / "right") as right, running_academy(tmp_path / "forgetful") as forgetful:
        forgetful.around = without_same_site
        soon, late, too_late = (chromium.new_context(locale="fr-FR").new_page() for _ in range(3))
        leaves(late, right)
        leaves(too_late, forgetful)
        leaves(soon, forgetful)
        logs_in(soon, forgetful)
        serves(soon, forgetful)

        late.wait_for_timeout(LONGER_S * 1000)
        for academy in (right, forgetful):
            academy.clock.pass_s(LONGER_S)
        logs_in(late, right)
        serves(late, right)
        logs_in(too_late, forgetful)
        on_bare_mire(too_late, forgetful)

        assert right.lines() == [f"POST {RETURN}", "GET /retour"]
        assert forgetful.lines() == [f"POST {RETURN}", "GET /mire"]
