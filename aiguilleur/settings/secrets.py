"""The signing keys and the password of the shared store, which are never in YAML."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from aiguilleur.errors import SecretError
from aiguilleur.settings.model import Site

VARIABLE = "AIGUILLEUR_SECRET_KEYS"
SHARED_VARIABLE = "AIGUILLEUR_SHARED_PASSWORD"
LEAST_BYTES = 32
_WAY_OUT = "`aiguilleur secret` prints a good one"


def secret_keys(site: Site) -> tuple[str, ...]:
    """The keys, oldest first: the last one signs. Raises SecretError when there is none, or a short one."""
    text, place = os.environ.get(VARIABLE, ""), VARIABLE
    if not text and site.secret_keys_file:
        text, place = _read(Path(site.secret_keys_file)), site.secret_keys_file
    keys = tuple(filter(None, re.split(r"[\s,]+", text)))
    if not keys:
        raise SecretError(f"no signing key: set {VARIABLE} or secret_keys_file; {_WAY_OUT}")
    if any(len(key.encode()) < LEAST_BYTES for key in keys):
        raise SecretError(f"{place}: a signing key has less than {LEAST_BYTES} bytes; {_WAY_OUT}")
    return keys


def shared_password(site: Site) -> str:
    """The password of the shared store; empty when it needs none. Raises SecretError."""
    text = os.environ.get(SHARED_VARIABLE, "")
    if not text and site.shared_password_file:
        text = _read(Path(site.shared_password_file), "it is to hold the password of the shared store")
    return text.strip()


def _read(path: Path, way_out: str = _WAY_OUT) -> str:
    try:
        if path.stat().st_mode & stat.S_IROTH:
            raise SecretError(f"{path}: everybody can read this file; chmod 640 {path}")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise SecretError(f"{path}: {error.strerror}; {way_out}") from error
    except UnicodeDecodeError as error:
        raise SecretError(f"{path}: is not text; {_WAY_OUT}") from error
