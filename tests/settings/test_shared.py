"""Where nodes keep what they share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from aiguilleur.errors import SecretError, SettingsError
from aiguilleur.probes.shared import Place
from aiguilleur.settings import shared as module
from aiguilleur.settings.load import load
from aiguilleur.settings.model import Site
from aiguilleur.settings.secrets import SHARED_VARIABLE, shared_password
from aiguilleur.web import create_app
from aiguilleur.web.service import running_in
from tests.conftest import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "config", tmp_path / "config"))


def told(folder: Path, text: str) -> None:
    with (folder / "aiguilleur.yaml").open("a", encoding="utf-8") as site:
        site.write(f"shared: {text}\n")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{url: 'redis://127.0.0.1:6379/0'}", Place(host="127.0.0.1")),
        ("{url: 'redis://[::1]/4', prefix: essai}", Place(host="::1", database=4, prefix="essai")),
        ("{url: 'rediss://ts@store.test:6390'}", Place(host="store.test", port=6390, username="ts", tls=True)),
        ("{url: 'unix:///run/redis.sock?db=2'}", Place(path="/run/redis.sock", database=2)),
    ],
)
def test_an_address_is_read(folder: Path, text: str, place: Place) -> None:
    told(folder, text)

    assert load(folder)[0].site.shared == place


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "shared.url: Field required"),
        ("{url: 'redis://:secret@127.0.0.1'}", "shared.url: holds a password; put that into password_file or AIGUIL"),
        ("{url: 'http://127.0.0.1'}", "shared.url: is not an address as redis://host:6379/0"),
        ("{url: 'redis://127.0.0.1:70000'}", "shared.url: Port out of range"),
        ("{url: 'redis://127.0.0.1/one'}", "shared.url: 'one' is no number of a database"),
        ("{url: 'redis://127.0.0.1/99999'}", "shared.url: '99999' is no number of a database"),
        ("{url: 'redis://127.0.0.1/0?db=1'}", "shared.url: is not a host, a port and a database alone"),
        ("{url: 'redis://'}", "shared.url: is not a host, a port and a database alone"),
        ("{url: 'unix://run/redis.sock'}", "shared.url: names no socket"),
        ("{url: 'unix:///run/redis.sock?timeout=3'}", "shared.url: has a parameter that is not db"),
        ("{url: 'redis://127.0.0.1', ca_file: '/etc/ssl/ca.pem'}", "shared.url: speaks no TLS, which ca_file is for"),
        (
            "{url: 'rediss://127.0.0.1', ca_file: '/nowhere.pem'}",
            "shared.ca_file: '/nowhere.pem' holds no certificates",
        ),
        ("{url: 'redis://127.0.0.1', prefix: 'a b'}", "shared.prefix: String should match pattern"),
        ("{url: 'redis://127.0.0.1', password: 'x'}", "shared.password: unknown key 'password'"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused_in_words(folder: Path, text: str, said: str) -> None:
    told(folder, text)

    with pytest.raises(SettingsError) as error:
        load(folder)
    assert said in str(error.value)
    assert "secret" not in str(error.value)


def test_without_the_library_check_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told(folder, "{url: 'redis://127.0.0.1'}")
    monkeypatch.setattr(module, "find_spec", lambda name: None)

    with pytest.raises(SettingsError, match=r"shared: needs a library .* pip install 'aiguilleur\[redis\]'"):
        load(folder)


def test_the_password_comes_from_a_file_that_not_everybody_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "password"
    path.write_text("from a file\n")
    path.chmod(0o640)
    site = Site("http://aiguilleur.localhost", shared_password_file=str(path))

    assert shared_password(site) == "from a file"
    assert shared_password(Site("http://aiguilleur.localhost")) == ""
    monkeypatch.setenv(SHARED_VARIABLE, "from the environment")
    assert shared_password(site) == "from the environment"
    monkeypatch.delenv(SHARED_VARIABLE)
    path.chmod(0o644)
    with pytest.raises(SecretError, match="everybody can read this file"):
        shared_password(site)
    path.unlink()
    with pytest.raises(SecretError, match="it is to hold the password of the shared store"):
        shared_password(site)


def test_a_password_that_cannot_be_had_stops_nobody(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    told(folder, "{url: 'redis://127.0.0.1', password_file: '/nowhere'}")
    running = running_in(create_app(load(folder)[0], ("k" * 32,)))

    assert running
    assert running.store
    assert "/nowhere: No such file or directory" in caplog.text
