"""The probe: sends the browser with a passive AuthnRequest, and reads the status of the Response it comes back with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from aiguilleur.core.model import Channel, Finding, ProbeRef, Reason, SessionState
from aiguilleur.probes.contract import CanaryOff, ConfigFile, Trip
from aiguilleur.probes.expiry import Expiry, of_authorities
from aiguilleur.probes.saml.metadata import IdentityProvider, identity_provider
from aiguilleur.probes.saml.request import authn_request, redirect_query, request_id
from aiguilleur.probes.saml.response import Expected, decoded, status_of
from aiguilleur.probes.saml.xml import SamlError
from aiguilleur.probes.way import check_front, joined

#: SAML bindings 3.4.4: what the question is made of.
_RESERVED = ("SAMLRequest", "RelayState", "SigAlg", "Signature")


@dataclass(frozen=True, slots=True)
class SamlPassive:
    """One AuthnRequest with `IsPassive`; `Success` is a session, whoever it belongs to."""

    addresses: ClassVar[tuple[str, ...]] = ("sso_url",)
    echo: ClassVar[str] = "RelayState"
    by_post: ClassVar[bool] = True

    id: str
    source: str
    #: The identity provider's metadata, a file of the configuration.
    metadata: ConfigFile
    #: Its entityID, when that file has several.
    idp: str | None = None
    #: Our own entityID; else the address of our metadata.
    entity_id: str | None = None
    #: What `NoPassive` says: a source that has a question left (which profile?) answers so in session too.
    no_passive: Literal[SessionState.INACTIVE, SessionState.UNKNOWN] = SessionState.UNKNOWN
    #: Whether `NoPassive` without a signature is an answer at all; it says `unknown` then, whatever `no_passive` is.
    unsigned_no_passive: bool = False
    #: Our private key, RSA in PEM, and its certificate: requests are signed then.
    key_file: str | None = field(default=None, repr=False)
    certificate: ConfigFile | None = None
    #: A certificate to encrypt assertions for, whose private key nobody has.
    encryption: ConfigFile | None = None
    canary: CanaryOff | None = None
    #: Where the canary connects to instead of each address's own: `host:port`, or `host` to keep the port.
    connect: str | None = None
    #: The only authorities that the canary trusts for this source, in PEM; else the usual ones.
    ca_file: str | None = None
    #: The canary's `http://` proxy; may hold its own password.
    proxy: str | None = field(default=None, repr=False)
    _provider: IdentityProvider = field(init=False, repr=False, compare=False)
    _key: RSAPrivateKey | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what could never work."""
        object.__setattr__(self, "_provider", self._described())
        where = f"metadata: SingleSignOnService in '{self.metadata.name}'"
        check_front(self.sso_url, _RESERVED, connect=self.connect, ca_file=self.ca_file, proxy=self.proxy, where=where)
        if (self.key_file is None) != (self.certificate is None):
            raise ValueError("key_file: signs requests, and certificate is what it is checked with; give both or none")
        object.__setattr__(self, "_key", _key(self.key_file) if self.key_file else None)
        for name, pem in (("certificate", self.certificate), ("encryption", self.encryption)):
            if pem is not None:
                _certificate(name, pem)

    @property
    def ref(self) -> ProbeRef:
        """What the decision knows of this probe."""
        return ProbeRef(self.id, self.source, Channel.FRONT)

    @property
    def sso_url(self) -> str:
        """Where the browser is sent, from the metadata."""
        return self._provider.sso_url

    def issuer(self, trip: Trip) -> str:
        """Our entityID."""
        return self.entity_id or f"{trip.return_url.partition('/retour/')[0]}/saml/metadata"

    def signing_certificates(self) -> tuple[x509.Certificate, ...]:
        """What our requests are checked with, if they are signed."""
        return (_certificate("certificate", self.certificate),) if self.certificate else ()

    def encryption_certificates(self) -> tuple[x509.Certificate, ...]:
        """What assertions are encrypted for, if they are."""
        return (_certificate("encryption", self.encryption),) if self.encryption else ()

    def expiries(self) -> Iterator[Expiry]:
        """The end of the metadata, of the certificates in it and of our own."""
        if self._provider.valid_until:
            yield Expiry(self._provider.valid_until, f"the metadata '{self.metadata.name}' (validUntil)")
        last = max(each.not_valid_after_utc for each in self._provider.certificates)
        yield Expiry(last, f"the last signing certificate in '{self.metadata.name}'")
        for name, pem in (("certificate", self.certificate), ("encryption", self.encryption)):
            if pem:
                yield Expiry(_certificate(name, pem).not_valid_after_utc, f"our certificate '{pem.name}'")
        yield from of_authorities(self.ca_file)

    def departure(self, trip: Trip, now: datetime) -> str:
        """The single sign-on address with this trip's question."""
        request = authn_request(trip, now, self.issuer(trip), self.sso_url)
        return joined(self.sso_url, redirect_query(request, trip.id, self._key))

    def arrival(self, trip: Trip, params: Mapping[str, str], now: datetime) -> Finding:
        """What the status of the Response means; the assertion in it is never looked at."""
        expected = Expected(request_id(trip), trip.return_url, self._provider.entity_id)
        try:
            status = status_of(
                decoded(params.get("SAMLResponse", "")),
                expected,
                self._provider.certificates,
                now,
                unsigned=self.unsigned_no_passive,
            )
        except SamlError as refused:
            return self._found(SessionState.UNKNOWN, refused.reason)
        if status.is_success:
            return self._found(SessionState.ACTIVE, Reason.ANSWER)
        if status.is_no_passive:
            return self._found(self.no_passive if status.signed else SessionState.UNKNOWN, Reason.ANSWER)
        return self._found(SessionState.UNKNOWN, Reason.PROTOCOL if status.signed else Reason.SIGNATURE)

    def _described(self) -> IdentityProvider:
        try:
            return identity_provider(self.metadata.content, self.idp)
        except SamlError as error:
            raise ValueError(f"metadata: '{self.metadata.name}' {error}") from error

    def _found(self, state: SessionState, reason: Reason) -> Finding:
        return Finding(self.source, state, Channel.FRONT, self.id, reason)


def _key(path: str) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(Path(path).read_bytes(), password=None)
    except OSError as error:
        raise ValueError(f"key_file: '{path}' cannot be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise ValueError(f"key_file: '{path}' holds no private key in PEM without a password") from error
    if not isinstance(key, RSAPrivateKey):
        raise ValueError(f"key_file: '{path}' is no RSA key")
    return key


def _certificate(name: str, pem: ConfigFile) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem.content)
    except ValueError as error:
        raise ValueError(f"{name}: '{pem.name}' holds no certificate in PEM") from error
