"""A certificate for the sandbox's hosts, which only those who are told to will trust."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

#: The sites of `aiguilleur.sandbox`, by their domains.
DOMAINS = ("academie", "autre", "dijon", "eclat", "education", "gouv")


def write_certificate(path: Path, *addresses: str) -> Path:
    """Write a key and its self-signed certificate in PEM, for the sandbox's hosts and these addresses."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "aiguilleur tests")])
    names: list[x509.GeneralName] = [x509.DNSName(f"*.{each}.localhost") for each in DOMAINS]
    names += [x509.IPAddress(ip_address(each)) for each in addresses]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return path
