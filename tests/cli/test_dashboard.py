from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from aiguilleur.cli import main
from aiguilleur.cli.dashboard import hosts, loopback
from aiguilleur.cli.figures import groups_of
from aiguilleur.cli.files import files_of
from aiguilleur.cli.pictures import desk_of, names_of
from aiguilleur.journal import Event, FileSink, JournalEntry
from aiguilleur.journal.scale import Files
from aiguilleur.sandbox import free_port
from aiguilleur.settings.load import load
from tests.conftest import ROOT
from tests.servers.process import running

NOW = datetime.now(UTC)
ENTRY = JournalEntry(
    NOW - timedelta(minutes=5),
    "KOVATI",
    Event.DECIDED,
    "ent",
    etab="clg-rochat-rousses",
    academy="besancon",
    outcome="redirect",
    source="aten-besancon",
    rule="aten-active",
    status=303,
    ms=3,
)


@pytest.mark.parametrize("listen", ["127.0.0.1:8090", "127.9.9.9:1", "localhost:8090", "[::1]:8090"])
def test_it_listens_on_this_machine(listen: str) -> None:
    host, port = loopback(listen)

    assert listen in hosts(host, port)
    assert f"localhost:{port}" in hosts(host, port)


@pytest.mark.parametrize("listen", ["0.0.0.0:8090", "192.0.2.1:8090", "[::]:8090", "ts1.ac-besancon.fr:8090", ":8090"])
def test_it_refuses_to_listen_elsewhere_and_says_why(listen: str) -> None:
    result = CliRunner().invoke(main, ["dashboard", "--listen", listen])

    assert result.exit_code == 2
    assert "single sign-on" in result.output


@pytest.mark.parametrize("listen", ["127.0.0.1", "127.0.0.1:0", "127.0.0.1:http", "127.0.0.1:65536"])
def test_a_port_that_is_none_is_misuse(listen: str) -> None:
    result = CliRunner().invoke(main, ["dashboard", "--listen", listen])

    assert (result.exit_code, "write 127.0.0.1:8090" in result.output) == (2, True)


def test_without_the_libraries_it_says_how_to_have_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiguilleur.cli.pictures", None)
    result = CliRunner().invoke(main, ["dashboard", "--config", str(ROOT / "config")])

    assert (result.exit_code, "pip install 'aiguilleur[ops]'" in result.output) == (1, True)


def test_a_school_is_meant_by_its_label_though_the_directory_has_forgotten_it() -> None:
    desk = desk_of(load(ROOT / "config")[0], Files)

    assert desk.etab("https://clg-rochat-rousses.eclat-bfc.fr/") == "clg-rochat-rousses"
    assert desk.etab("Zzz-Vanished") == "zzz-vanished"
    assert desk.etab("rochat") is desk.etab("???") is None


def test_names_are_those_of_the_configuration() -> None:
    settings, _ = load(ROOT / "config")
    names = names_of(settings)

    assert groups_of(settings)["aten-besancon"] == "aten"
    assert (names.source("aten"), names.source("educonnect"), names.source("gone")) == ("ATEN", "EduConnect", "gone")
    assert names.source("eclat-profiles") == "eclat-profiles"
    assert names.academies == {"besancon": "Besançon", "dijon": "Dijon"}
    assert names.schools["clg-rochat-rousses"] == "Collège Rochat, Les Rousses"
    assert names.schools.get("clg-gone", "?") == "?"
    assert len(names.schools) == len(list(names.schools)) > 0


def test_the_files_are_those_that_are_there_now(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(ENTRY.line() + "\n")
    assert files_of(load(ROOT / "config")[0], (str(tmp_path),)).lines == (tmp_path / "a.jsonl",)
    (tmp_path / "b.jsonl").write_text("")
    assert len(files_of(load(ROOT / "config")[0], (str(tmp_path),)).lines) == 2


@pytest.mark.enable_socket
def test_it_serves_the_journal_as_it_is_now_and_a_visit_by_its_code(tmp_path: Path) -> None:
    port = free_port()
    FileSink(str(tmp_path / "journal.jsonl")).write(ENTRY)
    command = (
        *(sys.executable, "-c", "from aiguilleur.cli import main; main()", "dashboard", "--listen"),
        *(f"127.0.0.1:{port}", "--journal", str(tmp_path / "journal.jsonl"), "--config", str(ROOT / "config")),
    )
    with running(command, port, tmp_path / "log"), requests.Session() as browser:
        browser.trust_env = False
        report = browser.get(f"http://127.0.0.1:{port}/", timeout=60)
        visit = browser.get(f"http://localhost:{port}/visite?code=kovati", timeout=60)
        rebound = browser.get(f"http://127.0.0.1:{port}/", headers={"Host": "evil.example"}, timeout=60)

    assert (report.status_code, "<h1>Toutes les visites</h1>" in report.text) == (200, True)
    assert "Collège Rochat, Les Rousses" in report.text
    assert "aten-active" in visit.text
    assert rebound.status_code == 421
