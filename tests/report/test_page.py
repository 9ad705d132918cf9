"""What can be said of the report without a browser."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import html5lib
import pytest
from markupsafe import escape

from aiguilleur.journal.scale import LatencyBin, Migration, Report, Scope, Settled, masked
from aiguilleur.report import Names, page, policy, told
from tests.report.figures import MADE_AT, NAMES, WEEKS, year

PARIS = ZoneInfo("Europe/Paris")
ONE_SCHOOL = Scope(etab="clg-3")


def made(report: Report, names: Names = NAMES) -> str:
    return page(told(report, names, made_at=MADE_AT, zone=PARIS))


def titles(text: str) -> list[str]:
    return re.findall(r"<h2[^>]*>([^<]*)</h2>", text)


@pytest.fixture(scope="module")
def whole() -> str:
    return made(year(schools=400))


def test_it_is_valid_html(whole: str) -> None:
    html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(whole)
    ids = re.findall(r'\bid="([^"]*)"', whole)
    assert len(ids) == len(set(ids)) > 5


def test_a_year_of_nine_academies_and_four_hundred_schools_is_under_two_megabytes(whole: str) -> None:
    assert len(whole.encode()) < 2_000_000
    assert whole.count("Collège Numéro") >= 400


def test_it_asks_for_nothing_and_needs_no_style_of_elements(whole: str) -> None:
    assert re.findall(r'\b(?:src|href|action|data)="(?!#)[^"]*"|url\(|@import|xlink|\sstyle="', whole) == []
    assert f'content="{escape(policy())}"' in whole


def test_it_tells_everything_that_was_found(whole: str) -> None:
    assert titles(whole) == [
        "Avec quel compte, semaine après semaine",
        "Par académie",
        "Par établissement",
        "Comment les visites ont été réglées",
        "En combien de temps",
        "Santé des sources",
        "Raisons les plus fréquentes",
        "Redirections regrettées",
        "Ce qui a changé dans la configuration",
    ]
    assert "Du 1er septembre 2020 au 7 juillet 2021" in whole
    assert (
        "ces quatre dernières semaines : 7,5\N{NO-BREAK SPACE}% avec ATEN, 93\N{NO-BREAK SPACE}% avec EduConnect."
        in whole
    )


def test_every_picture_has_a_name_and_its_numbers_in_a_table(whole: str) -> None:
    parts = whole.split("<section>")[1:]

    for part in parts:
        assert "<table>" in part
        assert part.count('class="wide"') <= part.count("aria-label=")
    assert sum('role="img"' in part for part in parts) == 8


def test_the_schools_that_still_use_the_account_which_ends_come_first(whole: str) -> None:
    table = whole[whole.index('id="etablissements"') :]
    last = [Migration(week, "", "clg-9", "aten", 5000) for week in WEEKS[-2:]]
    busy = year(schools=10)
    other = made(replace(busy, schools=(*busy.schools, *last)))
    table, other = (text[text.index('id="etablissements"') :] for text in (whole, other))

    assert re.findall(r'<th scope="row">([^<]*)<', table)[0] == "Collège Numéro 0 de Ville-sur-Rivière"
    assert re.findall(r'<th scope="row">([^<]*)<', other)[0] == "Collège Numéro 9 de Ville-sur-Rivière"


def test_a_head_of_school_reads_of_that_school_alone_and_no_small_count() -> None:
    report = masked(year(schools=6, scope=ONE_SCHOOL))
    text = made(report)

    assert titles(text) == ["Avec quel compte, semaine après semaine", "Comment les visites ont été réglées"]
    assert "<h1>Collège Numéro 3 de Ville-sur-Rivière</h1>" in text
    assert set(re.findall(r"Numéro \d+", text)) == {"Numéro 3"}
    assert "arrondis à cinq près" in text
    assert "n’ont pas pu être lues" not in text


def test_a_head_of_school_is_told_no_share_of_a_handful_of_visits() -> None:
    few = tuple(Migration(WEEKS[0], "besancon", "clg-3", source, 2) for source in ("aten", "educonnect"))
    text = made(masked(replace(year(schools=6, scope=ONE_SCHOOL), schools=few)))

    assert "&lt; 5" in text
    assert "Parmi les visites menées au service" not in text


def test_where_counts_are_masked_changes_have_a_day_and_no_hour() -> None:
    text = made(masked(year(schools=6)))

    assert ">4 janvier 2021<" in text[text.index('id="configuration"') :]
    assert ">4 mai 2021<" in text[text.index('id="sante"') :]
    assert len(re.findall(r"\d{4} à \d\d:\d\d", text)) == 1


def test_no_visit_makes_a_page_too() -> None:
    text = made(Report())

    html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    assert "il n’y a aucune visite" in text


def test_a_single_visit_makes_a_page_too() -> None:
    report = year(schools=1)
    one = (Migration(WEEKS[0], "besancon", "", "aten", 1),)

    assert "Avec quel compte" in made(replace(report, academies=one, schools=one, settled=()))


def only(weeks: Collection[date], report: Report) -> Report:
    """A report that has visits in these weeks alone."""
    return replace(
        report,
        academies=tuple(row for row in report.academies if row.week in weeks),
        schools=tuple(row for row in report.schools if row.week in weeks),
        settled=tuple(row for row in report.settled if row.week in weeks),
        reasons=tuple(row for row in report.reasons if row.week in weeks),
    )


def lowest_bars(text: str, section: str) -> list[tuple[float, float]]:
    """Where each bar of the lowest series begins in the section's picture for a desk, and how wide it is."""
    wide = text[text.index(f'id="{section}"') :].partition('class="wide"')[2].partition('class="narrow"')[0]
    found = re.findall(r'<path d="M([0-9.]+),[0-9.]+h([0-9.]+)v[^"]*" fill="var\(--c1\)"', wide)
    return [(float(start), float(width)) for start, width in found]


