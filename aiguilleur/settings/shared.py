"""Where the processes and nodes of one service keep what they share, if anywhere."""

from __future__ import annotations

import ssl
from importlib.util import find_spec

from aiguilleur.probes.shared import Place, place_of
from aiguilleur.settings import schema
from aiguilleur.settings.context import SITE, Context


def shared(context: Context, raw: schema.RawStore | None) -> Place | None:
    """The store; None when nobody asked for one, or the notes say what is wrong."""
    if raw is None:
        return None
    if find_spec("redis") is None:
        context.wrong(SITE, ("shared",), "needs a library that is not installed: pip install 'aiguilleur[redis]'")
    _check_ca_file(context, raw.ca_file)
    try:
        return place_of(raw.url, prefix=raw.prefix, ca_file=raw.ca_file)
    except ValueError as error:
        context.wrong(SITE, ("shared", "url"), str(error))
        return None


def _check_ca_file(context: Context, ca_file: str | None) -> None:
    try:
        if ca_file is not None:
            ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        told = f"'{ca_file}' holds no certificates in PEM ({error.strerror})"
        context.wrong(SITE, ("shared", "ca_file"), told)
