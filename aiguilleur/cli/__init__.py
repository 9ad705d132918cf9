"""The commands of operators and engineers, one file each."""

from __future__ import annotations

import click

from aiguilleur import __version__
from aiguilleur.cli.check import check
from aiguilleur.cli.explain import explain
from aiguilleur.cli.journal import journal
from aiguilleur.cli.sandbox import sandbox
from aiguilleur.cli.schools import schools
from aiguilleur.cli.secret import secret


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="aiguilleur")
def main() -> None:
    """Route each visitor to the service's address for the identity source that already knows them."""


for command in (check, explain, journal, sandbox, schools, secret):
    main.add_command(command)
