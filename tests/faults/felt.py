"""What a client that is well made says of each fault."""

from __future__ import annotations

from aiguilleur.core.model import Reason
from aiguilleur.probes.client import Client
from aiguilleur.probes.exchange import Answer, ProbeError, Request, why_unread
from aiguilleur.sandbox.faults import Fault
from tests.waiting import AMPLE

#: What a fault that stalls is given, in seconds.
BUDGET = 0.25
SEEN = {
    Fault.WELL: None,
    Fault.REFUSED: Reason.CONNECT,
    Fault.SWALLOWED: Reason.DEADLINE,
    Fault.SILENT: Reason.DEADLINE,
    Fault.SLOW_HEADERS: Reason.DEADLINE,
    Fault.SLOW_BODY: Reason.DEADLINE,
    Fault.ENDLESS_CONTINUE: Reason.DEADLINE,
    Fault.RESET_IN_HEADERS: Reason.PROTOCOL,
    Fault.RESET_IN_BODY: Reason.PROTOCOL,
    Fault.ERROR_500: Reason.STATUS,
    Fault.ERROR_502: Reason.STATUS,
    Fault.THROTTLED: Reason.THROTTLED,
    Fault.THROTTLED_120: Reason.THROTTLED,
    Fault.RESTING_120: Reason.MAINTENANCE,
    Fault.RESTING_DATE: Reason.MAINTENANCE,
    Fault.RESTING_GARBAGE: Reason.MAINTENANCE,
    Fault.RESTING_FOREVER: Reason.MAINTENANCE,
    Fault.NOISE: None,
    Fault.WRONG_TYPE: None,
    Fault.LOGIN_PAGE: None,
    Fault.HUGE: Reason.OVERSIZE,
    Fault.GZIP_BOMB: Reason.OVERSIZE,
    Fault.REDIRECT_LOOP: Reason.PARSE,
    Fault.REDIRECT_ELSEWHERE: Reason.PARSE,
    Fault.TLS_STALL: Reason.DEADLINE,
    Fault.TLS_DRIP: Reason.DEADLINE,
    Fault.TLS_EXPIRED: Reason.TLS,
    Fault.TLS_WRONG_HOST: Reason.TLS,
    Fault.TLS_SELF_SIGNED: Reason.TLS,
    Fault.TLS_OLD: Reason.TLS,
}


def patience(fault: Fault) -> float:
    """How long to wait for what this fault does: whatever is told before the time is over may take its time."""
    return BUDGET if SEEN[fault] is Reason.DEADLINE else AMPLE


def asked(client: Client, url: str, within: float = AMPLE) -> Answer | Reason:
    """The answer for a visitor's cookie, or why there is none."""
    try:
        answer = client.send(Request(url), {"Cookie": "sid=canary"}, within)
    except ProbeError as failure:
        return failure.reason
    return answer


def felt(client: Client, url: str, within: float = AMPLE) -> Reason | None:
    """What is wrong with the answer; None for a 200 that can be read."""
    answer = asked(client, url, within)
    if isinstance(answer, Reason):
        return answer
    return answer.unreadable or (None if answer.status == 200 else why_unread(answer))
