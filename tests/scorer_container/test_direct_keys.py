"""Direct calls: the service's own keys open a scorer, for scoring alone, until they are revoked."""

import json

import pytest
from face import KEY, Face
from models import iris_rows
from platform_process import wait_for
from scorer_process import Scorer

from scienceops.core.access import hash_key
from scienceops.errors import Unavailable
from scorer_container import direct_keys, scoring
from scorer_container.direct_keys import DirectKeys

BODY = json.dumps({"input_df": iris_rows()[:1]}).encode()


class Bucket:
    """Holds one list, or is away."""

    def __init__(self, *keys):
        self.is_away = False
        self.keys = keys

    def get(self, key):
        assert key == "access/iris.json"
        if self.is_away:
            raise Unavailable("the bucket is away")
        return json.dumps({"key_sha256": [hash_key(key) for key in self.keys]}).encode()


@pytest.fixture(params=["fast", "flask"])
def bucket_and_face(request, tmp_path, package):
    bucket = Bucket("mine")
    face = Face(tmp_path, package, fast=request.param == "fast")
    face.scoring._direct = DirectKeys(bucket, "iris")
    face.scoring._direct.refresh()
    return bucket, face


def ask(face, key, **headers):
    told = {"Authorization": f"Bearer {key}", **headers}
    status, _, body = face.ask("POST", "/score", BODY, **told)
    return status, json.loads(body)


def test_a_key_of_the_service_opens_it_as_the_gateways_does(bucket_and_face):
    _, face = bucket_and_face
    assert ask(face, "mine", X_Request_Id="my id")[0] == 200
    assert ask(face, KEY)[0] == 200
    status, told = ask(face, "another")
    assert (status, told["title"]) == (401, "NotAuthenticated")
    first, second = face.captured()
    assert (first["correlation_id"], second["correlation_id"]) == ("my id", None)


def test_a_revoked_key_is_refused_after_the_next_look(bucket_and_face):
    bucket, face = bucket_and_face
    bucket.keys = ("new",)
    face.scoring._direct.refresh()
    assert (ask(face, "mine")[0], ask(face, "new")[0]) == (401, 200)


@pytest.mark.parametrize(
    "header",
    [{"X_ScienceOps_Capture": "off"}, {"X_ScienceOps_Captured_At": "2026-01-01T00:00:00+00:00"}],
)
def test_what_only_the_gateway_may_say_is_refused(bucket_and_face, header):
    _, face = bucket_and_face
    assert ask(face, "mine", **header)[0] == 403
    assert ask(face, KEY, **header)[0] == 200


def test_that_the_gateway_has_just_called_opens_it_to_nobody_else(bucket_and_face):
    _, face = bucket_and_face
    for key, status in ((KEY, 200), (KEY + "x", 401), ("", 401), ("mine", 200), (KEY, 200)):
        assert ask(face, key)[0] == status
    assert ask(face, "mine", X_ScienceOps_Capture="off")[0] == 403


def test_the_same_header_of_the_gateway_is_looked_through_once(bucket_and_face, monkeypatch):
    _, face = bucket_and_face
    assert ask(face, KEY)[0] == 200
    monkeypatch.setattr(scoring, "matches", None)
    assert ask(face, KEY)[0] == 200
    # What is asked of another key now fails.
    assert ask(face, "mine")[0] == 500


def test_a_list_that_cannot_be_read_opens_nothing_after_a_while(bucket_and_face, monkeypatch):
    bucket, face = bucket_and_face
    bucket.is_away = True
    with pytest.raises(Unavailable):
        face.scoring._direct.refresh()
    assert ask(face, "mine")[0] == 200
    later = direct_keys.time.monotonic() + direct_keys.FORGET_SECONDS
    monkeypatch.setattr(direct_keys.time, "monotonic", lambda: later)
    assert (ask(face, "mine")[0], ask(face, KEY)[0]) == (401, 200)


def test_without_the_policy_no_key_but_the_gateways_opens_it(tmp_path, package):
    face = Face(tmp_path, package, fast=True)
    assert ask(face, "mine")[0] == 401


def test_a_scorer_reads_the_list_of_its_bucket(tmp_path, package):
    scorer = Scorer(tmp_path, package, SCORER_DIRECT="true")
    place = scorer.home / "bucket" / "access" / "iris.json"
    place.parent.mkdir(parents=True)
    place.write_bytes(Bucket("mine").get("access/iris.json"))
    scorer.start()

    def status():
        return scorer.ask("POST", "/score", BODY, Authorization="Bearer mine")[0]

    try:
        wait_for(lambda: status() == 200, 20, "the key to be taken")
        place.write_bytes(Bucket().get("access/iris.json"))
        wait_for(lambda: status() == 401, 20, "the key to be refused")
    finally:
        assert scorer.stop() == 0
