"""`aiguilleur sandbox`: aiguilleur, with a simulated académie around it."""

from __future__ import annotations

import os
import secrets
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from datetime import time as clock
from pathlib import Path

import click

from aiguilleur.cli.folder import settings_of
from aiguilleur.journal import keep
from aiguilleur.probes.canary import Canaries, Keeper
from aiguilleur.sandbox import IdentityProvider, SchoolSite, Server, World, educonnect_provider, serve
from aiguilleur.settings.model import Settings
from aiguilleur.web import create_app
from aiguilleur.web.service import canaries_of, utc_now

_HOST = "aiguilleur.academie.localhost"
#: The port that the files of `config/sandbox` are written with.
_WRITTEN_PORT = 8000

#: The file of the configuration that EduConnect's metadata is read from.
_METADATA = "educonnect-idp.xml"

_WELCOME = """
aiguilleur is running, with a simulated académie around it.
  1  Open   http://clg-rochat-rousses.eclat.localhost:{port}/     the school's portal: log in, click « Téléservices »
  2  Open   http://teleservices.academie.localhost:{port}/        log in at ATEN (parent1 / parent1), then click again
  3  See    every decision below as it is taken; aiguilleur explain --config {folder} --code CODE tells why
  4  Break  http://sandbox.localhost:{port}/                      make a source slow, down, mute, odd, cut off…
These names reach this machine by themselves in Chromium, Firefox and curl; Safari keeps no Secure cookie on them.
Stop with Ctrl-C.
"""


@click.command()
@click.option("--port", default=_WRITTEN_PORT, show_default=True, help="The one port that everything listens on.")
@click.option("--at", "day", metavar="DATE", help="Play this day, with the calendar of the real configuration.")
@click.option("--config", "folder", type=click.Path(path_type=Path), default=Path("config/sandbox"), show_default=True)
@click.option(
    "--calendar",
    type=click.Path(path_type=Path),
    default=Path("config"),
    show_default=True,
    help="Where --at takes the dates from.",
)
def sandbox(port: int, day: str | None, folder: Path, calendar: Path) -> None:
    """Run the sandbox until Ctrl-C."""
    played = _day(day)
    with tempfile.TemporaryDirectory(prefix="aiguilleur-sandbox-") as copy:
        provider = provider_of(port, played)
        settings = settings_of(moved(folder, Path(copy), port, provider))
        if settings.site.state_dir:
            # What explains a decision later is what it was taken with, made anew at every start.
            keep(Path(settings.site.state_dir), settings.digest, settings.files)
        if played:
            settings = dated(settings, settings_of(calendar))
        world, canaries = build(settings, port, played, provider)
        server = _bound(world, port)
        # Ended by a service manager or by `timeout`, it cleans up after itself as after Ctrl-C.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        server.start()
        over = threading.Event()
        Keeper(lambda: canaries, over).start()
        try:
            click.echo(_WELCOME.format(port=port, folder=folder))
            while True:
                # Short: a signal that comes just before a sleep begins is heeded once it is over.
                time.sleep(1)
        except KeyboardInterrupt:
            click.echo("stopped")
        finally:
            over.set()
            server.stop()


def _bound(world: World, port: int) -> Server:
    try:
        return serve(world, port)
    except OSError as error:
        click.echo(
            f"Port {port} cannot be used ({os.strerror(error.errno or 0)}): stop what uses it, or give another --port.",
            err=True,
        )
        raise click.exceptions.Exit(1) from error


def provider_of(port: int, day: date | None = None) -> IdentityProvider:
    """What EduConnect signs with; aiguilleur is a service of its federation."""
    base = f"http://{_HOST}:{port}"
    return educonnect_provider(port, {f"{base}/saml/metadata": f"{base}/retour/educonnect"}, clock_of(day))


def clock_of(day: date | None) -> Callable[[], datetime]:
    """The clock of a world that plays a day, or today's."""
    return (lambda: datetime.combine(day, clock(10), UTC)) if day else utc_now


def build(
    settings: Settings, port: int, day: date | None = None, provider: IdentityProvider | None = None
) -> tuple[World, Canaries]:
    """The simulated world with aiguilleur in it, exactly as in production but for the day it plays; its canaries."""
    base = f"http://{_HOST}:{port}"
    schools = tuple(
        SchoolSite(etab=school.etab, name=school.name, academy=school.academy, town=school.town)
        for school in settings.directory.schools.values()
    )
    links: Mapping[str, str] = {
        "teleservices": f"{base}/vers/teleservices/{{etab}}?de=eclat",
        "teleservices_public": f"{base}/vers/teleservices/{{etab}}",
        "ent": f"{base}/vers/ent/{{etab}}?de=scolarite",
    }
    world = World(port, schools, links, provider)
    # Several sandboxes may run side by side, and each flies its own canaries.
    settings = replace(settings, site=replace(settings.site, state_dir=None))
    app = create_app(settings, (secrets.token_urlsafe(32),), now=clock_of(day))
    world.mount(_HOST, app)
    return world, canaries_of(app)


def moved(folder: Path, copy: Path, port: int, provider: IdentityProvider) -> Path:
    """A copy of a sandbox configuration whose addresses carry this port, with the metadata of this EduConnect."""
    for path in folder.iterdir():
        if path.is_file():
            text = path.read_text(encoding="utf-8").replace(f":{_WRITTEN_PORT}", f":{port}")
            (copy / path.name).write_text(text, encoding="utf-8")
    (copy / _METADATA).write_bytes(provider.metadata())
    return copy


def dated(settings: Settings, calendar: Settings) -> Settings:
    """The same sources, opening and ending on the days that another configuration gives them."""
    dates = calendar.sources
    sources = {
        source.id: replace(
            source,
            opens=dates[source.id].opens,
            closes=dates[source.id].closes,
            warn_from=dates[source.id].warn_from,
            hidden_from=dates[source.id].hidden_from,
        )
        if source.id in dates
        else source
        for source in settings.sources.values()
    }
    return replace(settings, sources=sources)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise click.UsageError(f"--at {text}: write 2021-09-10") from error
