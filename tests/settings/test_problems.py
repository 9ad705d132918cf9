"""What the checks find, one slip at a time, in a copy of the shipped configuration."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from aiguilleur.errors import SettingsError
from aiguilleur.settings.load import load
from tests.conftest import ROOT


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return Path("config")


def edit(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def told(folder: Path) -> list[str]:
    """The problems, without their positions."""
    with pytest.raises(SettingsError) as refused:
        load(folder)
    return [f"{problem.path}: {problem.message}" for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            "rules.yaml",
            "[{remembered: educonnect}]",
            "[{not: {source: educonect, is: active}}]",
            "rules[5].when[0].not.source: unknown source 'educonect' (did you mean 'educonnect'?)",
        ),
        (
            "rules.yaml",
            "[{remembered: educonnect}]",
            "[{any: [{target: entt}]}]",
            "rules[5].when[0].any[0].target: unknown target 'entt' (did you mean 'ent'?)",
        ),
        (
            "rules.yaml",
            "[{remembered: educonnect}]",
            "[{etab: clg-rochat-rouses}]",
            "rules[5].when[0].etab: unknown school 'clg-rochat-rouses' (did you mean 'clg-rochat-rousses'?)",
        ),
        (
            "rules.yaml",
            "[{remembered: educonnect}]",
            "[{academy: besanson}]",
            "rules[5].when[0].academy: unknown académie 'besanson' (did you mean 'besancon'?)",
        ),
        (
            "rules.yaml",
            "[{remembered: educonnect}]",
            "[{between: [2021-07-05, 2021-01-04]}]",
            "rules[5].when[0].between: ends on 2021-01-04, before it begins on 2021-07-05",
        ),
        (
            "rules.yaml",
            "{referer: teleservices.education.gouv.fr}",
            "{referer: https://teleservices.education.gouv.fr/}",
            "rules[2].when[0].referer: 'https://teleservices.education.gouv.fr/' is not a host",
        ),
        (
            "rules.yaml",
            "{cookie: CTSESSION}",
            "{cookie: CT*;}",
            "rules[7].when[0].cookie: 'CT*;' is not a cookie's name",
        ),
        ("rules.yaml", "id: only", "id: chosen", "rules[1].id: rule 'chosen' is there twice"),
        (
            "sources.yaml",
            "absent: aten-auth",
            "absnt: aten-auth",
            "sources[0].probes[0].active.absnt: unknown key 'absnt' (did you mean 'absent'?)",
        ),
        (
            "sources.yaml",
            "url: https://teleservices",
            "url: http://teleservices",
            "sources[0].probes[0].url: 'http://teleservices.ac-besancon.fr/ts' is not an https address "
            "(http is for .localhost only)",
        ),
        (
            "sources.yaml",
            "active: {status: 200, absent: aten-auth}",
            "active: {absent: aten-auth}",
            "sources[0].probes[0].active: says nothing positive; give at least one of status, location, contains, json",
        ),
        (
            "sources.yaml",
            "until: 2021-07-05",
            "until: 2021-04-05",
            "sources[0].warn_from: 2021-05-01 is after the source's end on 2021-04-05",
        ),
        (
            "sources.yaml",
            "from: 2021-01-04",
            "maintenance: [{from: 2021-03-02T22:00, until: 2021-03-01T23:00}]",
            "sources[2].maintenance[0].until: the window ends before it begins",
        ),
        (
            "sources.yaml",
            "forgotten: https:",
            "forgotten: http:",
            "sources[2].forgotten: 'http://educonnect.education.gouv.fr/' is not an https address "
            "(http is for .localhost only)",
        ),
        (
            "sources.yaml",
            "audience: staff",
            "audience: personnel",
            "sources[3].audience: Input should be 'family', 'staff', 'agricultural' or 'other'",
        ),
        (
            "sources.yaml",
            "academies: [besancon]",
            "academies: []",
            "sources[0].academies: nobody can reach 'aten-besancon': it is open in no académie",
        ),
        (
            "sources.yaml",
            "academies: [besancon]",
            "academies: [Besancon]",
            "sources[0].academies[0]: unknown académie 'Besancon' (did you mean 'besancon'?)",
        ),
        (
            "targets.yaml",
            "needs: [etab]",
            "needs: []",
            "targets[1].urls.educonnect: holds {etab}, so the target must say 'needs: [etab]'",
        ),
        (
            "sources.yaml",
            "cookies: [CTSESSION, ACTSESSION]",
            "cookies: [CT SESSION]",
            "sources[0].probes[0]: cookies: 'CT SESSION' is not a cookie's name; names are exact, without pattern",
        ),
        (
            "sources.yaml",
            "active: {status: 200, absent: aten-auth}",
            "json: {}",
            "sources[0].probes[0]: 'http_status' needs 'active'",
        ),
        (
            "targets.yaml",
            "https://{etab}.eclat-bfc.fr/sg.do",
            "https://ent-{etab}.eclat-bfc.fr/sg.do",
            "targets[1].urls.educonnect: variable 'etab_home': its host may hold {etab} only as a whole label, "
            "and nothing else",
        ),
        (
            "schools.csv",
            "educonnect_from",
            "educonect_from",
            "educonect_from: unknown source 'educonect' (did you mean 'educonnect'?)",
        ),
        (
            "aiguilleur.yaml",
            "kind: file",
            "kind: fil",
            "journal[0].kind: unknown sink kind 'fil' (did you mean 'file'?)",
        ),
        ("aiguilleur.yaml", "kind: file, ", "", "journal[0].kind: a sink needs its 'kind'"),
        (
            "aiguilleur.yaml",
            "entries: [poste-partage]",
            "entriess: [poste-partage]",
            "shared_computers.entriess: unknown key 'entriess' (did you mean 'entries'?)",
        ),
    ],
)
def test_a_slip_is_found(folder: Path, file: str, old: str, new: str, said: str) -> None:
    edit(folder, file, old, new)

    assert said in told(folder)


def test_a_wrong_shape_does_not_hide_what_else_is_wrong(folder: Path) -> None:
    edit(folder, "sources.yaml", "    until: 2021-07-05", "    untill: 2021-07-05")
    edit(folder, "targets.yaml", "name: Téléservices", "naem: Téléservices")
    edit(folder, "rules.yaml", "{entry: eclat}", "{entry: eclatt}")
    edit(folder, "aiguilleur.yaml", "budget_ms: 1200", "budget_ms: soon")
    edit(folder, "aiguilleur.yaml", "mire_target: ent", "mire_target: entt")

    assert told(folder) == [
        "mire_target: unknown target 'entt' (did you mean 'ent'?)",
        "budget_ms: Input should be a valid integer, unable to parse string as an integer",
        "rules[4].when[0].entry: unknown entry 'eclatt' (did you mean 'eclat'?)",
        "sources[0].untill: unknown key 'untill' (did you mean 'until'?)",
        "targets[0].name: Field required",
        "targets[0].naem: unknown key 'naem' (did you mean 'name'?)",
    ]


def test_a_source_of_the_wrong_shape_is_still_a_name_that_others_may_use(folder: Path) -> None:
    edit(folder, "sources.yaml", "id: educonnect\n", "id: EduConnect\n")
    for file in ("rules.yaml", "targets.yaml"):
        path = folder / file
        path.write_text(path.read_text(encoding="utf-8").replace("educonnect:", "EduConnect:"), encoding="utf-8")
    rules = (folder / "rules.yaml").read_text(encoding="utf-8")
    for old, new in (
        ("redirect: educonnect", "redirect: EduConnect"),
        ("remembered: educonnect", "remembered: EduConnect"),
    ):
        rules = rules.replace(old, new)
    rules = rules.replace(", educonnect,", ", EduConnect,").replace("[educonnect,", "[EduConnect,")
    (folder / "rules.yaml").write_text(rules, encoding="utf-8")
    edit(folder, "schools.csv", "educonnect_from;", "aten_from;")

    assert told(folder) == ["sources[2].id: String should match pattern '^[a-z0-9][a-z0-9-]{0,62}$'"]


def test_two_probes_of_one_source_need_two_names(folder: Path) -> None:
    block = (folder / "sources.yaml").read_text(encoding="utf-8")
    probe = block[block.index("      - id: aten-besancon-status") : block.index("  - id: aten-dijon")]
    edit(folder, "sources.yaml", probe, probe + probe)

    assert told(folder) == ["sources[0].probes[1].id: probe 'aten-besancon-status' is there twice"]


def test_a_slip_under_each_is_told_once(folder: Path) -> None:
    edit(folder, "rules.yaml", '[{choice: "{source}"}]', '[{choise: "{source}"}]')

    assert told(folder) == ["rules[0].when[0].choise: unknown condition 'choise' (did you mean 'choice'?)"]


def test_warnings_are_told_with_the_errors(folder: Path) -> None:
    edit(
        folder,
        "rules.yaml",
        "default: {discover: [educonnect, aten, eclat-profiles]}",
        "default: {discover: [aten, eclat-profiles]}",
    )
    edit(folder, "rules.yaml", "{entry: eclat}", "{entry: eclatt}")
    with pytest.raises(SettingsError) as refused:
        load(folder)

    assert [(problem.path, problem.warning) for problem in refused.value.problems] == [
        ("rules[4].when[0].entry", False),
        ("default.discover", True),
    ]
