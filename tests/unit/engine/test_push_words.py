"""How a push ended is read from what an engine streams: Docker's and Podman's own words."""

import pytest

from scienceops.adapters.engine.environment_images import follow_push
from scienceops.errors import EngineUnavailable, RegistryUnavailable

DIGEST = "sha256:85b5aa6ee78f53e99eb1499d2eec6aebe23ba4417822ea78c44361833964d409"
BEGUN = {"status": "The push refers to repository [127.0.0.1:29067/scienceops]"}
TOLD = {"status": f"environment-f7cea36c: digest: {DIGEST} size: 1217"}
AUX = {"progressDetail": {}, "aux": {"Tag": "environment-f7cea36c", "Digest": DIGEST, "Size": 1217}}


@pytest.mark.parametrize("lines", [[BEGUN, TOLD, AUX], [BEGUN, TOLD]], ids=["docker", "podman"])
def test_a_push_that_told_the_digest_has_ended_well(lines):
    follow_push(iter(lines))


def test_a_stream_that_just_ends_is_an_engine_that_went_away():
    with pytest.raises(EngineUnavailable, match="ended while it pushed"):
        follow_push(iter([BEGUN, {"status": "Pushing", "id": "9f4bcb87200a"}]))


def test_a_refusal_is_told_in_the_engine_s_words():
    with pytest.raises(RegistryUnavailable, match="connection refused"):
        follow_push(iter([BEGUN, {"error": "dial tcp 127.0.0.1:29067: connection refused"}]))
