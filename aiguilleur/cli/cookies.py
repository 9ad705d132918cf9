"""`aiguilleur cookies`: what a reverse proxy must let through."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click

from aiguilleur.cli.folder import config_option, settings_of

#: What the names of all cookies of our own begin with, and more of them than a browser is given.
OWN, _MOST_OWN = "__Host-aiguilleur-", 12
_START = r"(?:^|;\s*)"


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="The names alone.")
def cookies(folder: Path, as_json: bool) -> None:
    """Print the cookies that a reverse proxy must let through, as a file for nginx.

    It defines $aiguilleur_cookies: those that the configuration names, and our own. When it names others,
    print it anew and reload nginx.
    """
    names = sorted(settings_of(folder).site.cookies)
    if as_json:
        click.echo(json.dumps({"names": names, "prefixes": [OWN]}))
        return
    for line in _nginx(names):
        click.echo(line)


def _nginx(names: list[str]) -> Iterator[str]:
    yield "# Written by `aiguilleur cookies`: the cookies that are let through, and no other."
    for number, name in enumerate(names, start=1):
        kept = f'"~{_START}(?<named{number}>{re.escape(name)}=[^;]*)" "$named{number}; ";'
        yield f'map $http_cookie $aiguilleur_cookie_{number} {{ default ""; {kept} }}'
    # nginx finds the first match only: further ones are looked for behind it.
    own = [f"{_START}(?<own{number}>{OWN}[^;]*)" for number in range(1, _MOST_OWN + 1)]
    pattern = own[0] + "".join(f"(?:.*?{each})?" for each in own[1:])
    kept = "; ".join(f"$own{number}" for number in range(1, _MOST_OWN + 1))
    yield f'map $http_cookie $aiguilleur_cookie_own {{ default ""; "~{pattern}" "{kept}"; }}'
    all_of_them = "".join(f"$aiguilleur_cookie_{each}" for each in (*range(1, len(names) + 1), "own"))
    yield f'map "" $aiguilleur_cookies {{ default "{all_of_them}"; }}'
