from __future__ import annotations

from zoneinfo import ZoneInfo

from aiguilleur.core.model import Reason
from aiguilleur.report import Names
from aiguilleur.report.tables import Tables
from aiguilleur.report.words import Voice
from aiguilleur.support import catalogue

TABLES = Tables(Voice(masked=False, zone=ZoneInfo("Europe/Paris")), Names({"aten": "ATEN"}))


def test_a_reason_is_told_in_the_words_of_the_catalogue() -> None:
    advice = catalogue().reasons[Reason.DEADLINE]
    table = TABLES.reasons("Raisons", [("aten", "deadline", 3)])

    assert [cell.text for cell in table.rows[0]] == ["ATEN", "deadline", advice.means.fr, "3"]


def test_a_reason_of_a_later_version_is_told_too() -> None:
    table = TABLES.reasons("Raisons", [("aten", "moonlight", 3)])

    assert [cell.text for cell in table.rows[0]] == ["ATEN", "moonlight", "", "3"]
