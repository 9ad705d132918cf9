"""What ends on a day known beforehand, such as a certificate, so that someone can be told in time."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True, order=True)
class Expiry:
    """When something that a probe needs ends, and what it is, in words."""

    at: datetime
    what: str


@runtime_checkable
class Expiring(Protocol):
    """A probe that needs something which ends."""

    def expiries(self) -> Iterator[Expiry]:
        """Each of these; of several things that do as well, the last to end."""


def of_authorities(ca_file: str | None) -> Iterator[Expiry]:
    """When the last authority of a file in PEM, which was read at load, ends."""
    if ca_file is None:
        return
    try:
        held = ssl.create_default_context(cafile=ca_file).get_ca_certs()
    except OSError:
        # It has gone since; what asks by it says so.
        return
    # RFC 5280 4.1.2.5: every certificate says it.
    ends = [ssl.cert_time_to_seconds(str(each["notAfter"])) for each in held]
    if ends:
        yield Expiry(datetime.fromtimestamp(max(ends), UTC), f"the last authority in '{ca_file}'")
