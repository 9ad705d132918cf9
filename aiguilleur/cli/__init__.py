"""The commands of operators and engineers, one file each."""

from __future__ import annotations

from functools import partial

import click

from aiguilleur import __version__
from aiguilleur.cli.check import check
from aiguilleur.cli.cookies import cookies
from aiguilleur.cli.dashboard import dashboard
from aiguilleur.cli.explain import explain
from aiguilleur.cli.journal import journal
from aiguilleur.cli.kit import kit
from aiguilleur.cli.schools import schools
from aiguilleur.cli.secret import secret
from aiguilleur.cli.support import support


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="aiguilleur")
def main() -> None:
    """Route each visitor to the service's address for the identity source that already knows them."""


def _sandbox() -> click.Command:
    # It speaks SAML, whose libraries a site may lack; no other command needs them.
    try:
        from aiguilleur.cli.sandbox import sandbox  # noqa: PLC0415
    except ImportError as error:
        return click.Command("sandbox", callback=partial(_refuse, str(error)), help="Run the sandbox.")
    return sandbox


def _refuse(lacks: str) -> None:
    click.echo(f"The sandbox needs a library of the extra saml, which is not installed: {lacks}", err=True)
    raise click.exceptions.Exit(1)


for command in (check, cookies, dashboard, explain, journal, kit, _sandbox(), schools, secret, support):
    main.add_command(command)
