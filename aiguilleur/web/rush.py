"""What is left out when more visits arrive than can be answered, so that none waits long and all get a page."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING, Any

from aiguilleur.web.security import is_prefetch

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

#: What the journal calls a visit that got the page held in memory because of the rush.
OUTCOME = "rush"
#: Who has waited this long for a thread, in seconds, finds no source asked anew; and who has waited that long, no page
#: drawn for them alone.
_LATE_S, _OVERDUE_S = 0.25, 0.75
_WAITED = "aiguilleur.waited_s"
#: What ends a visit costs little, and must not be in vain; what watches over the service must hear the truth.
_ALWAYS = re.compile(r"/(healthz|readyz|choix|retour/.*|static/.*)$")
#: `tcpi_last_data_recv` in `struct tcp_info` of linux/tcp.h: eight bytes, then the twelfth number.
_LAST_RECEIVED = slice(8 + 11 * 4, 8 + 12 * 4)


def note_wait(environ: WSGIEnvironment) -> None:
    """Keep how long the request has waited for a thread to take it; to be called before it is answered."""
    environ[_WAITED] = _waited_s(environ.get("gunicorn.socket"))


def late() -> dict[str, float]:
    """What a request must say to find no source asked anew."""
    return {_WAITED: _LATE_S}


def is_late(environ: WSGIEnvironment) -> bool:
    """Whether no source may be asked anew for this request."""
    return bool(environ.get(_WAITED, 0.0) >= _LATE_S)


def is_overdue(environ: WSGIEnvironment) -> bool:
    """Whether this request gets the page held in memory."""
    if environ.get(_WAITED, 0.0) < _OVERDUE_S or environ["REQUEST_METHOD"] != "GET":
        return False
    # The browser would show the page at the click; who is told to come again costs as little.
    if is_prefetch(environ):
        return False
    return "source=" not in environ.get("QUERY_STRING", "") and not _ALWAYS.match(environ.get("PATH_INFO", ""))


def _waited_s(connection: Any) -> float:
    """The seconds since the last byte came in, by the kernel's clock: the queues before a thread are in it."""
    try:
        told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAST_RECEIVED.stop)
    except (AttributeError, OSError):
        # No server's connection, or not TCP: a proxy in front of a socket file.
        return 0.0
    return int.from_bytes(told[_LAST_RECEIVED], "little") / 1000
