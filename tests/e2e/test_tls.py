"""HTTPS on one machine: trusted by its certificate, refused without it, and never plain HTTP."""

import http.client
import json
import ssl
import urllib.error
import urllib.request
from datetime import UTC, datetime

import pytest
from contract.waiting import PATIENCE
from models import iris_rows, pack_iris
from platform_process import Platform

from functions.local.own_certificate import own_certificate


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    platform = Platform(tmp_path_factory.mktemp("home"))
    platform.url = platform.url.replace("http:", "https:")
    try:
        yield platform.up("--tls")
    finally:
        platform.down()


@pytest.fixture(scope="module")
def trusting(platform):
    return ssl.create_default_context(cafile=platform.home / "tls" / "certificate.pem")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_who_trusts_the_certificate_is_answered(platform, trusting, host):
    url = f"https://{host}:{platform.port}/healthz"
    with urllib.request.urlopen(url, timeout=10 * PATIENCE, context=trusting) as reply:
        assert reply.status == 200


def test_who_does_not_trust_it_is_warned(platform):
    with pytest.raises(urllib.error.URLError) as told:
        urllib.request.urlopen(platform.url, timeout=10 * PATIENCE)
    assert isinstance(told.value.reason, ssl.SSLCertVerificationError)


def test_plain_http_is_refused(platform):
    connection = http.client.HTTPConnection("127.0.0.1", platform.port, timeout=10 * PATIENCE)
    connection.request("GET", "/healthz")
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        connection.getresponse()
    connection.close()


def test_the_command_line_trusts_it_by_itself(platform, tmp_path):
    platform.cli("push", str(pack_iris(tmp_path)), "--wait")
    rows = tmp_path / "rows.jsonl"
    rows.write_text("\n".join(json.dumps(row) for row in iris_rows()[:3]))
    key = platform.json("keys", "iris", "create")["key"]
    answer = platform.json("score", "iris", "--data", str(rows), "--key", key)
    assert answer["predictions"] == ["setosa"] * 3
    up = platform.json("status")["up"]
    assert (up["url"], up["pid"]) == (platform.url, platform.host.pid)


def test_a_key_of_another_certificate_ends_it_before_anything_starts(tmp_path):
    now = datetime.now(UTC)
    mine, other = own_certificate(tmp_path / "a", now), own_certificate(tmp_path / "b", now)
    platform = Platform(tmp_path / "home")
    words = ["--tls", "--cert", str(mine.path), "--key", str(other.key_path)]
    done = platform.cli("up", "--port", str(platform.port), *words, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "does not belong to the certificate" in done.stderr
    assert sorted(path.name for path in platform.home.iterdir()) == ["up.lock"]


def test_a_certificate_without_its_key_is_wrong_usage(tmp_path):
    done = Platform(tmp_path / "home").cli("up", "--tls", "--cert", "a.pem", check=False)
    assert done.returncode == 2
    assert "go together" in done.stderr


def test_a_given_pair_is_served(tmp_path):
    pair = own_certificate(tmp_path / "given", datetime.now(UTC))
    platform = Platform(tmp_path / "home")
    try:
        platform.up("--tls", "--cert", str(pair.path), "--key", str(pair.key_path))
        context = ssl.create_default_context(cafile=pair.path)
        url = f"https://127.0.0.1:{platform.port}/healthz"
        with urllib.request.urlopen(url, timeout=10 * PATIENCE, context=context) as reply:
            assert reply.status == 200
        assert not (platform.home / "tls").exists()
    finally:
        platform.down()


def test_the_doctor_asks_it_over_https_too(platform):
    checks = json.loads(platform.cli("doctor", "--json", check=False).stdout)["checks"]
    (up,) = [check for check in checks if check["name"] == "up"]
    assert (up["state"], up["found"]) == ("ok", f"{platform.url} (pid {platform.host.pid}) answers")
