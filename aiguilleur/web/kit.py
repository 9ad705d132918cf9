"""What schools are given to put the link in place: `/kit`, and the documentation for them, `/readme.html`."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from html import unescape
from pathlib import PurePath
from typing import Any

from flask import Blueprint, Response, current_app, render_template, request

from aiguilleur.core.model import School
from aiguilleur.kit import Kit, Links, Today, desktop_file, kit_of, qr_picture, qr_svg, url_file, webloc_file
from aiguilleur.web import pages, theme
from aiguilleur.web.redirects import to_own
from aiguilleur.web.service import service
from aiguilleur.web.wanted import LONGEST

blueprint = Blueprint("kit", __name__)

#: By the end of a file's name. A property list is XML; the others are as freedesktop.org's list names them.
_TYPES = {
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".url": "application/x-mswinurl",
    ".desktop": "application/x-desktop",
    ".webloc": "application/xml",
}
#: Beyond this, a list of schools is a search, not a choice.
_TAG = re.compile(r"<[^>]*>")

Makers = dict[str, Callable[[], str | bytes]]


@blueprint.get("/kit")
def choose() -> Response:
    """Ask which school the kit is for."""
    if request.method == "HEAD":
        return pages.head()
    typed = request.args.get("etab", "")
    if not typed:
        return _finder(200)
    school = service().settings.directory.find(typed)
    return to_own(f"/kit/{school.etab}") if school else _finder(200, typed[:LONGEST])


@blueprint.get("/kit/<etab>")
def kit(etab: str) -> Response:
    """Show a school's links, where they lead today, and its files."""
    if request.method == "HEAD":
        return pages.head()
    school = service().settings.directory.find(etab)
    return _page("kit/kit.html", kit=_kit_of(school), school=school) if school else _finder(404, etab[:LONGEST])


@blueprint.get("/kit/<etab>/affiche")
def poster(etab: str) -> Response:
    """Show the poster of one service, to be printed."""
    if request.method == "HEAD":
        return pages.head()
    school = service().settings.directory.find(etab)
    if school is None:
        return _finder(404, etab[:LONGEST])
    found = _kit_of(school)
    links = _links(found, request.args.get("vers"))
    if links is None:
        return pages.not_found("service")
    return _page("kit/affiche.html", **_poster(found, links))


@blueprint.get("/kit/<etab>/<name>")
def file(etab: str, name: str) -> Response:
    """Give one of the files of a school."""
    school = service().settings.directory.find(etab)
    if school is None:
        return _finder(404, etab[:LONGEST])
    make = files(_kit_of(school)).get(name)
    if make is None:
        return pages.not_found("page")
    response = Response(make(), content_type=_TYPES[PurePath(name).suffix])
    # Both are labels of the configuration: nothing here has to be quoted.
    response.headers["Content-Disposition"] = f'attachment; filename="{filename(school, name)}"'
    return response


@blueprint.get("/readme.html")
def readme() -> Response:
    """Show the documentation for schools."""
    return pages.head() if request.method == "HEAD" else _page("kit/readme.html")


def files(kit: Kit) -> Makers:
    """What makes each file of a school, by its name."""
    name = f"{kit.main.target.name} · {kit.school.name or kit.school.etab}"
    made: Makers = {
        "raccourci.url": partial(url_file, kit.shortcut),
        "raccourci.desktop": partial(desktop_file, name, kit.shortcut),
        "raccourci.webloc": partial(webloc_file, kit.shortcut),
        "lettre.txt": partial(letter, kit),
    }
    for links in kit.links:
        made[f"qr-{links.target.id}.svg"] = partial(qr_svg, links.poster)
        made[f"bouton-{links.target.id}.svg"] = partial(render_template, "kit/bouton.svg", target=links.target)
    return made


def filename(school: School, name: str) -> str:
    """What a file is called on the computer that keeps it: a shortcut by the school alone, as its icon shows it."""
    kept = PurePath(name)
    return f"{school.etab}{kept.suffix}" if kept.stem == "raccourci" else f"{school.etab}-{name}"


def letter(kit: Kit) -> str:
    """The paragraph for the letter to parents, as plain text."""
    # The template is a page's: its marks of language go, and what it escapes comes back.
    return unescape(_TAG.sub("", render_template("kit/_lettre.html", kit=kit))).strip() + "\n"


def posters(kit: Kit) -> Makers:
    """What makes each poster as a page that needs no other file, by its name."""
    sheet = theme.static_file(current_app, service().settings.site.theme, "style.css").read_text(encoding="utf-8")
    return {
        f"affiche-{links.target.id}.html": partial(
            render_template, "kit/affiche_seule.html", sheet=sheet, **_poster(kit, links)
        )
        for links in kit.links
    }


def _poster(kit: Kit, links: Links) -> dict[str, Any]:
    return {"school": kit.school, "links": links, "target": links.target, "picture": qr_picture(links.poster)}


def _kit_of(school: School) -> Kit:
    running = service()
    at = running.now()
    return kit_of(Today(running.settings, at, running.ill_sources(at), running.canaries.refusal), school)


def _links(kit: Kit, target: str | None) -> Links | None:
    return next((each for each in kit.links if each.target.id == target), None) if target else kit.main


def _finder(status: int, typed: str = "") -> Response:
    directory = service().settings.directory
    # The address of a school that is unknown is what a visitor wrote: another language is had from the finder's own.
    return _page(
        "kit/ecole.html",
        status,
        unknown=status == 404,
        searched=bool(typed),
        found=directory.search(typed, pages.MOST_FOUND),
        schools=directory.in_order if len(directory.in_order) <= pages.MOST_LISTED else (),
        here="/kit?langue={}".format,
    )


def _page(template: str, status: int = 200, **values: Any) -> Response:
    body = render_template(template, site=service().settings.site, **values)
    return Response(body, status=status, content_type="text/html; charset=utf-8")
