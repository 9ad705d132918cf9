from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from aiguilleur.core.model import School
from aiguilleur.errors import SettingsError
from aiguilleur.settings.addresses import insert, is_address
from aiguilleur.settings.load import load
from tests.conftest import ROOT

Edit = Callable[[str, str, str], None]


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


def problems(folder: Path) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        load(folder)
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize("name", ["config", "config/sandbox"])
def test_what_is_shipped_loads_without_a_warning(name: str) -> None:
    assert load(ROOT / name)[1] == ()


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (
            "rules.yaml",
            "then: {redirect: educonnect}",
            "then: {redirect: educonect}",
            "config/rules.yaml:13:22: rules[2].then.redirect: unknown source 'educonect' (did you mean 'educonnect'?)",
        ),
        (
            "rules.yaml",
            "{source: aten, is: inactive}",
            "{source: atten, is: inactive}",
            "config/rules.yaml:19:60: rules[4].when[2].source: unknown source 'atten' (did you mean 'aten'?)",
        ),
        (
            "rules.yaml",
            "is: inactive",
            "is: asleep",
            "config/rules.yaml:19:70: rules[4].when[2].is: Input should be 'active', 'inactive' or 'unknown'",
        ),
        (
            "rules.yaml",
            "{entry: eclat}",
            "{entre: eclat}",
            "config/rules.yaml:19:13: rules[4].when[0].entre: unknown condition 'entre' (did you mean 'entry'?)",
        ),
        (
            "rules.yaml",
            "{entry: eclat}",
            "{entry: eclatt}",
            "config/rules.yaml:19:20: rules[4].when[0].entry: unknown entry 'eclatt' (did you mean 'eclat'?)",
        ),
        (
            "rules.yaml",
            "{source: aten, is: inactive}",
            "{source: aten}",
            "config/rules.yaml:19:51: rules[4].when[2]: 'source' needs 'is' as well",
        ),
        (
            "rules.yaml",
            "each: aten\n",
            "each: atten\n",
            "config/rules.yaml:15:11: rules[3].each: unknown group 'atten' (did you mean 'aten'?)",
        ),
        (
            "rules.yaml",
            "then: {redirect: educonnect}",
            "then: {redirect: aten}",
            "config/rules.yaml:13:22: rules[2].then.redirect: 'aten' is a group; use each:",
        ),
        (
            "targets.yaml",
            "      educonnect: https://teleservices.education.gouv.fr/",
            "      educonnect: http://teleservices.education.gouv.fr/",
            "config/targets.yaml:8:19: targets[0].urls.educonnect: 'http://teleservices.education.gouv.fr/' is not an "
            "https address without user name (http is for .localhost only)",
        ),
        (
            "targets.yaml",
            "service={etab_home}",
            "service={etab_hom}",
            "config/targets.yaml:13:19: targets[1].urls.educonnect: unknown hole '{etab_hom}' (known: etab, etab_home)",
        ),
        (
            "sources.yaml",
            "group: aten",
            "groop: aten",
            "config/sources.yaml:10:5: sources[0].groop: unknown key 'groop' (did you mean 'group'?)",
        ),
        (
            "sources.yaml",
            "kind: http_status",
            "kind: http_statsu",
            "config/sources.yaml:20:15: sources[0].probes[0].kind: unknown probe kind 'http_statsu' (did you mean "
            "'http_status'?)",
        ),
        (
            "sources.yaml",
            "cookies: [CTSESSION, ACTSESSION]",
            "cookis: [CTSESSION, ACTSESSION]",
            "config/sources.yaml:22:9: sources[0].probes[0].cookis: unknown key 'cookis' (did you mean 'cookies'?)",
        ),
        (
            "sources.yaml",
            "id: educonnect",
            "id: aten-dijon",
            "config/sources.yaml:36:9: sources[2].id: 'aten-dijon' is there twice",
        ),
        (
            "aiguilleur.yaml",
            "public_url: https:",
            "public_url: http:",
            "config/aiguilleur.yaml:2:13: public_url: is not an https address (http is for .localhost only)",
        ),
        (
            "aiguilleur.yaml",
            "mire_target: ent",
            "mire_target: entt",
            "config/aiguilleur.yaml:5:14: mire_target: unknown target 'entt' (did you mean 'ent'?)",
        ),
        (
            "aiguilleur.yaml",
            "time_zone: Europe/Paris",
            "time_zone: Europe/Pari",
            "config/aiguilleur.yaml:3:12: time_zone: unknown time zone 'Europe/Pari' (as Europe/Paris)",
        ),
        (
            "aiguilleur.yaml",
            "mire_target: ent",
            "sites: []",
            "config/aiguilleur.yaml:5:1: sites: 'sites' is reserved for several public hosts, which this version does "
            "not serve",
        ),
        (
            "schools.csv",
            "clg-pasteur-arbois;;",
            "clg-rochat-rousses;;",
            "config/schools.csv:3:1: etab: 'clg-rochat-rousses' stands already in line 2",
        ),
        (
            "schools.csv",
            "clg-pasteur-arbois;;",
            "clg-pasteur-arbois;0250010B;",
            "config/schools.csv:3:20: uai: '0250010B' is not a UAI (seven digits and their check letter)",
        ),
    ],
)
def test_a_slip_is_told_with_its_place_and_the_way_out(folder: Path, file: str, old: str, new: str, told: str) -> None:
    edit(folder, file, old, new)

    assert told in problems(folder)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("default: {discover: [educonnect]}\ndefault: {discover: []}\n", "duplicate key"),
        ("default: !!python/object/apply:os.system [ls]\n", "tag"),
        ("a: &a [1]\nb: [" + "*a, " * 60 + "]\n", "more than 50 aliases"),
        ("default: [\n", "expected the node content"),
        ("", "default: Field required"),
        ("- 1\n", "valid dictionary"),
        ("x" * (1 << 20) + "yz", "is over 1048576 bytes"),
    ],
)
def test_a_file_that_surprises_is_refused(folder: Path, text: str, said: str) -> None:
    (folder / "rules.yaml").write_text(text, encoding="utf-8")

    assert any(line.startswith("config/rules.yaml:") and said in line for line in problems(folder)), problems(folder)


