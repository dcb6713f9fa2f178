"""The certificate to serve by: one that was given, or this machine's own, which it renews."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from functions.local.certificate import Certificate, given_certificate, load_pair
from functions.local.self_signed import own_names, self_signed
from scienceops.adapters.local.files import make_folders, write_once, write_whole

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

#: Less than this left and a new one is made.
RENEW = timedelta(days=30)

_KEY_MODE = 0o600


def choose_certificate(home: Path, cert: Path | None, key: Path | None) -> Certificate:
    """The pair that was given, this machine's own when none was; raises BadSetting."""
    now = datetime.now(UTC)
    return given_certificate(cert, key, now) if cert and key else own_certificate(home, now)


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
    made = self_signed(key, now)
    write_whole(pair.path, made.public_bytes(serialization.Encoding.PEM), mode=0o644)
    return pair


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
        load_pair(pair)
    except (OSError, ValueError):
        return False
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    known = [str(name.value) for name in names]
    # A machine that was renamed, or a clock that was set right, also wants a new one.
    begun = found.not_valid_before_utc <= now
    return begun and now + RENEW < found.not_valid_after_utc and known == own_names()
