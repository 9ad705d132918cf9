"""Where metrics may be had."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from aiguilleur.errors import SettingsError
from aiguilleur.journal import keep, remember_last_good
from aiguilleur.settings import metrics as module
from aiguilleur.settings.load import load
from aiguilleur.settings.metrics import wanted_in
from aiguilleur.settings.model import Metrics
from tests.conftest import ROOT


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AIGUILLEUR_STATE", str(tmp_path / "var"))
    return Path(shutil.copytree(ROOT / "config", tmp_path / "config"))


def told(folder: Path, text: str) -> None:
    with (folder / "aiguilleur.yaml").open("a", encoding="utf-8") as site:
        site.write(f"metrics: {text}\n")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("{}", Metrics("127.0.0.1", 9105)),
        ("{listen: '[::1]:9200'}", Metrics("::1", 9200)),
        ("{listen: '10.0.0.7:9105', beyond_loopback: true}", Metrics("10.0.0.7", 9105)),
    ],
)
def test_an_address_is_read_and_known_before_the_rest_is(folder: Path, text: str, address: Metrics) -> None:
    told(folder, text)
    wanted = wanted_in(folder)

    assert load(folder)[0].site.metrics == address
    assert wanted
    assert (wanted.host, wanted.port, wanted.state_dir) == (address.host, address.port, "var")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{listen: '0.0.0.0:9105'}", "metrics.listen: '0.0.0.0' can be reached from other machines"),
        ("{listen: 'localhost:9105'}", "metrics.listen: 'localhost:9105' is not an IP address and a port"),
        ("{listen: '127.0.0.1'}", "metrics.listen: '127.0.0.1' is not an IP address and a port"),
        ("{listen: '127.0.0.1:99999'}", "metrics.listen: '127.0.0.1:99999' has no port"),
        ("{port: 9105}", "metrics.port: unknown key"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused_and_not_listened_on(folder: Path, text: str, said: str) -> None:
    told(folder, text)

    with pytest.raises(SettingsError) as error:
        load(folder)
    assert said in str(error.value)
    assert wanted_in(folder) is None


def test_without_the_extra_the_setting_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told(folder, "{}")
    monkeypatch.setattr(module, "find_spec", lambda name: None)

    with pytest.raises(SettingsError, match=r"pip install 'aiguilleur\[metrics\]'"):
        load(folder)


def test_a_folder_that_cannot_be_read_is_watched_as_the_last_good_one_was(folder: Path) -> None:
    told(folder, "{}")
    settings, _ = load(folder)
    keep(folder.parent / "var", settings.digest, settings.files)
    remember_last_good(folder.parent / "var", settings.digest)
    (folder / "aiguilleur.yaml").write_text("public_url: [")

    assert wanted_in(folder)
    assert wanted_in(ROOT / "config") is None
