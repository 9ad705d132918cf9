"""`aiguilleur dashboard`: the report as it stands now, and a visit by its code, in a browser."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import click

from aiguilleur.cli.drawing import drawing
from aiguilleur.cli.files import files_of, journal_option
from aiguilleur.cli.folder import config_option, settings_of

_PORTS = 1 << 16


@click.command()
@click.option(
    "--listen", default="127.0.0.1:8090", show_default=True, metavar="HOST:PORT", help="On this machine only."
)
@journal_option
@click.option("--every", type=click.IntRange(min=1), default=15, show_default=True, help="Seconds between readings.")
@config_option
def dashboard(folder: Path, listen: str, given: tuple[Path, ...], every: int) -> None:
    """Serve the report as it stands now, and visits by their code, until Ctrl-C."""
    host, port = loopback(listen)
    settings = settings_of(folder)
    with drawing("The dashboard"):
        from aiguilleur.cli.pictures import desk_of  # noqa: PLC0415
        from aiguilleur.dashboard import create_dashboard, serve  # noqa: PLC0415
    desk = desk_of(settings, lambda: files_of(settings, given))
    click.echo(f"The dashboard is at http://{listen}/  Stop with Ctrl-C.")
    serve(lambda: create_dashboard(desk, hosts(host, port), every), host, port)


def loopback(text: str) -> tuple[str, int]:
    """The address and port in `127.0.0.1:8090`; click.UsageError unless only this machine can reach it."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (port.isascii() and port.isdecimal()) or not 0 < int(port) < _PORTS:
        raise click.UsageError(f"--listen {text}: write 127.0.0.1:8090")
    try:
        inside = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        inside = False
    if not inside:
        raise click.UsageError(
            f"--listen {text}: the dashboard asks nobody who they are, so it listens on this machine only; put it "
            "behind your own single sign-on (docs/operate.md)"
        )
    return host, int(port)


def hosts(host: str, port: int) -> frozenset[str]:
    """The values of Host that a browser, or a proxy in front, sends to this address."""
    names = {host, "localhost", "127.0.0.1"} if host != "::1" else {"localhost", "::1"}
    return frozenset(f"[{name}]:{port}" if ":" in name else f"{name}:{port}" for name in names)