def test_every_problem_of_every_file_is_told_at_once(folder: Path) -> None:
    edit(folder, "rules.yaml", "then: {redirect: educonnect}", "then: {}")
    edit(folder, "targets.yaml", "aten-dijon: https:", "aten-dijjon: https:")
    edit(folder, "aiguilleur.yaml", "mire_target: ent", "mire_target: x")

    assert [line.split(":")[0] for line in problems(folder)] == [
        "config/aiguilleur.yaml",
        "config/rules.yaml",
        "config/targets.yaml",
    ]


def test_a_missing_or_badly_encoded_file_is_named(folder: Path) -> None:
    (folder / "targets.yaml").unlink()
    (folder / "rules.yaml").write_bytes(b"a: 1\nb: \xff\n")

    assert problems(folder) == [
        "config/rules.yaml:2:1: is not UTF-8",
        "config/targets.yaml: cannot be read: No such file or directory",
    ]


def test_what_will_surprise_is_a_warning(folder: Path) -> None:
    edit(
        folder,
        "rules.yaml",
        "default: {discover: [educonnect, aten, eclat-profiles]}",
        "default: {discover: [educonnect, eclat-profiles]}",
    )
    edit(folder, "targets.yaml", "      educonnect: https://teleservices.education.gouv.fr/\n", "")
    _, warnings = load(folder, date(2021, 6, 25))

    assert [str(warning) for warning in warnings] == [
        "config/rules.yaml:35:21: warning: default.discover: the default mire leaves out aten-besancon, aten-dijon",
        "config/sources.yaml:12:12: warning: sources[0].until: 'aten-besancon' ends in 10 days",
        "config/sources.yaml:32:12: warning: sources[1].until: 'aten-dijon' ends in 10 days",
        "config/targets.yaml:6:7: warning: targets[0].urls: 'aten-besancon' ends on 2021-07-05 and 'teleservices' has "
        "no other address for academy 'besancon'",
        "config/targets.yaml:6:7: warning: targets[0].urls: 'aten-dijon' ends on 2021-07-05 and 'teleservices' has no "
        "other address for academy 'dijon'",
    ]


def test_calendars_and_schools_say_what_is_open() -> None:
    settings, _ = load(ROOT / "config")
    early = School("x", academy="besancon", opens={"educonnect": date(2021, 2, 1)}, closes={"aten": date(2021, 3, 1)})
    rochat = settings.directory.find("CLG-Rochat-Rousses")

    def open_on(school: School | None, *day: int) -> set[str]:
        return set(settings.open_sources("teleservices", school, date(*day)))

    assert open_on(rochat, 2020, 12, 31) == {"aten-besancon"}
    assert open_on(rochat, 2021, 7, 5) == {"aten-besancon", "educonnect"}
    assert open_on(rochat, 2021, 7, 6) == {"educonnect"}
    assert open_on(early, 2021, 1, 15) == {"aten-besancon"}
    assert open_on(early, 2021, 3, 2) == {"educonnect"}
    assert open_on(None, 2021, 3, 2) == {"aten-besancon", "aten-dijon", "educonnect"}


def test_a_variable_is_encoded_once_where_it_stands() -> None:
    variables = {"home": "https://{etab}.x.fr/a?b=c"}

    assert insert("https://cas.fr/login?service={home}", variables) == (
        "https://cas.fr/login?service=https%3A%2F%2F{etab}.x.fr%2Fa%3Fb%3Dc",
        "",
    )


@pytest.mark.parametrize(
    "address",
    [
        "http://x.fr/",
        "//x.fr/",
        "javascript:alert(1)",
        "https://user@x.fr/",
        "https://x.fr\\@y.fr/",
        "https://X.fr/",
        "https:///x",
        "https://x.fr:port/",
        "https://x.fr/é",
        "https://[x/",
    ],
)
def test_an_address_that_parsers_read_differently_is_refused(address: str) -> None:
    assert not is_address(address)
