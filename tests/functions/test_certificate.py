"""The certificate of a machine is made once, lasts, and is renewed under the same key."""

import contextlib
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from functions.local.certificate import given_certificate
from functions.local.own_certificate import own_certificate
from functions.local.self_signed import own_names
from scienceops.errors import BadSetting, Unavailable
from scienceops.trust import trust_only

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_the_key_is_for_its_owner_alone(tmp_path):
    pair = own_certificate(tmp_path, NOW)
    assert pair.key_path.stat().st_mode & 0o777 == 0o600
    assert pair.key_path.parent == tmp_path / "tls"


def test_it_is_made_once(tmp_path):
    first = own_certificate(tmp_path, NOW).path.read_bytes()
    assert own_certificate(tmp_path, NOW + timedelta(days=300)).path.read_bytes() == first


def test_it_names_this_machine(tmp_path):
    found = x509.load_pem_x509_certificate(own_certificate(tmp_path, NOW).path.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"localhost", "127.0.0.1", "::1"} <= {str(name.value) for name in names}
    assert [str(name.value) for name in names] == own_names()


def test_one_that_ends_soon_is_renewed_under_the_same_key(tmp_path):
    pair = own_certificate(tmp_path, NOW)
    certificate, key = pair.path.read_bytes(), pair.key_path.read_bytes()
    later = NOW + timedelta(days=380)
    own_certificate(tmp_path, later)
    assert pair.key_path.read_bytes() == key
    assert pair.path.read_bytes() != certificate
    assert given_certificate(pair.path, pair.key_path, later) == pair


def test_what_is_broken_is_made_anew(tmp_path):
    pair = own_certificate(tmp_path, NOW)
    pair.key_path.write_text("no key")
    own_certificate(tmp_path, NOW)
    given_certificate(pair.path, pair.key_path, NOW)
    pair.path.write_text("no certificate")
    own_certificate(tmp_path, NOW)
    given_certificate(pair.path, pair.key_path, NOW)


def test_a_key_of_another_certificate_is_told_in_one_line(tmp_path):
    mine, other = own_certificate(tmp_path / "a", NOW), own_certificate(tmp_path / "b", NOW)
    with pytest.raises(BadSetting, match="does not belong") as told:
        given_certificate(mine.path, other.key_path, NOW)
    assert str(mine.path) in str(told.value)
    assert str(other.key_path) in str(told.value)
    assert "\n" not in str(told.value)


def test_a_file_that_is_missing_is_named(tmp_path):
    pair = own_certificate(tmp_path, NOW)
    with pytest.raises(BadSetting, match=r"missing\.pem is no file"):
        given_certificate(pair.path, tmp_path / "missing.pem", NOW)


def test_a_file_that_holds_no_certificate_is_told(tmp_path):
    pair = own_certificate(tmp_path, NOW)
    with pytest.raises(BadSetting, match="PEM"):
        given_certificate(pair.key_path, pair.key_path, NOW)


def test_an_expired_certificate_is_told_with_its_dates(tmp_path):
    pair = own_certificate(tmp_path, NOW)
    with pytest.raises(BadSetting, match="2026-11-23 to 2027-12-25, and today is 2028-01-01"):
        given_certificate(pair.path, pair.key_path, datetime(2028, 1, 1, tzinfo=UTC))


def test_an_encrypted_key_asks_nobody_for_a_password(tmp_path):
    pair = own_certificate(tmp_path, NOW)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"word"),
        )
    )
    with pytest.raises(BadSetting, match="encrypted"):
        given_certificate(pair.path, locked, NOW)


def shake_hands(server, client):
    """A TLS handshake in memory; raises what the client has against the server."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.path, server.key_path)
    ends = [
        context.wrap_bio(to_server, to_client, server_side=True),
        client.wrap_bio(to_client, to_server, server_hostname="127.0.0.1"),
    ]
    for _ in range(4):
        for end in reversed(ends):
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()


def test_a_client_trusts_the_first_certificate_of_a_file_and_no_other(tmp_path):
    now = datetime.now(UTC)
    mine, other = own_certificate(tmp_path / "a", now), own_certificate(tmp_path / "b", now)
    chain = tmp_path / "chain.pem"
    chain.write_bytes(mine.path.read_bytes() + other.path.read_bytes())
    shake_hands(mine, trust_only(chain))
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(other, trust_only(chain))


def test_a_certificate_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(Unavailable, match=r"gone\.pem"):
        trust_only(tmp_path / "gone.pem")
