"""`aiguilleur kit`: a school's links, where they lead, and its files, as `/kit` shows them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from aiguilleur.cli.explain import instant
from aiguilleur.cli.folder import config_option, settings_of
from aiguilleur.core.model import School
from aiguilleur.kit import Case, Kit, Links, Today, kit_of
from aiguilleur.settings.model import Settings
from aiguilleur.web import create_app
from aiguilleur.web.kit import filename, files, posters


@click.command()
@click.argument("etab")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write the files into this folder.")
@click.option("--at", metavar="DATE", help="The day, or the instant, to tell (default: now).")
@click.option("--json", "as_json", is_flag=True, help="For a machine.")
@config_option
def kit(folder: Path, etab: str, out: Path | None, at: str | None, as_json: bool) -> None:
    """Print the links of a school and where they lead; nobody is asked.

    --out writes the QR codes, posters, pictures, shortcuts and the paragraph of the letter. Where one of these files is
    there already with another content, nothing is written.
    """
    settings = settings_of(folder)
    school = settings.directory.find(etab)
    if school is None:
        raise click.UsageError(f"unknown school '{etab}'")
    told = instant(at, settings)
    made = kit_of(Today(settings, told), school)
    if out:
        _write(out, _contents(settings, told, made))
    click.echo(json.dumps(_json(made), ensure_ascii=False, indent=2) if as_json else _text(settings, school, made))


def _contents(settings: Settings, at: datetime, kit: Kit) -> dict[str, bytes]:
    """The files, made as the pages make them, by an application that serves and writes nothing."""
    quiet = replace(settings, site=replace(settings.site, journal=(), state_dir=None))
    app = create_app(quiet, (secrets.token_urlsafe(32),), now=lambda: at)
    with app.test_request_context():
        made = {filename(kit.school, name): make() for name, make in (files(kit) | posters(kit)).items()}
    return {name: content.encode() if isinstance(content, str) else content for name, content in made.items()}


def _write(folder: Path, contents: Mapping[str, bytes]) -> None:
    other = [name for name, content in contents.items() if _is_other(folder / name, content)]
    if other:
        click.echo(f"{folder} has other files of these names; nothing was written: {', '.join(other)}", err=True)
        raise click.exceptions.Exit(1)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (folder / name).write_bytes(content)
            click.echo(f"wrote {folder / name}", err=True)
    except OSError as error:
        click.echo(f"{folder} cannot be written: {error.strerror}", err=True)
        raise click.exceptions.Exit(1) from error


def _is_other(path: Path, content: bytes) -> bool:
    return path.exists() and (not path.is_file() or path.read_bytes() != content)


def _text(settings: Settings, school: School, kit: Kit) -> str:
    shown = " · ".join(part for part in (school.name, school.town, school.etab) if part)
    lines = [f"{shown} · rules {settings.digest[:6]}"]
    for links in kit.links:
        lines += ["", links.target.name]
        lines += [f"  {what:<14}{address}" for what, address in _addresses(links).items()]
        lines += ["  from the portal", *map(_line, links.from_portal)]
        lines += ["  from elsewhere", *map(_line, links.from_elsewhere)]
    lines += ["", f"  {'workstations':<14}{kit.shortcut}", *(f"  {'short':<14}{address}" for address in kit.short)]
    return "\n".join(lines)


def _addresses(links: Links) -> dict[str, str]:
    return {
        "portal": links.portal,
        "other account": links.other_account,
        "elsewhere": links.elsewhere,
        "poster": links.poster,
    }


def _line(case: Case) -> str:
    held = f"with {case.session.id}" if case.session else "with nothing"
    mire = f"the mire: {', '.join(source.id for source in case.offered) or 'no open source'}"
    led = f"{case.host} by {case.source.id}" if case.source else mire
    trips = f", {case.trips} trip{'s'[: case.trips > 1]}" if case.trips else ""
    return f"    {held:<22}{led} ({case.rule}{trips})"


def _json(kit: Kit) -> dict[str, Any]:
    return {
        "etab": kit.school.etab,
        "workstations": kit.shortcut,
        "short": list(kit.short),
        "targets": [
            {
                "target": links.target.id,
                "portal": links.portal,
                "other_account": links.other_account,
                "elsewhere": links.elsewhere,
                "poster": links.poster,
                "typed": links.typed,
                "from_portal": [_case(case) for case in links.from_portal],
                "from_elsewhere": [_case(case) for case in links.from_elsewhere],
            }
            for links in kit.links
        ],
    }


def _case(case: Case) -> dict[str, Any]:
    return {
        "session": case.session.id if case.session else None,
        "redirect": case.source.id if case.source else None,
        "host": case.host or None,
        "offered": [source.id for source in case.offered],
        "rule": case.rule,
        "trips": case.trips,
    }
