"""The certificate of a gateway that serves HTTPS, as it was given."""

import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scienceops.errors import BadSetting


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
        load_pair(pair)
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


def load_pair(pair: Certificate) -> None:
    """Load it as a server does; raises OSError and ValueError."""

    def no_password() -> str:
        raise ValueError("the key is encrypted, and nobody is there to give its password")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.path, pair.key_path, password=no_password)
