from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from aiguilleur.errors import SettingsError
from aiguilleur.settings.load import load
from aiguilleur.settings.model import Settings
from aiguilleur.web import create_app
from tests.conftest import ROOT
from tests.web.conftest import KEY

OLD = "https://teleservices.ac-besancon.fr"
JUNE = datetime(2021, 6, 1, 9, tzinfo=UTC)
SEPTEMBER = datetime(2021, 9, 10, 9, tzinfo=UTC)


def client_at(settings: Settings, at: datetime) -> FlaskClient:
    site = replace(settings.site, retired_hosts={"teleservices.ac-besancon.fr": "aten-besancon"}, legacy=())
    return create_app(replace(settings, site=site), (KEY,), now=lambda: at).test_client()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/ts"),
        ("GET", "/login/ct_logon_vk.jsp?CT_ORIG_URL=/ts"),
        ("POST", "/login/ct_logon_vk.jsp"),
        ("GET", "/vers/teleservices?source=educonnect"),
        ("GET", "/mire"),
        ("GET", "//evil.example/"),
    ],
)
def test_any_address_of_the_old_guichet_answers_with_help(settings: Settings, method: str, path: str) -> None:
    response = client_at(settings, SEPTEMBER).open(path, method=method, base_url=OLD)

    assert response.status_code == 410
    assert "<h1>Ce compte n’existe plus</h1>" in response.text
    assert "s’est arrêté le 5 juillet 2021." in response.text
    assert 'href="https://aiguilleur.ac-besancon.fr/mire?vers=teleservices"' in response.text
    assert 'href="https://educonnect.education.gouv.fr/"' in response.text
    assert '<meta name="robots" content="noindex">' in response.text
    assert "Location" not in response.headers


def test_no_link_of_the_page_comes_back_to_it(settings: Settings) -> None:
    page = client_at(settings, SEPTEMBER).get("/ts", base_url=OLD).text

    for link in ("/oublier", "/diagnostic", "/mire", "/choix"):
        assert f'"{link}' not in page
    assert 'href="/?langue=ar"' in page
    assert 'dir="rtl"' in client_at(settings, SEPTEMBER).get("/?langue=ar", base_url=OLD).text


def test_the_stylesheet_and_the_watch_are_answered_there_as_everywhere(settings: Settings) -> None:
    client = client_at(settings, SEPTEMBER)

    with client.get("/static/style.css", base_url=OLD) as style:
        assert style.status_code == 200
    assert client.get("/healthz", base_url=OLD).data == b"ok\n"


def test_it_is_written_with_a_code_and_nothing_that_was_asked_for(settings: Settings, journal: Path) -> None:
    response = client_at(settings, SEPTEMBER).get(
        "/canary?canary=1", base_url=OLD, headers={"Cookie": "CTSESSION=canary", "User-Agent": "canary"}
    )
    client_at(settings, SEPTEMBER).head("/ts", base_url=OLD)

    [line] = journal.read_text(encoding="ascii").splitlines()
    entry = json.loads(line)
    assert "canary" not in line + response.text
    assert (entry["event"], entry["target"], entry["source"], entry["status"]) == ("refused", "?", "aten-besancon", 410)
    assert entry["code"] == response.headers["Aiguilleur-Code"]


def test_head_says_gone_too(settings: Settings) -> None:
    response = client_at(settings, SEPTEMBER).head("/ts", base_url=OLD)

    assert (response.status_code, response.data) == (410, b"")


@pytest.mark.parametrize(
    "host", ["https://aiguilleur.ac-besancon.fr", "https://x.teleservices.ac-besancon.fr", "https://ac-besancon.fr"]
)
def test_other_hosts_are_answered_as_before(settings: Settings, host: str) -> None:
    assert client_at(settings, SEPTEMBER).get("/oublier", base_url=host).status_code == 200


@pytest.mark.parametrize("host", ["https://TELESERVICES.ac-besancon.fr", "https://teleservices.ac-besancon.fr:8443"])
def test_capitals_and_a_port_change_nothing(settings: Settings, host: str) -> None:
    assert client_at(settings, SEPTEMBER).get("/oublier", base_url=host).status_code == 410


def test_a_name_that_moved_before_the_end_leads_to_the_mire(settings: Settings) -> None:
    response = client_at(settings, JUNE).get("/ts", base_url=OLD)

    assert (response.status_code, response.headers["Location"]) == (303, "https://aiguilleur.ac-besancon.fr/mire")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            "{teleservices.ac-besancon.fr: aten-besanson}",
            "retired_hosts.teleservices.ac-besancon.fr: unknown source 'aten-besanson' (did you mean 'aten-besancon'?)",
        ),
        (
            "{x.fr: aten}",
            "retired_hosts.x.fr: unknown source 'aten' (known: aten-besancon, aten-dijon, educonnect, eclat-staff, eclat-agricultural, eclat-guest)",
        ),
        ("{x.fr: educonnect}", "retired_hosts.x.fr: 'educonnect' has no 'until', so its host is never retired"),
        (
            "{aiguilleur.ac-besancon.fr: aten-dijon}",
            "retired_hosts.aiguilleur.ac-besancon.fr: 'aiguilleur.ac-besancon.fr' is a host that this aiguilleur "
            "answers on",
        ),
        (
            "{mire-eclat-bfc.ac-besancon.fr: aten-dijon}",
            "retired_hosts.mire-eclat-bfc.ac-besancon.fr: 'mire-eclat-bfc.ac-besancon.fr' is a host that this "
            "aiguilleur answers on",
        ),
    ],
)
def test_a_slip_in_retired_hosts_is_told_with_its_place(tmp_path: Path, written: str, said: str) -> None:
    folder = tmp_path / "config"
    shutil.copytree(ROOT / "config", folder)
    with (folder / "aiguilleur.yaml").open("a", encoding="utf-8") as file:
        file.write(f"retired_hosts: {written}\n")
    with pytest.raises(SettingsError) as refused:
        load(folder)

    [problem] = refused.value.problems
    line = (folder / "aiguilleur.yaml").read_text(encoding="utf-8").count("\n")
    assert (f"{problem.path}: {problem.message}", problem.line) == (said, line)
