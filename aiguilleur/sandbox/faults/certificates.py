"""An authority that signs servers' certificates, good ones and spoilt ones; only those who are told to trust it."""

from __future__ import annotations

import ssl
import warnings
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from aiguilleur.sandbox.faults.kinds import Fault


class Authority:
    """A certificate authority of its own; `path` holds its certificate in PEM, for `ca_file`."""

    def __init__(self, folder: Path) -> None:
        """Make it; its files, and those of the servers, are written to the folder."""
        self.path = folder / "ca.pem"
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("aiguilleur authority")
        mine = self._certificate(self._key, self._name, 2).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self.path.write_bytes(mine.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))

    def server(self, *names: str, days: int = 2, self_signed: bool = False) -> ssl.SSLContext:
        """A server's TLS, whose certificate is good for these names and addresses, and ends in so many days."""
        key, subject = ec.generate_private_key(ec.SECP256R1()), _named("source")
        others = x509.SubjectAlternativeName([_general(name) for name in names])
        builder = self._certificate(key, subject, days, subject if self_signed else self._name)
        signed = builder.add_extension(others, critical=False).sign(key if self_signed else self._key, hashes.SHA256())
        path = self._folder / f"server-{signed.serial_number}.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(private + signed.public_bytes(Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def faults(self, *names: str) -> dict[Fault, ssl.SSLContext]:
        """The TLS of a server for these names: when it is well, and with each fault of the certificate or the age."""
        return {
            Fault.WELL: self.server(*names),
            Fault.TLS_EXPIRED: self.server(*names, days=-1),
            Fault.TLS_WRONG_HOST: self.server("other.test"),
            Fault.TLS_SELF_SIGNED: self.server(*names, self_signed=True),
            Fault.TLS_OLD: _old(self.server(*names)),
        }

    def _certificate(
        self, key: ec.EllipticCurvePrivateKey, subject: x509.Name, days: int, issuer: x509.Name | None = None
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer or subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=3))
            .not_valid_after(now + timedelta(days=days))
        )


def _old(context: ssl.SSLContext) -> ssl.SSLContext:
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        # That it is deprecated is the point.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    return context


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
