"""A scorer in a container app, which has an address that may be the internet's."""

import json

import pytest
from models import iris_rows
from scorer_process import KEY, Scorer

TELLING = ["/metadata", "/metrics", "/openapi.json", "/v2", "/v2/models/iris"]
HEALTH = ["/healthz", "/readyz", "/ping", "/v2/health/live", "/v2/health/ready"]


@pytest.fixture(scope="module")
def scorer(tmp_path_factory, package):
    folder = tmp_path_factory.mktemp("scorer")
    running = Scorer(folder, package, CONTAINER_APP_NAME="iris-v1").start()
    yield running
    assert running.stop() == 0


@pytest.mark.parametrize("path", TELLING)
def test_what_it_tells_is_for_those_who_may_score(scorer, path):
    status, _, body = scorer.ask("GET", path)
    assert status == 401
    assert b"setosa" not in body
    assert scorer.ask("GET", path, Authorization="Bearer another")[0] == 401
    assert scorer.ask("GET", path, Authorization=f"Bearer {KEY}")[0] == 200


@pytest.mark.parametrize("path", HEALTH)
def test_how_it_is_is_told_whoever_asks(scorer, path):
    assert scorer.ask("GET", path)[0] == 200


def test_it_scores_and_knows_no_other_paths(scorer):
    assert scorer.score(iris_rows()[:1])[0] == 200
    assert scorer.ask("GET", "/elsewhere")[0] == 404
    body = json.dumps({"input_df": iris_rows()[:1]}).encode()
    assert scorer.ask("POST", "/score", body)[0] == 401
