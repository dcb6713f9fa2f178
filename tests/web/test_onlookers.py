"""Who sits at the machine reads without a token; who comes through a proxy on it does not."""

import pytest

from scienceops.bootstrap import build_app
from scienceops.config import load_settings
from scienceops.web import create_app


def status(tmp_path, public_url="", **call) -> int:
    """What a call without a token gets, from this machine unless it says otherwise."""
    settings = load_settings(
        {"SCIENCEOPS_HOME": str(tmp_path), "SCIENCEOPS_PUBLIC_URL": public_url}
    )
    client = create_app(build_app(settings), settings).test_client()
    return client.get("/api/v1/services", **call).status_code


@pytest.mark.parametrize("host", ["127.0.0.1:8400", "localhost", "localhost:8400", "[::1]:8400"])
@pytest.mark.parametrize("public_url", ["", "https://127.0.0.1:8400", "http://[::1]:8400"])
def test_this_machine_reads_without_a_token(tmp_path, host, public_url):
    assert status(tmp_path, public_url, headers={"Host": host}) == 200


@pytest.mark.parametrize(
    "header",
    [
        ("Forwarded", "for=203.0.113.9"),
        ("Via", "1.1 proxy"),
        ("X-Forwarded-For", "203.0.113.9"),
        ("X-Forwarded-Host", "ml.example.com"),
        ("X-Forwarded-Proto", "https"),
        ("X-Real-IP", "127.0.0.1"),
    ],
)
def test_a_call_that_a_proxy_passes_on_needs_a_token(tmp_path, header):
    assert status(tmp_path, headers={"Host": "127.0.0.1:8400", header[0]: header[1]}) == 401


def test_a_call_in_the_language_of_a_proxy_that_adds_nothing_needs_a_token(tmp_path):
    spoken = {"SERVER_PROTOCOL": "HTTP/1.0"}
    assert status(tmp_path, headers={"Host": "127.0.0.1:8400"}, environ_overrides=spoken) == 401


@pytest.mark.parametrize(
    "public_url", ["https://ml.example.com", "http://10.0.0.5:8400", "http://["]
)
def test_a_platform_that_people_reach_from_elsewhere_needs_a_token(tmp_path, public_url):
    assert status(tmp_path, public_url, headers={"Host": "127.0.0.1:8400"}) == 401


@pytest.mark.parametrize("host", ["ml.example.com", "10.0.0.5:8400", "localhost.example.com"])
def test_another_name_for_this_machine_needs_a_token(tmp_path, host):
    assert status(tmp_path, headers={"Host": host}) == 401


def test_another_machine_needs_a_token(tmp_path):
    far = {"REMOTE_ADDR": "203.0.113.9"}
    assert status(tmp_path, headers={"Host": "127.0.0.1:8400"}, environ_base=far) == 401
