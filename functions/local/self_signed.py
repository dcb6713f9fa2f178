"""A certificate that a key signs for itself, in the names of this machine."""

import ipaddress
import socket
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

#: The longest that browsers accept of a certificate.
VALID = timedelta(days=397)


def own_names() -> list[str]:
    """Names and addresses under which this machine reaches itself."""
    host = socket.gethostname()
    return [*sorted({"localhost", host} if host.isascii() else {"localhost"}), "127.0.0.1", "::1"]


def self_signed(key: "EllipticCurvePrivateKey", now: datetime) -> "x509.Certificate":
    """A certificate of the key, good from an hour before `now` for VALID."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ScienceOps on this machine")])
    at = now.astimezone(UTC).replace(microsecond=0)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Clocks differ a little, and a client whose clock is behind would refuse it.
        .not_valid_before(at - timedelta(hours=1))
        .not_valid_after(at + VALID - timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([_general(n) for n in own_names()]), False)
        # It signs nothing but itself: whoever trusts it trusts no other certificate.
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .sign(key, hashes.SHA256())
    )


def _general(name: str) -> "x509.GeneralName":
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
