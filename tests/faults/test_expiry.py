"""Row F36 of `docs/faults.md`: what ends is told a month before, and stops nobody."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from aiguilleur.probes import ConfigFile
from aiguilleur.probes.saml import SamlPassive
from aiguilleur.sandbox import educonnect_provider
from aiguilleur.sandbox.faults import Authority
from aiguilleur.settings.expiring import ending_soon
from aiguilleur.settings.load import load
from aiguilleur.settings.model import Settings
from aiguilleur.web.start import started
from tests.faults.town import LONGEST, town
from tests.nodes import SERVICES

NOW = datetime(2021, 3, 15, 9, 0, tzinfo=UTC)


def asked_by_saml(settings: Settings, valid_until: str) -> Settings:
    """These settings, whose EduConnect has metadata that ends then; its certificates last for years."""
    document = (
        educonnect_provider(8000, {}).metadata().replace(b"<md:EntityDescriptor ", b"<md:EntityDescriptor %s ", 1)
    )
    document = document.replace(b"%s", f'validUntil="{valid_until}"'.encode() if valid_until else b"")
    assert document.count(b"validUntil") == bool(valid_until)
    probe = SamlPassive("educonnect", "educonnect", ConfigFile("idp.xml", document))
    sources = {**settings.sources, "educonnect": replace(settings.sources["educonnect"], probes=(probe,))}
    return replace(settings, sources=sources)


@pytest.mark.parametrize(
    ("valid_until", "told"),
    [
        ("2021-04-10T00:00:00Z", ["the metadata 'idp.xml' (validUntil) ends in 25 days (2021-04-10): have it renewed"]),
        ("2021-03-01T00:00:00", ["the metadata 'idp.xml' (validUntil) has ended (2021-03-01): have it renewed"]),
        ("2021-04-20T00:00:00Z", []),
        ("some day", []),
        ("", []),
    ],
)
def test_metadata_that_ends_within_a_month_is_told(settings: Settings, valid_until: str, told: list[str]) -> None:
    endings = ending_soon(asked_by_saml(settings, valid_until), NOW)

    assert [(each.source, each.said(NOW)) for each in endings] == [("educonnect", text) for text in told]


def test_certificates_that_end_within_a_month_are_told(settings: Settings) -> None:
    then = datetime.now(UTC) + timedelta(days=3640)
    [ending] = ending_soon(asked_by_saml(settings, ""), then)

    assert ending.expiry.what == "the last signing certificate in 'idp.xml'"


def test_it_is_told_by_check_by_readyz_and_by_the_log_and_visits_go_on(
    tmp_path: Path, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    with town(tmp_path, authority=authority, budget=LONGEST) as place:
        endings = place.ready()["ending"]
        seen = place.visit("aten")
        with caplog.at_level(logging.WARNING):
            started(*load(tmp_path / "config"))
        _, warnings = load(tmp_path / "config", date.today())

    what = f"the last authority in '{authority.path}'"
    assert [(each["source"], each["what"]) for each in endings] == [("aten", what), ("educonnect", what)]
    assert seen.place == SERVICES["aten"]
    assert f"aten: {what} ends in 1 days" in caplog.text
    places = [(each.path, each.line) for each in warnings if "authority" in each.message]
    assert places == [("sources[0].probes[0]", 6), ("sources[1].probes[0]", 20)]
