"""The certificate of a gateway that serves HTTPS: the one given, or one made for this machine."""

import ipaddress
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from scienceops.adapters.local.files import make_folders, write_once, write_whole
from scienceops.errors import BadSetting

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

#: The longest that browsers accept of a certificate.
VALID = timedelta(days=397)
#: Less than this left and a new one is made.
RENEW = timedelta(days=30)

_KEY_MODE = 0o600


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, in PEM files."""

    path: Path
    key_path: Path


def given_certificate(path: Path, key_path: Path, now: datetime) -> Certificate:
    """The pair as it was given; raises BadSetting when it cannot be served."""
    from cryptography import x509

    pair = Certificate(path.absolute(), key_path.absolute())
    for file in (pair.path, pair.key_path):
        if not file.is_file():
            raise BadSetting(f"{file} is no file: wanted a certificate and its key in PEM form")
    try:
        _load(pair)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise BadSetting(
                f"the key in {pair.key_path} does not belong to the certificate in {pair.path}: "
                "give the key that it was made with"
            ) from None
        raise BadSetting(
            f"{pair.path} and {pair.key_path} cannot be served ({error.reason or error}): "
            "wanted a certificate and its key in PEM form"
        ) from None
    except (OSError, ValueError) as error:
        raise BadSetting(f"{pair.path} and {pair.key_path} cannot be read: {error}") from None
    found = x509.load_pem_x509_certificate(pair.path.read_bytes())
    if not found.not_valid_before_utc <= now < found.not_valid_after_utc:
        raise BadSetting(
            f"the certificate in {pair.path} is valid from {found.not_valid_before_utc:%Y-%m-%d} "
            f"to {found.not_valid_after_utc:%Y-%m-%d}, and today is {now:%Y-%m-%d}: renew it"
        )
    return pair


def own_certificate(home: Path, now: datetime) -> Certificate:
    """A self-signed pair for this machine under home/tls, made when there is none that lasts.

    The key stays the same when the certificate is renewed, so that replacing one file is enough.
    """
    from cryptography.hazmat.primitives import serialization

    pair = Certificate(home / "tls" / "certificate.pem", home / "tls" / "key.pem")
    make_folders(pair.path.parent)
    pair.path.parent.chmod(0o700)
    key = _read_key(pair.key_path)
    if key is not None and _lasts(pair, now):
        return pair
    if key is None:
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        pair.key_path.unlink(missing_ok=True)
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        write_once(pair.key_path, pem, mode=_KEY_MODE)
    made = _self_signed(key, now)
    write_whole(pair.path, made.public_bytes(serialization.Encoding.PEM), mode=0o644)
    return pair


def own_names() -> list[str]:
    """Names and addresses under which this machine reaches itself."""
    host = socket.gethostname()
    return [*sorted({"localhost", host} if host.isascii() else {"localhost"}), "127.0.0.1", "::1"]


def _load(pair: Certificate) -> None:
    def no_password() -> str:
        raise ValueError("the key is encrypted, and nobody is there to give its password")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.path, pair.key_path, password=no_password)


def _read_key(path: Path) -> "EllipticCurvePrivateKey | None":
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    path.chmod(_KEY_MODE)
    return key if isinstance(key, EllipticCurvePrivateKey) else None


def _lasts(pair: Certificate, now: datetime) -> bool:
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificate(pair.path.read_bytes())
        _load(pair)
    except (OSError, ValueError):
        return False
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    known = [str(name.value) for name in names]
    # A machine that was renamed, or a clock that was set right, also wants a new one.
    begun = found.not_valid_before_utc <= now
    return begun and now + RENEW < found.not_valid_after_utc and known == own_names()


def _self_signed(key: "EllipticCurvePrivateKey", now: datetime) -> "x509.Certificate":
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
