"""The other files of docs/examples/: systemd's and logrotate's."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from aiguilleur.cli import main
from aiguilleur.cli.cookies import OWN
from aiguilleur.journey import COOKIE
from aiguilleur.web import diagnostic, ending, languages, visit
from tests.conftest import ROOT
from tests.operations.machine import EXAMPLES

UNIT = EXAMPLES / "aiguilleur.service"


@pytest.mark.systemd
def test_systemd_finds_nothing_wrong_with_the_unit_and_little_exposed(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    text = UNIT.read_text(encoding="utf-8").replace("/opt/aiguilleur/.venv", sys.prefix)
    unit.write_text(text.replace("/opt/aiguilleur", str(ROOT)), encoding="utf-8")
    for command in (("verify", "--man=no"), ("security", "--offline=true", "--threshold=15")):
        told = subprocess.run(("systemd-analyze", *command, unit), check=False, capture_output=True, text=True)
        assert (told.returncode, told.stderr) == (0, ""), told.stdout[-200:]


def test_a_stop_waits_longer_than_the_server_lets_visits_finish() -> None:
    [stop] = re.findall(r"^TimeoutStopSec=(\d+)$", UNIT.read_text(encoding="utf-8"), re.M)
    [graceful] = re.findall(r"^graceful_timeout = (\d+)$", (ROOT / "config/gunicorn.conf.py").read_text(), re.M)

    assert int(stop) > int(graceful)


def test_the_journal_is_rotated_by_renaming_and_kept_for_six_months() -> None:
    text = (EXAMPLES / "aiguilleur.logrotate").read_text(encoding="utf-8")
    [block] = re.findall(r"\{\n(.*)\}", text, re.S)
    directives = {line.split()[0] for line in block.splitlines() if not line.strip().startswith("#")}

    assert {"nocreate", "delaycompress", "daily"} <= directives
    assert not {"copytruncate", "copy", "create", "postrotate"} & directives


def test_each_cookie_of_ours_is_let_through() -> None:
    ours = (visit.REMEMBERED_COOKIE, visit.RECENT_COOKIE, ending.ANNOUNCED_COOKIE, diagnostic.TRIED_COOKIE)

    assert all(name.startswith(OWN) for name in (*ours, languages.COOKIE, COOKIE))


def test_the_names_of_cookies_are_for_machines_too() -> None:
    told = CliRunner().invoke(main, ["cookies", "--config", str(ROOT / "config"), "--json"])

    assert json.loads(told.output) == {"names": ["ACTSESSION", "CTSESSION"], "prefixes": [OWN]}
