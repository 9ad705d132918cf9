"""What a request says by itself, read into configured names only; nothing a visitor wrote goes further than here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from aiguilleur.core.model import Arrival, Channel, Finding, Reason, SessionState, Signals

#: Values under which a cookie is there and says nothing; ClearTrust writes `%20` when the visitor has logged out.
_BLANK = frozenset({"", "%20", '""', '"%20"'})
#: More cookies than this are not looked at: a browser keeps fewer for one host.
_MOST_COOKIES = 200
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Known:
    """The names and hosts that the configuration gives a meaning to."""

    entries: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    cookies: frozenset[str] = frozenset()
    #: Hosts and `*.` patterns that rules or portals name.
    hosts: tuple[str, ...] = ()
    portal_suffix: str | None = None


@dataclass(frozen=True, slots=True)
class Presumption:
    """What the presence, or the absence, of a cookie lets us presume of one source."""

    source: str
    state: SessionState
    cookie: str | None = None
    no_cookie: str | None = None
    unless_blank: str | None = None

    def holds(self, cookies: Mapping[str, str]) -> bool:
        """Whether these cookies support it."""
        if self.unless_blank and self.unless_blank in cookies and is_blank(cookies[self.unless_blank]):
            return False
        if self.cookie is not None:
            return not is_blank(cookies.get(self.cookie, ""))
        return is_blank(cookies.get(self.no_cookie or "", ""))


def cookies_of(header: str) -> dict[str, str]:
    """The cookies of a `Cookie` header, values as they came; the first of a name counts (RFC 6265 4.2.2)."""
    cookies: dict[str, str] = {}
    if not header:
        return cookies
    for pair in header.split(";")[:_MOST_COOKIES]:
        name, equals, value = pair.strip().partition("=")
        if equals and name and name not in cookies:
            cookies[name] = value.strip()
    return cookies


def is_blank(value: str) -> bool:
    """Whether a cookie of this value says nothing."""
    return value in _BLANK


def read(
    known: Known,
    headers: Mapping[str, str],
    cookies: Mapping[str, str],
    *,
    entry: str | None = None,
    choice: str | None = None,
    remembered: str | None = None,
) -> Signals:
    """The signals of one request; whatever the configuration does not name is dropped."""
    return Signals(
        choice=choice if choice in known.sources else None,
        remembered=remembered if remembered in known.sources else None,
        entry=entry if entry in known.entries else None,
        arrival=arrival_of(headers),
        referer_host=matching_host(referer_host(headers), known.hosts),
        cookies=frozenset(
            [f"{name}=blank" if is_blank(cookies[name]) else name for name in known.cookies if name in cookies]
        ),
    )


def presumed(presumptions: Iterable[Presumption], cookies: Mapping[str, str]) -> Iterator[Finding]:
    """The weak findings that these cookies support."""
    for presumption in presumptions:
        if presumption.holds(cookies):
            by = presumption.cookie or f"no {presumption.no_cookie}"
            yield Finding(presumption.source, presumption.state, Channel.SIGNAL, by, Reason.PRESUMED)


def arrival_of(headers: Mapping[str, str]) -> Arrival:
    """How the browser came, by `Sec-Fetch-Site` (W3C Fetch Metadata); from the referer where a browser sends none."""
    match headers.get("Sec-Fetch-Site", ""):
        case "same-origin" | "same-site":
            return Arrival.SAME_SITE
        case "cross-site":
            return Arrival.CROSS_SITE
        case "" if referer_host(headers):
            return Arrival.CROSS_SITE
        case _:
            return Arrival.NONE


def referer_host(headers: Mapping[str, str]) -> str | None:
    """The lower-case host of an http(s) referer; a malformed one and `android-app:` are none."""
    return web_host(headers.get("Referer", "")[:2048])


def web_host(address: str) -> str | None:
    """The lower-case host of an http(s) address; anything else has none."""
    return _host_in(origin_of(address))


def origin_of(address: str) -> str:
    """An address up to its path: what is known again must not hold what the rest may say of somebody."""
    head = address.partition("?")[0].partition("#")[0].split("/", 3)[:3]
    # Nor the name before a host, which no browser sends in a referer.
    return "/".join((*head[:2], head[2].rpartition("@")[2])) if len(head) == 3 else ""


@lru_cache(256)
def _host_in(origin: str) -> str | None:
    try:
        parts = urlsplit(origin)
        host = parts.hostname
    except ValueError:
        return None
    return host if host and parts.scheme in ("http", "https") else None


def matching_host(host: str | None, patterns: Sequence[str]) -> str | None:
    """The configured host or `*.` pattern that a host matches, exact ones first; `other` when none does."""
    if host is None:
        return None
    if host in patterns:
        return host
    for pattern in patterns:
        if matches(host, pattern):
            return pattern
    return OTHER


def matches(host: str, pattern: str) -> bool:
    """Whether a host is the pattern, or one label below a `*.` pattern."""
    if not pattern.startswith("*."):
        return host == pattern
    label, _, rest = host.partition(".")
    return bool(label) and rest == pattern[2:]


def candidate_schools(known: Known, referer: str, path: str | None, query: str | None) -> Iterator[str]:
    """What may name the school, the surest first: the path, `?etab=`, the portal that the link stands in."""
    yield from filter(None, (path, query))
    host = referer_host({"Referer": referer})
    if host and known.portal_suffix and matches(host, f"*.{known.portal_suffix}"):
        yield host
