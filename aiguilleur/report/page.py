"""The report as one page that asks for nothing else: no file, no font, no script from anywhere."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from aiguilleur.journal.scale import Report
from aiguilleur.report.charts import COLOURS, DASHES
from aiguilleur.report.sections import Section, lead, sections
from aiguilleur.report.series import Names
from aiguilleur.report.words import Voice


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the numbers that the page begins with."""

    says: str
    of: str


@dataclass(frozen=True, slots=True)
class Told:
    """A report in words and pictures, which take a second or two to draw: once, however often it is shown."""

    title: str
    period: str
    made_at: str
    lead: str
    figures: tuple[Figure, ...]
    masked: bool
    #: How many lines could not be read; blank where that is nobody's concern.
    torn: str
    sections: tuple[Section, ...]


def told(report: Report, names: Names, *, made_at: datetime, zone: tzinfo) -> Told:
    """What there is to tell of a report that was made then."""
    voice = Voice(report.masked, zone)
    return Told(
        title=_title(report, names),
        period=_period(report, voice),
        made_at=voice.moment(made_at),
        lead=lead(report, names, voice),
        figures=_figures(report, voice),
        masked=report.masked,
        torn=voice.number(report.torn) if report.torn and not report.masked else "",
        sections=sections(report, names, voice),
    )


def page(told: Told, desk: object = None) -> str:
    """The page that tells this; `desk` is what surrounds it where it is served."""
    return render(
        "page.html",
        desk=desk,
        told=told,
        title=told.title,
        colours=COLOURS,
        dashes=[" ".join(map(str, each)) for each in DASHES],
    )


def render(template: str, **told: Any) -> str:
    """A template of this package as a page, with its style, its script and the policy that allows no others."""
    style, script = (_source(name) for name in ("style.css", "sort.js"))
    return (
        _environment()
        .get_template(template)
        .render(
            style=style,
            script=script,
            policy=policy(),
            **told,
        )
    )


@cache
def policy() -> str:
    """The content security policy of a page (CSP level 3): its own style and script, by their digests."""
    style, script = (_digest(_source(name)) for name in ("style.css", "sort.js"))
    return f"default-src 'none'; style-src '{style}'; script-src '{script}'; base-uri 'none'; form-action 'self'"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("aiguilleur.report", "templates/report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # For what is this package's own: its style, its script, and what `charts` draws, where names are escaped.
    environment.filters["own"] = Markup
    return environment


@cache
def _source(name: str) -> str:
    environment = _environment()
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _title(report: Report, names: Names) -> str:
    scope = report.scope
    where = names.schools.get(scope.etab, scope.etab) or names.academies.get(scope.academy, scope.academy)
    parts = (where or "Toutes les visites", scope.target, names.source(scope.source))
    return " · ".join(part for part in parts if part)


def _period(report: Report, voice: Voice) -> str:
    if report.first is None or report.last is None:
        return "Aucune visite"
    first, last = voice.day(report.first), voice.day(report.last)
    return f"Le {first}" if first == last else f"Du {first} au {last}"


def _figures(report: Report, voice: Voice) -> tuple[Figure, ...]:
    total = report.total
    return (
        Figure(voice.number(total.visits), voice.visits(total.visits)),
        Figure(voice.part(total.silent, total.visits), "menées au service sans rien choisir"),
        Figure(voice.part(total.chosen, total.visits), "menées au service par un choix sur la mire"),
        Figure(voice.part(total.left, total.visits), "restées sur la mire ou sur une page d’explication"),
        Figure(
            voice.part(total.again, total.sent), "des visites menées au service sont revenues dans les trois minutes"
        ),
    )
