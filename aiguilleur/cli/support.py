"""`aiguilleur support`: what a reason, a page or a state means, what to tell the family, what to check."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

import click

from aiguilleur.cli.titles import pages_of, titles
from aiguilleur.support import Advice, Catalogue, as_markdown, as_sheet, catalogue


@click.command()
@click.argument("words", nargs=-1, metavar="[NAME|TITLE]")
@click.option("--markdown", is_flag=True, help="Print docs/support.md.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write one sheet to print, in French.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole catalogue for a machine.")
def support(words: tuple[str, ...], markdown: bool, html: Path | None, as_json: bool) -> None:
    """Say what a reason, page or state means, by its name or the title that a family reads; without it, list them."""
    told = catalogue()
    if html:
        try:
            html.write_text(as_sheet(told), encoding="utf-8")
        except OSError as error:
            click.echo(f"{html}: cannot be written: {error.strerror}", err=True)
            raise click.exceptions.Exit(1) from error
    elif markdown:
        click.echo(as_markdown(told), nl=False)
    elif as_json:
        click.echo(json.dumps(told.model_dump(mode="json"), ensure_ascii=False, indent=2))
    elif words:
        click.echo("\n\n".join(_told(told, " ".join(words))))
    else:
        for kind, names in (("reasons", told.reasons), ("pages", told.pages), ("states", told.states)):
            click.echo(f"{kind}: {', '.join(names)}")


def _told(told: Catalogue, name: str) -> list[str]:
    """Each entry of that name, which a state and a reason may share, or each page with that title."""
    reasons = {str(reason): (each, told.family(reason)) for reason, each in told.reasons.items()}
    pages = {title: (each, each.family) for title, each in told.pages.items()}
    states = {state: (each, "") for state, each in told.states.items()}
    kinds: dict[str, Mapping[str, tuple[Advice, str]]] = {"reason": reasons, "page": pages, "state": states}
    found = [_lines(f"{kind} {name}", *entries[name]) for kind, entries in kinds.items() if name in entries]
    found = found or [_lines(f"page {page}", *pages[page]) for page in pages_of(name)]
    if not found:
        known = titles() | {each: each for each in (*reasons, *pages, *states)}
        near = [known[each] for each in get_close_matches(name.lower(), known, 1)]
        raise click.UsageError(
            f"'{name}' is no reason, page or state, and no page's title{f' (did you mean {near[0]}?)' if near else ''}"
        )
    return found


def _lines(title: str, each: Advice, family: str) -> str:
    tell = f"\n  tell the family: « {family} »" if family else ""
    return f"{title}: {each.means.en}{tell}\n  check: {each.check.en}"
