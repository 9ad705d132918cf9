from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from aiguilleur.errors import SecretError
from aiguilleur.settings.load import load
from aiguilleur.settings.secrets import secret_keys
from aiguilleur.web.start import application
from tests.conftest import ROOT


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIGUILLEUR_SECRET_KEYS", "k" * 32)
    monkeypatch.delenv("AIGUILLEUR_CONFIG", raising=False)
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return tmp_path / "config"


def test_a_good_configuration_is_served_and_kept(folder: Path) -> None:
    ready = application().test_client().get("/readyz")

    assert ready.json is not None
    assert (ready.status_code, ready.json["degraded"]) == (200, "")
    assert (folder.parent / "var" / "last-good").read_text(encoding="ascii") == ready.json["digest"]


def test_a_bad_one_is_refused_and_the_last_good_copy_served(folder: Path) -> None:
    application()
    (folder / "rules.yaml").write_text("rules: 1\n", encoding="utf-8")
    client = application().test_client()
    ready = client.get("/readyz")

    assert ready.json is not None
    assert "config/rules.yaml:1:8" in ready.json["degraded"]
    assert client.get("/vers/teleservices?source=educonnect").status_code == 303


def test_without_a_last_good_copy_a_plain_page_says_what_to_do(folder: Path) -> None:
    (folder / "rules.yaml").unlink()
    client = application().test_client()
    page = client.get("/vers/teleservices/clg-rochat-rousses")

    assert (page.status_code, client.get("/readyz").status_code, client.get("/healthz").status_code) == (200, 503, 200)
    assert "Ce lien est en cours de réglage" in page.text
    assert "rules.yaml" in client.get("/readyz").text


def test_without_a_key_the_service_runs_and_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("AIGUILLEUR_SECRET_KEYS")

    assert application().test_client().get("/mire?vers=ent").status_code == 200
    assert "var/secret-keys: No such file" in caplog.text


def test_short_and_public_keys_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    site = load(folder)[0].site
    monkeypatch.setenv("AIGUILLEUR_SECRET_KEYS", "short")
    with pytest.raises(SecretError, match="less than 32 bytes"):
        secret_keys(site)
    monkeypatch.setenv("AIGUILLEUR_SECRET_KEYS", f"{'a' * 32}, {'b' * 32}")

    assert secret_keys(site) == ("a" * 32, "b" * 32)
    monkeypatch.delenv("AIGUILLEUR_SECRET_KEYS")
    keys = tmp_path / "var" / "secret-keys"
    keys.parent.mkdir(exist_ok=True)
    keys.write_text("c" * 32, encoding="ascii")
    keys.chmod(0o644)
    with pytest.raises(SecretError, match="everybody can read"):
        secret_keys(site)
    keys.chmod(0o640)
    assert secret_keys(site) == ("c" * 32,)
