"""What each situation must give, in a real browser, through the sandbox; and what an operator is told of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from playwright.sync_api import Page

from aiguilleur.cli import main
from aiguilleur.journal import JournalEntry
from aiguilleur.sandbox import Mode
from tests.conftest import Sandbox, running_sandbox
from tests.flows import browsing
from tests.flows.browsing import AIGUILLEUR, EDUCONNECT, into_portal, log_in, log_in_at_aten, mire_sources, where
from tests.flows.scenario import Scenario, scenarios

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]

SCENARIOS = scenarios()
BREAKDOWNS = {"arret": Mode.DOWN, "muet": Mode.MUTE}
PLAYED = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())
#: What a visit may take beyond the 1.2 s that its probes are given, on a busy machine, in milliseconds.
SLACK_MS = 300


@pytest.fixture
def sandbox(tmp_path: Path, scenario: Scenario) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path, scenario.jour) as sandbox:
        yield sandbox


def prepare(page: Page, sandbox: Sandbox, scenario: Scenario) -> None:
    """Give the browser the sessions and the cookie that the situation speaks of."""
    if scenario.temoin_aten_mort:
        dead = {"name": "CTSESSION", "value": "dead", "domain": ".academie.localhost", "path": "/"}
        page.context.add_cookies([dead])  # type: ignore[list-item]
    if "aten" in scenario.sessions:
        log_in_at_aten(page, sandbox)
    if scenario.depuis == "eclat":
        into_portal(page, sandbox, "BESANC" if scenario.sessions == ["aten"] else "EDU")
        if "franceconnect" in scenario.sessions:
            page.click("#franceconnect")
            page.click("text=Continuer en tant qu'Angela")
        elif "educonnect" in scenario.sessions:
            log_in(page)
        assert where(page)[0] == "ent"
    elif "educonnect" in scenario.sessions:
        page.goto(sandbox.at(browsing.NATIONAL))
        log_in(page)
    if scenario.panne_aten:
        sandbox.world.switches.set("aten-besancon", BREAKDOWNS[scenario.panne_aten])


def follow(page: Page, sandbox: Sandbox, scenario: Scenario) -> None:
    """Follow the link: one click, or one address; nothing is typed here."""
    link = sandbox.at(AIGUILLEUR, f"/vers/teleservices/{scenario.etablissement}")
    match scenario.depuis:
        case "eclat":
            page.click("text=Téléservices")
        case "lien-public":
            page.goto(sandbox.at(browsing.portal(scenario.etablissement)))
            page.click("text=Téléservices (lien public)")
        case "qr-code":
            page.goto(f"{link}?de=affiche")
        case "ancien-choix-aten":
            page.goto(f"{link}?source=aten-besancon")
        case _:
            if scenario.depuis == "scolarite-aten":
                page.goto(sandbox.at(browsing.ATEN, "/ts"))
            page.click("text=Scolarité Services")
            page.click("text=Espace numérique de travail")


def explained(sandbox: Sandbox, code: str, *more: str) -> str:
    folder = sandbox.journal.parent / "config"
    command = ["explain", "--config", str(folder), "--journal", str(sandbox.journal), "--code", code, *more]
    told = CliRunner().invoke(main, command)
    assert told.exit_code == 0, told.output
    return told.output


@PLAYED
def test_a_situation_gives_what_it_must(page: Page, sandbox: Sandbox, scenario: Scenario) -> None:
    prepare(page, sandbox, scenario)
    visited: list[str] = []
    page.on("request", lambda request: visited.append(request.url) if request.is_navigation_request() else None)
    follow(page, sandbox, scenario)
    entry = browsing.recorded(sandbox)

    wanted = scenario.attendu
    if wanted.arrivee == "mire":
        assert page.url.startswith(sandbox.at(AIGUILLEUR, ""))
        assert mire_sources(page) == wanted.choix
        ill = [button.get_attribute("value") for button in page.locator("button", has=page.locator(".ill")).all()]
        assert ill == [name for name in [wanted.malade] if name]
        assert wanted.titre in (None, page.inner_text("h1"))
    else:
        assert where(page) == (wanted.arrivee, wanted.source)
    assert entry.rule == wanted.regle
    assert entry.legs == 0
    assert entry.ms <= 1200 + SLACK_MS
    if wanted.sans_passer_par:
        assert not [url for url in visited if EDUCONNECT in url]
    operators_are_told(sandbox, entry)
    click_on_the_mire(page, sandbox, scenario)


def operators_are_told(sandbox: Sandbox, entry: JournalEntry) -> None:
    """`explain --code` prints the trace that the journal recorded."""
    told = explained(sandbox, entry.code)
    trace: dict[str, Any] = json.loads(explained(sandbox, entry.code, "--json"))

    assert f" · {entry.code} · {entry.target} · {entry.etab} (" in told.splitlines()[0]
    assert "Today's rules: the same." in told
    assert trace["recorded"] == {"outcome": entry.outcome, "source": entry.source, "rule": entry.rule}
    assert trace["rules_kept"] is True
    if entry.event == "refused":
        assert "The page to choose from was shown all the same" in told
        return
    assert trace["then"]["rule"] == entry.rule
    if entry.outcome == "redirect":
        assert trace["then"]["step"] == {"redirect": entry.source}
        assert f" → 303 {entry.host} " in told
    else:
        assert set(trace["then"]["step"]) == {"discover"}
    if entry.rule != "default":
        assert f" * {entry.rule} " in told
    assert [(found["source"], found["state"], found["by"]) for found in trace["findings"]] == [
        (found.source, found.state, found.by) for found in entry.findings
    ]
    lines = [line.split() for line in told.splitlines()]
    for found in entry.findings:
        assert [found.source, found.state, f"{found.by},"] in [line[:3] for line in lines]


def click_on_the_mire(page: Page, sandbox: Sandbox, scenario: Scenario) -> None:
    """The one click that the mire asks for, and the login if there is no session."""
    click = scenario.clic
    if click is None:
        return
    # A source that was away may be back before its visitor has read the page.
    sandbox.world.switches.set("aten-besancon", Mode.WELL)
    page.click(f"button[value={click.sur}]")
    if click.connexion:
        assert where(page) == ("login", click.sur)
        log_in(page)
    assert where(page) == (click.arrivee, click.sur)
    assert browsing.recorded(sandbox).source == click.sur


def test_each_situation_says_what_it_is_once() -> None:
    told = [scenario.situation for scenario in SCENARIOS.values()]

    assert len(set(told)) == len(told) == 16
