"""Syslog, as RFC 5424 writes it: to the machine's own, or to a collector over UDP, TCP or TLS."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Literal

from aiguilleur.journal.entry import JournalEntry
from aiguilleur.journal.sinks.syslog.message import FACILITIES, Facility, message
from aiguilleur.journal.sinks.syslog.sender import Sender
from aiguilleur.journal.sinks.syslog.way import Way, way_to


@dataclass(frozen=True, slots=True)
class SyslogSink:
    """A message for each entry, handed to a thread that keeps a thousand of them while the collector is away."""

    #: A path (`/dev/log`), or `udp://host:514`, `tcp://host:601`, `tls://host:6514`.
    address: str = "/dev/log"
    facility: Facility = "local0"
    app_name: str = "aiguilleur"
    #: The entry as JSON, or as structured data with a line for people.
    format: Literal["json", "structured"] = "json"
    #: The name of the structured data: RFC 5424 wants the private enterprise number of who defines it after the `@`.
    sd_id: str = "aiguilleur@32473"
    #: The authorities that may have signed a collector's certificate; the system's own when it is empty.
    ca_file: str = ""
    _way: Way = field(init=False, repr=False, compare=False)
    #: By process: a thread does not survive a fork.
    _senders: dict[int, Sender] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """ValueError when the address is none, or a name is more than a header can hold."""
        for name, text, most in (("app_name", self.app_name, 48), ("sd_id", self.sd_id, 32)):
            if not 0 < len(text) <= most or not text.isascii() or set(text) & set(' ="]') or not text.isprintable():
                raise ValueError(f"{name} is not a name of at most {most} letters without spaces")
        object.__setattr__(self, "_way", way_to(self.address, self.ca_file))

    def write(self, entry: JournalEntry) -> None:
        """Hand the message over; BlockingIOError when a thousand are waiting."""
        data = message(
            entry,
            facility=FACILITIES[self.facility],
            app_name=self.app_name,
            sd_id=self.sd_id if self.format == "structured" else "",
        )
        pid = os.getpid()
        sender = self._senders.get(pid) or self._senders.setdefault(pid, Sender(self._way))
        sender.take(data)
