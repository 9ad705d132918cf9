"""The way to a source, as its settings write it: refused at load where no request or browser could ever take it."""

from __future__ import annotations

import re
import ssl
from collections.abc import Collection, Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_CONNECT = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z.-]+)(?::([0-9]{1,5}))?")


def check_url(url: str, where: str = "url") -> None:
    """ValueError unless it is an http(s) address in ASCII, without user name and fragment; `where` says which."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or "#" in url:
        raise ValueError(f"{where}: is not an http(s) address without user name and fragment")
    if not _PRINTABLE.fullmatch(url):
        raise ValueError(
            f"{where}: holds a space or a letter outside ASCII; write it percent-encoded, its host in punycode"
        )
    check_port(80 if parts.port is None else parts.port, where)


def check_port(port: int, where: str) -> None:
    """ValueError unless a server can be there."""
    if not 1 <= port <= 65535:
        raise ValueError(f"{where}: {port} is not a port; give one from 1 to 65535")


def check_proxy(proxy: str | None) -> None:
    """ValueError unless it is the address of a plain HTTP proxy."""
    if proxy is not None and (not proxy.startswith("http://") or not urlsplit(proxy).hostname):
        raise ValueError("proxy: is not an http://host:port address; https sources are reached through it all the same")


def check_front(
    url: str,
    reserved: Collection[str],
    *,
    connect: str | None,
    ca_file: str | None,
    proxy: str | None,
    where: str = "url",
) -> None:
    """ValueError when a browser sent to `url` could not ask, or the canary could not follow it.

    `reserved` are the parameters that the protocol fixes: named twice, which one counts is the server's whim.
    """
    check_url(url, where)
    for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        if name in reserved:
            raise ValueError(f"{where}: says '{name}' already, which the probe decides; remove it from the address")
    check_proxy(proxy)
    _check_connect(connect, proxy)
    _check_ca_file(ca_file)


def with_query(url: str, params: Mapping[str, str]) -> str:
    """The address with these parameters behind those that it has."""
    return joined(url, urlencode(params))


def joined(url: str, query: str) -> str:
    """The address with a query, which stays as it is, behind the one that it has."""
    address, _, own = url.partition("?")
    return f"{address}?{own}{'&' if own else ''}{query}"


def _check_connect(connect: str | None, proxy: str | None) -> None:
    if connect is None:
        return
    if proxy is not None:
        raise ValueError("connect: cannot be combined with proxy, which does the connecting; keep one of them")
    way = _CONNECT.fullmatch(connect)
    if not way:
        raise ValueError(f"connect: '{connect}' is not host or host:port, such as 127.0.0.1:8000 or [::1]:8000")
    check_port(int(way[1] or 80), "connect")


def _check_ca_file(ca_file: str | None) -> None:
    try:
        if ca_file is not None:
            ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ValueError(f"ca_file: '{ca_file}' holds no certificates in PEM ({error.strerror})") from error
