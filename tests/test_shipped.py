"""The configuration as shipped, its three levels, and the server's own settings."""

from __future__ import annotations

import re
import runpy
import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

import pytest
from click.testing import CliRunner
from gunicorn.config import KNOWN_SETTINGS
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from aiguilleur.cli.check import check
from aiguilleur.core.decision import decide
from aiguilleur.core.model import Arrival, Ask, Channel, SessionState, Signals
from aiguilleur.settings.load import load
from aiguilleur.settings.model import Settings
from tests.builders import back, facts, found, front
from tests.conftest import ROOT


def _with_passive_rules() -> Settings:
    with TemporaryDirectory() as temporary:
        folder = Path(shutil.copytree(ROOT / "config", Path(temporary) / "config"))
        for file in ("sources.yaml", "rules.yaml"):
            rewrite(folder, file, "#2 ", "")
        return load(folder)[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "config", tmp_path / "config"))


def rewrite(folder: Path, file: str, pattern: str, new: str) -> None:
    path = folder / file
    text, count = re.subn(pattern, new, path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert count
    path.write_text(text, encoding="utf-8")


PASSIVE = _with_passive_rules()


@pytest.mark.parametrize("name", ["config", "config/sandbox"])
def test_what_is_shipped_passes_check(name: str) -> None:
    told = CliRunner().invoke(check, [str(ROOT / name), "--strict", "--at", "2021-03-15"])

    assert (told.exit_code, told.output.endswith("; no problem\n")) == (0, True)


def test_level_0_asks_nobody(folder: Path) -> None:
    rewrite(folder, "sources.yaml", r"^    probes:\n(?:      .*\n)+", "")
    rewrite(folder, "sources.yaml", "#0 ", "")
    settings, warnings = load(folder)

    assert warnings == ()
    assert {source.id: len(source.probes) for source in settings.sources.values()} == {
        "aten-besancon": 0,
        "aten-dijon": 0,
        "educonnect": 0,
        "eclat-staff": 0,
        "eclat-agricultural": 0,
        "eclat-guest": 0,
    }
    assert [each.no_cookie for each in settings.sources["aten-besancon"].presume] == [None, "CTSESSION"]


def test_level_2_asks_educonnect_too(folder: Path) -> None:
    for file in ("sources.yaml", "rules.yaml"):
        rewrite(folder, file, "#2 ", "")
    settings, warnings = load(folder)

    assert warnings == ()
    assert [probe.ref.id for probe in settings.sources["educonnect"].probes] == ["educonnect-session"]
    assert "educonnect-active" in [rule.id for rule in settings.policies["ent"].rules]


@given(
    target=st.sampled_from(["teleservices", "ent"]),
    open_=st.sets(st.sampled_from(["aten-besancon", "aten-dijon", "educonnect"])),
    ill=st.sets(st.sampled_from(["aten-besancon", "educonnect"])),
    aten=st.sampled_from(SessionState),
    seen=st.builds(
        Signals,
        choice=st.sampled_from([None, "aten-besancon", "educonnect"]),
        remembered=st.sampled_from([None, "aten-besancon", "educonnect"]),
        entry=st.sampled_from([None, "eclat", "affiche"]),
        arrival=st.sampled_from(Arrival),
        referer_host=st.sampled_from([None, "other", "teleservices.education.gouv.fr"]),
        cookies=st.sampled_from([frozenset[str](), frozenset({"CTSESSION"})]),
    ),
)
@hypothesis_settings(max_examples=1000)
def test_no_trip_is_made_that_could_not_change_the_outcome(
    target: str, open_: set[str], ill: set[str], aten: SessionState, seen: Signals
) -> None:
    asked = {"aten-besancon": (back("aten-besancon"),), "educonnect": (front("educonnect"),)}
    policy = replace(PASSIVE.policies[target], probes=asked)
    visit = replace(facts(open=tuple(open_), ill=tuple(ill)), target=target, signals=seen)
    decision = decide(visit, policy)
    if isinstance(decision.step, Ask) and decision.step.probes[0].channel is Channel.BACK:
        visit = visit.learn(found("aten-besancon", aten))
        decision = decide(visit, policy)

    if isinstance(decision.step, Ask):
        assert decision.step.probes == (front("educonnect"),)
        ends = {
            decide(visit.learn(found("educonnect", state, channel=Channel.FRONT)), policy).step
            for state in (SessionState.ACTIVE, SessionState.INACTIVE)
        }
        assert len(ends) == 2
        assert not any(isinstance(end, Ask) for end in ends)


def test_the_sandbox_has_the_rules_of_the_real_configuration_at_level_2() -> None:
    real, sandbox = PASSIVE, load(ROOT / "config/sandbox")[0]

    assert {name: [rule.id for rule in policy.rules] for name, policy in real.policies.items()} == {
        name: [rule.id for rule in policy.rules] for name, policy in sandbox.policies.items()
    }
    assert {source.closes for source in sandbox.sources.values()} == {None}


def test_the_server_knows_every_setting_it_is_given() -> None:
    given = runpy.run_path(str(ROOT / "config" / "gunicorn.conf.py"))
    settings = (name for name, value in given.items() if not isinstance(value, ModuleType))
    names = {name for name in settings if name.islower() and not name.startswith("_")}

    assert names - {setting.name for setting in KNOWN_SETTINGS} == set()
    assert (given["bind"], given["worker_class"]) == ("127.0.0.1:8000", "aiguilleur.web.worker.Worker")
