"""Where metrics are to be had, if anywhere."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path

from aiguilleur.journal import last_good
from aiguilleur.settings import schema
from aiguilleur.settings.context import SITE, Context
from aiguilleur.settings.model import Metrics
from aiguilleur.settings.notes import Notes
from aiguilleur.settings.reader import read
from aiguilleur.settings.shape import shaped


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the process that answers scrapes needs to know of a configuration."""

    host: str
    port: int
    state_dir: str | None


def metrics(context: Context, raw: schema.RawMetrics | None) -> Metrics | None:
    """Where to listen; None when nobody asked, or the notes say what is wrong."""
    if raw is None:
        return None
    if find_spec("prometheus_client") is None:
        context.wrong(SITE, ("metrics",), "needs a library that is not installed: pip install 'aiguilleur[metrics]'")
    try:
        return address_of(raw)
    except ValueError as error:
        context.wrong(SITE, ("metrics", "listen"), str(error))
        return None


def address_of(raw: schema.RawMetrics) -> Metrics:
    """The address; ValueError when it is none, or lies beyond this machine and nobody said that it may."""
    host, colon, port = raw.listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        address = ip_address(host)
    except ValueError:
        raise ValueError(f"'{raw.listen[:80]}' is not an IP address and a port, as 127.0.0.1:9105") from None
    if not colon or not (port.isascii() and port.isdecimal()) or not 0 < int(port) < 65536:
        raise ValueError(f"'{raw.listen[:80]}' has no port, as 127.0.0.1:9105 has")
    if not address.is_loopback and not raw.beyond_loopback:
        raise ValueError(f"'{host}' can be reached from other machines; if it shall, write beyond_loopback: true")
    return Metrics(str(address), int(port))


def wanted_in(folder: Path) -> Wanted | None:
    """What a folder wants, read from its first file alone; from the last good one where that cannot be used."""
    folders = (folder, last_good(Path(os.environ.get("AIGUILLEUR_STATE", "var"))))
    for each in folders:
        if each is not None and (raw := _site_in(each)) is not None:
            break
    else:
        return None
    if raw.metrics is None:
        return None
    try:
        address = address_of(raw.metrics)
    except ValueError:
        # The service itself says what is wrong with it.
        return None
    return Wanted(address.host, address.port, raw.state_dir)


def _site_in(folder: Path) -> schema.RawSite | None:
    document, _, problems = read(folder / SITE, SITE)
    return None if problems or not document.is_read else shaped(schema.RawSite, document, Notes())
