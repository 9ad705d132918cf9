"""Whether `explain --code` prints the trace that the journal recorded."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from click.testing import CliRunner

from aiguilleur.cli import main
from aiguilleur.journal import Event, JournalEntry
from tests.conftest import Sandbox


def explain(sandbox: Sandbox, code: str, *options: str) -> str:
    """What the command prints, run as an operator runs it: on the files alone."""
    where = ("--journal", str(sandbox.journal), "--config", str(sandbox.journal.parent / "config"))
    told = CliRunner().invoke(main, ["explain", "--code", code, *where, *options])
    assert told.exit_code == 0, told.output
    return told.output


def assert_told(sandbox: Sandbox, entry: JournalEntry, recorded: Sequence[JournalEntry]) -> None:
    """The table, the findings and the outcome are the recorded ones, and today's rules are said to give the same."""
    place = [each for each in reversed(recorded) if each.code == entry.code].index(entry)
    text = re.split(r"\n\n(?=\d+ \w+ \d{4} )", explain(sandbox, entry.code))[place]
    table = text.splitlines()

    assert f" · {entry.code} · {entry.target} · {entry.etab} ({entry.academy}) · " in table[0]
    mark = " ~ " if entry.event is Event.ASKED else " * "
    assert [line.split()[1] for line in table if line.startswith(mark)][:1] == [entry.rule]
    for finding in entry.findings:
        told = (finding.source, str(finding.state), f"{finding.by},")
        assert any(tuple(line.split()[:3]) == told and f"{finding.reason}, " in line for line in table), text
    assert f" → {' '.join(filter(None, (str(entry.status), entry.host)))}   {entry.ms} ms in all" in table
    assert "   Today's rules: the same." in table
    assert "not kept here" not in text
    _same_for_a_machine(json.loads(explain(sandbox, entry.code, "--json").splitlines()[place]), entry)


def _same_for_a_machine(told: dict[str, Any], entry: JournalEntry) -> None:
    recorded = {"outcome": entry.outcome, "source": entry.source, "rule": entry.rule}
    [(outcome, found)] = told["then"]["step"].items()
    source = {"redirect": found, "ask": entry.source}.get(outcome, "")

    assert told["recorded"] == recorded
    assert {"outcome": outcome, "source": source, "rule": told["then"]["rule"]} == recorded
    assert told["today"] == told["then"]
    assert told["findings"] == entry.as_json().get("findings", [])
    assert (told["code"], told["rules_kept"]) == (entry.code, True)
