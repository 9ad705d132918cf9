"""A SAML service provider that asks `/disco`, and where its metadata lets browsers return from there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_plus, urlsplit

#: What an address consists of (RFC 3986), without a fragment: no letter on which two parsers could disagree.
_PLAIN = re.compile(r"(?:[A-Za-z0-9._~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2}){1,2048}")
_TOKEN = re.compile(r"[A-Za-z0-9._~-]{1,64}")
#: Some servers separate parameters by a semicolon too.
_BETWEEN = re.compile(r"[&;]")


@dataclass(frozen=True, slots=True)
class ServiceProvider:
    """Who may ask, and the only addresses that it is answered at."""

    entity_id: str
    #: The target that it stands for: whose rules choose, and whose name the mire shows.
    target: str
    #: Its `DiscoveryResponse` addresses, the default first.
    addresses: tuple[str, ...]

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts of these addresses."""
        return frozenset(urlsplit(address).hostname or "" for address in self.addresses)

    def fault(self, address: str, param: str) -> str:
        """Why a browser may not be sent to `address` with the answer in `param`; nothing when it may.

        The address is one of the metadata letter by letter; only a query may be added. It is never taken apart to
        find its host, which browsers might find elsewhere.
        """
        if not _TOKEN.fullmatch(param):
            return "returnIDParam is no plain name"
        if not is_plain(address) or not any(_is_at(address, own) for own in self.addresses):
            return "return is no address of its metadata"
        if param.casefold() in names_in(address):
            return "return has the parameter already that the answer goes in"
        return ""


def is_plain(address: str) -> bool:
    """Whether it holds only what an address consists of, and is not too long."""
    return _PLAIN.fullmatch(address) is not None


def names_in(address: str) -> set[str]:
    """The parameters in an address, in lower case, whatever way a server tells them apart; `x[]` is `x` to PHP."""
    query = address.partition("?")[2]
    names = (unquote_plus(pair.partition("=")[0]) for pair in _BETWEEN.split(query))
    return {name.partition("[")[0].strip().casefold() for name in names}


def _is_at(address: str, own: str) -> bool:
    return address == own or address.startswith(own + ("&" if "?" in own else "?"))
