"""Asks an OpenID provider whether the browser has a session there, with `prompt=none`: no page may be shown."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal, TypeAlias

from aiguilleur.core.model import Channel, Finding, ProbeRef, Reason, SessionState
from aiguilleur.probes.contract import CanaryOff, Trip
from aiguilleur.probes.way import check_front, with_query

#: OpenID Connect Core 3.1.2.6: how a provider says that it would have had to show a page.
PassiveError: TypeAlias = Literal[
    "login_required", "consent_required", "account_selection_required", "interaction_required"
]
#: A provider that wants consent, or a choice among accounts, knows who is there; one that wants "interaction" of
#: some kind may mean the login form.
_MEANINGS: Mapping[PassiveError, SessionState] = {
    "login_required": SessionState.INACTIVE,
    "consent_required": SessionState.ACTIVE,
    "account_selection_required": SessionState.ACTIVE,
    "interaction_required": SessionState.UNKNOWN,
}
#: A request object would replace what is asked here, and another response mode bring the answer where none is read.
_RESERVED = (
    *("response_type", "response_mode", "client_id", "redirect_uri", "scope", "state", "nonce", "prompt"),
    *("code_challenge", "code_challenge_method", "request", "request_uri"),
)
#: RFC 6749 A.11 and A.7: of which characters a code and an error are made.
_CODE = re.compile(r"[\x20-\x7e]{1,4096}")
_ERROR = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]{1,128}")


@dataclass(frozen=True, slots=True)
class OidcPassive:
    """One authentication request that shows no page (OpenID Connect Core 3.1.2.1), whose code is never exchanged."""

    #: The fields that hold an address which must be safe to name.
    addresses: ClassVar[tuple[str, ...]] = ("url",)
    echo: ClassVar[str] = "state"
    by_post: ClassVar[bool] = False

    id: str
    source: str
    #: The provider's `authorization_endpoint`.
    url: str
    #: The provider's `issuer`, letter by letter.
    issuer: str
    client_id: str
    scope: str = "openid"
    #: What an error means at this source, where that differs from the usual.
    answers: Mapping[PassiveError, SessionState] = field(default_factory=dict, hash=False)
    #: Whether an answer without `iss` (RFC 9207) counts for nothing. Off, because providers that announce it leave it
    #: out of errors (Keycloak 23, issue 25584), others never send it, and what it prevents is a code that is exchanged
    #: at another provider's: ours is exchanged nowhere.
    iss_required: bool = False
    canary: CanaryOff | None = None
    #: Where the canary connects to instead of each address's own: `host:port`, or `host` to keep the port.
    connect: str | None = None
    #: The only authorities that the canary trusts for this source, in PEM; else the usual ones.
    ca_file: str | None = None
    #: The canary's `http://` proxy; may hold its own password.
    proxy: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse what could never work."""
        check_front(self.url, _RESERVED, connect=self.connect, ca_file=self.ca_file, proxy=self.proxy)
        for name in ("issuer", "client_id"):
            if not getattr(self, name).strip():
                raise ValueError(f"{name}: is empty; the provider gives it when it registers aiguilleur")
        if "openid" not in self.scope.split():
            raise ValueError(f"scope: '{self.scope}' lacks openid, without which prompt=none means nothing")

    @property
    def ref(self) -> ProbeRef:
        """What the decision knows of this probe."""
        return ProbeRef(self.id, self.source, Channel.FRONT)

    def departure(self, trip: Trip, now: datetime) -> str:  # noqa: ARG002 (a provider asks for no date)
        """The authorization endpoint, told to answer without a page."""
        return with_query(
            self.url,
            {
                "response_type": "code",
                "client_id": self.client_id,
                "redirect_uri": trip.return_url,
                "scope": self.scope,
                "state": trip.id,
                "nonce": secrets.token_urlsafe(16),
                "prompt": "none",
                # RFC 7636 4.2: 32 bytes in base64url, drawn and not derived. Nobody holds a verifier that fits, so
                # a code that leaks on its way is of no use to anyone.
                "code_challenge": secrets.token_urlsafe(32),
                "code_challenge_method": "S256",
            },
        )

    def arrival(self, trip: Trip, params: Mapping[str, str], now: datetime) -> Finding:  # noqa: ARG002 (no date either)
        """Active with a code, which is forgotten; else what the error means."""
        state, reason = self._read(params)
        return Finding(self.source, state, Channel.FRONT, self.id, reason)

    def _read(self, params: Mapping[str, str]) -> tuple[SessionState, Reason]:
        if not self._issued(params.get("iss")):
            return SessionState.UNKNOWN, Reason.PARSE
        match params.get("code"), params.get("error"):
            case str(code), None if _CODE.fullmatch(code):
                return SessionState.ACTIVE, Reason.ANSWER
            case None, str(error):
                return self._meaning(error)
            case _:
                return SessionState.UNKNOWN, Reason.PARSE

    def _issued(self, iss: str | None) -> bool:
        """Whether the answer names the right provider (RFC 9207 2.4), or none where it need not."""
        return not self.iss_required if iss is None else iss == self.issuer

    def _meaning(self, error: str) -> tuple[SessionState, Reason]:
        for known, usual in _MEANINGS.items():
            if error == known:
                return self.answers.get(known, usual), Reason.ANSWER
        # Such as `unauthorized_client`, which our request has deserved, or `server_error` (RFC 6749 4.1.2.1).
        return SessionState.UNKNOWN, Reason.PROTOCOL if _ERROR.fullmatch(error) else Reason.PARSE
