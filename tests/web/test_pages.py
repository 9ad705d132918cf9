from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from aiguilleur.settings.model import Settings
from aiguilleur.web import create_app
from tests.web.conftest import KEY, MARCH


def test_the_last_day_of_a_source_is_told_once_it_is_near(settings: Settings) -> None:
    link = "/vers/teleservices/clg-rochat-rousses"
    shown = create_app(settings, (KEY,), now=lambda: datetime(2021, 7, 1, 9, tzinfo=UTC)).test_client().get(link)

    assert "Fonctionne jusqu’au 5 juillet 2021." in shown.text


def test_what_a_configuration_says_is_never_markup(settings: Settings) -> None:
    sources = {name: replace(source, name="<b>ATEN</b>", help="a < b") for name, source in settings.sources.items()}
    shown = create_app(replace(settings, sources=sources), (KEY,), now=lambda: MARCH).test_client()

    page = shown.get("/vers/teleservices/clg-rochat-rousses").text
    assert "&lt;b&gt;ATEN&lt;/b&gt;" in page
    assert "<b>" not in page