def test_a_school_with_visits_in_three_weeks_far_apart_is_drawn_with_those_between() -> None:
    text = made(only({WEEKS[0], WEEKS[20], WEEKS[40]}, year(schools=6, scope=ONE_SCHOOL)))
    (first, wide), (second, _), (third, _) = lowest_bars(text, "reglees")
    line = re.findall(r'<path d="(M[^"]*L[^"]*)"', text[text.index('id="migration"') :])[0]

    assert (line.count("L"), text.count('<tr><th scope="row" data-order=')) == (40, 2 * 41)
    assert abs((third - second) - (second - first)) < 1
    assert 0.5 < 20 * wide / (second - first) < 1


def test_a_report_of_a_week_has_bars_where_a_line_would_need_two() -> None:
    text = made(only({WEEKS[19]}, year(schools=2)))

    for section in ("migration", "reglees", "sante"):
        [(start, wide)] = lowest_bars(text, section)
        assert wide < 100
        assert abs(start + wide / 2 - 355) < 1
        assert ">11 janv.<" in text[text.index(f'id="{section}"') :]
    assert "stroke-dasharray" not in text[text.index('class="legend"') :].partition("</ul>")[0]


def test_a_picture_of_one_source_says_which() -> None:
    whole = year(schools=1)
    text = made(replace(whole, reasons=tuple(row for row in whole.reasons if row.source == "aten")))
    legend = text[text.index('id="sante"') :].partition('class="legend"')[2].partition("</ul>")[0]

    assert re.findall("</svg> ([^<]*)</li>", legend) == ["ATEN"]


def test_no_axis_counts_halves() -> None:
    whole = only({WEEKS[0], WEEKS[1]}, year(schools=1))
    text = made(
        replace(
            whole,
            academies=tuple(replace(row, visits=1) for row in whole.academies[:1]),
            schools=tuple(replace(row, visits=1) for row in whole.schools[:1]),
            settled=tuple(replace(row, visits=1) for row in whole.settled[:1]),
            reasons=tuple(replace(row, count=1) for row in whole.reasons),
            latency=(LatencyBin(Settled.SIGNAL, 10, 1),),
        )
    )

    for section in ("migration", "reglees", "temps", "sante"):
        told = text[text.index(f'id="{section}"') :].partition("</section>")[0]
        assert set(re.findall(r">([0-9]+(?:,[0-9]+)?)</text>", told)) <= {"0", "1", "2"}


def test_of_four_weeks_and_less_nothing_is_said_of_the_last_four() -> None:
    for number, is_said in ((4, False), (5, True)):
        text = made(only(WEEKS[19 : 19 + number], year(schools=2)))

        assert "Parmi les visites menées au service" in text
        assert ("ces quatre dernières semaines" in text) == is_said


def test_a_day_is_called_by_its_name_alone() -> None:
    morning = datetime(2021, 1, 4, 7, tzinfo=UTC)

    assert '<p class="period">Le 4 janvier 2021</p>' in made(
        replace(year(schools=1), first=morning, last=morning + timedelta(hours=9))
    )


def test_no_name_can_become_markup() -> None:
    evil = '<script>alert("x")</script>'
    names = Names({"aten": evil, "educonnect": evil}, {"clg-0": evil}, {"besancon": evil})
    report = replace(year(schools=2), configs=tuple(replace(each, policy=evil) for each in year().configs))

    assert "alert(" not in made(report, names).replace("&lt;script&gt;alert(", "")


def test_the_page_says_when_it_was_made_in_local_time() -> None:
    assert "Fait le 8 juillet 2021 à 08:00" in made(Report())
    assert "Fait le 8 juillet 2021 à 11:00" in page(
        told(Report(), NAMES, made_at=MADE_AT + timedelta(hours=3), zone=PARIS)
    )


def test_its_title_says_of_which_visits_it_tells() -> None:
    scopes = (Scope(academy="besancon"), Scope(target="ent", source="aten"), Scope(etab="clg-1", target="ent"))
    titles = [told(Report(scope=scope), NAMES, made_at=MADE_AT, zone=PARIS).title for scope in scopes]

    assert titles == [
        "Académie de Besancon",
        "Toutes les visites · ent · ATEN",
        "Collège Numéro 1 de Ville-sur-Rivière · ent",
    ]
