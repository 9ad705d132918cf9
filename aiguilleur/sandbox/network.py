"""The sandbox's host names, and which addresses belong to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

BESANCON = "teleservices.academie.localhost"
DIJON = "teleservices.dijon.localhost"
EDUCONNECT = "educonnect.education.localhost"
FRANCECONNECT = "franceconnect.gouv.localhost"
NATIONAL = "teleservices.education.localhost"
CAS = "cas.eclat.localhost"
INDEX = "sandbox.localhost"
_USUAL_PORTS = {"http": 80, "https": 443}


def portal_host(etab: str) -> str:
    """Where a school's portal stands."""
    return f"{etab}.eclat.localhost"


@dataclass(frozen=True, slots=True)
class Network:
    """One port and the hosts served on it; a return address is good only if it leads to one of them."""

    port: int
    hosts: set[str] = field(default_factory=set)
    scheme: str = "http"

    def url(self, host: str, path: str = "/", **query: str) -> str:
        """An address on one of the hosts."""
        return f"{self.scheme}://{self._authority(host)}{path}" + (f"?{urlencode(query)}" if query else "")

    def leads_to(self, address: str, *hosts: str) -> bool:
        """Whether an address is an absolute one on one of these hosts, written without tricks."""
        # urlsplit drops tabs and line ends and accepts backslashes; a browser reads them otherwise.
        if not address.isascii() or any(sign <= " " or sign in "\\\x7f" for sign in address):
            return False
        try:
            parts = urlsplit(address)
        except ValueError:
            return False
        return parts.scheme == self.scheme and parts.netloc in {self._authority(host) for host in hosts}

    def is_ours(self, address: str) -> bool:
        """Whether an address leads to a host of the sandbox."""
        return self.leads_to(address, *self.hosts)

    def _authority(self, host: str) -> str:
        return host if self.port == _USUAL_PORTS[self.scheme] else f"{host}:{self.port}"


def with_query(address: str, **added: str) -> str:
    """The address with parameters added after those it has, and without its fragment."""
    parts = urlsplit(address)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *added.items()])
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))


def host_of(address: str) -> str:
    """The host name of an address that has been checked."""
    return urlsplit(address).hostname or ""
