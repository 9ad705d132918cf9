"""`aiguilleur check --live`: each probe is tried once against its source, and what to do about what it saw is said."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from aiguilleur.core.model import ILL_REASONS, Finding, Reason, SessionState
from aiguilleur.probes import BackChannelProbe, Forwarded, FrontChannelProbe
from aiguilleur.probes.canary import Flight, fly
from aiguilleur.settings.model import Settings

#: A probe of the server is given this long here, in seconds: more than any visit waits.
_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Tried:
    """What happened to one probe without any session, and the way out if it is not what should."""

    source: str
    probe: str
    channel: str
    good: bool
    happened: str
    advice: str = ""

    def as_json(self) -> dict[str, Any]:
        """The same for a machine."""
        return asdict(self)


def tried(settings: Settings) -> tuple[Tried, ...]:
    """Every probe of the configuration, all at once, in the order written."""
    probes = [probe for source in settings.sources.values() for probe in source.probes]
    if not probes:
        return ()
    with ThreadPoolExecutor(len(probes)) as pool:
        return tuple(pool.map(lambda probe: _tried(settings, probe), probes))


def table(rows: tuple[Tried, ...]) -> Iterator[str]:
    """The rows for people, aligned; a line of advice under each that needs one."""
    titles = ("source", "probe", "asked by")
    cells = [(row.source, row.probe, row.channel) for row in rows]
    widths = [max(map(len, column)) for column in zip(titles, *cells, strict=True)]

    def line(mark: str, left: tuple[str, ...], right: str) -> str:
        return "  ".join((mark, *(f"{cell:<{width}}" for cell, width in zip(left, widths, strict=True)), right))

    if rows:
        yield line("  ", titles, "what happened without a session")
    for row, left in zip(rows, cells, strict=True):
        yield line("ok" if row.good else "!!", left, row.happened)
        if row.advice:
            yield line("  ", ("", "", ""), f"→ {row.advice}")


def _tried(settings: Settings, probe: BackChannelProbe | FrontChannelProbe) -> Tried:
    try:
        return _once(settings, probe)
    except Exception as error:  # The bug of one probe, perhaps a plug-in's, must not hide what the others say.
        channel = "browser" if isinstance(probe, FrontChannelProbe) else "server"
        return Tried(probe.ref.source, probe.ref.id, channel, False, f"broke: {type(error).__name__}", _BROKE)


def _once(settings: Settings, probe: BackChannelProbe | FrontChannelProbe) -> Tried:
    if isinstance(probe, FrontChannelProbe):
        return _flown(probe, fly(probe, settings.site.return_url(probe.ref.id), datetime.now(UTC)))
    # The name of each cookie with a value that is nobody's: a session that does not exist.
    cookies = dict.fromkeys(getattr(probe, "cookies", ()), f"aiguilleur-check-{secrets.token_hex(8)}")
    return _asked(probe, probe.ask(cookies, Forwarded(user_agent="aiguilleur check"), _WITHIN_S))


def _flown(probe: FrontChannelProbe, flight: Flight) -> Tried:
    ref = probe.ref
    hops = f"{flight.hops} request{'' if flight.hops == 1 else 's'}"
    happened = f"{flight.reason}: {_ended(flight)} after {hops}, {flight.ms} ms"
    advice = _ADVICE.get(flight.reason, "")
    if flight.state is SessionState.ACTIVE:
        advice = "It says that a browser without a session has one: every family would be sent there."
    good = flight.reason is Reason.ANSWER and flight.state is not SessionState.ACTIVE
    if not good and probe.canary is not None:
        advice = f"{advice} It is used all the same: {probe.canary.off}".strip()
    return Tried(ref.source, ref.id, "browser", good, happened, advice)


def _ended(flight: Flight) -> str:
    return f"back, {flight.state}," if flight.reason is Reason.ANSWER else f"ended at {flight.host or 'no host'}"


def _asked(probe: BackChannelProbe, finding: Finding) -> Tried:
    ref, happened = probe.ref, f"{finding.reason}: {finding.state}, {finding.ms} ms"
    good = finding.state is SessionState.INACTIVE
    if finding.state is SessionState.ACTIVE:
        advice = "It takes a cookie that is nobody's for a session: its 'active' pattern fits the login page."
    elif good:
        advice = ""
    elif finding.reason in ILL_REASONS:
        advice = _ADVICE[finding.reason]
    else:
        advice = "What it answers out of session fits neither pattern, or both: look at 'active' and 'inactive'."
    return Tried(ref.source, ref.id, "server", good, happened, advice)


_BROKE = "This is a bug of the probe itself: report it, with the version and the probe's kind."
_ADVICE = {
    Reason.UNPROVEN: "It keeps its visitor: is aiguilleur registered there, with this return address, and may it ask "
    "without a page being shown?",
    Reason.PARSE: "It came back with no answer to this question: compare the probe's settings with the source's.",
    Reason.SIGNATURE: "The answer is not signed by a certificate of the metadata: has the source changed its key?",
    Reason.PROTOCOL: "The source refused the question: is aiguilleur registered there under this name?",
    Reason.EXPIRED: "The answer is too old or of the future: compare this machine's clock with the source's.",
    Reason.DNS: "Its name does not resolve here: check the address; 'connect' names another one.",
    Reason.CONNECT: "Nothing accepts a connection there: check the address, the firewall and 'proxy'.",
    Reason.TLS: "Its certificate is not accepted here: 'ca_file' names the authority that signs it.",
    Reason.DEADLINE: "It takes longer than a visitor waits: is it reached from here at all ('proxy', firewall)?",
    Reason.STATUS: "The source answers with an error of its own (5xx): ask those who run it.",
    Reason.THROTTLED: "The source asks for fewer requests (429): ask those who run it to let this server through.",
    Reason.MAINTENANCE: "The source is under maintenance (503): try again later.",
}
