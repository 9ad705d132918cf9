"""What tells a probe's settings from others: what was seen with the old ones proves nothing of the new."""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass

from aiguilleur.probes.contract import BackChannelProbe, ConfigFile, FrontChannelProbe


def sort_of(probe: BackChannelProbe | FrontChannelProbe, *also: str) -> str:
    """Sixteen hexadecimal digits, the same for the same kind, settings and what else they depend on."""
    names: list[str] = [each.name for each in fields(probe) if each.init] if is_dataclass(probe) else []
    values = [getattr(probe, name) for name in names]
    told = [value.content if isinstance(value, ConfigFile) else value for value in values]
    return hashlib.sha256(repr((type(probe).__qualname__, told, also)).encode()).hexdigest()[:16]
