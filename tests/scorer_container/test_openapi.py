"""Schemathesis on a scorer: what its OpenAPI document says holds, whatever is sent."""

from models import pack_iris_trees
from schemathesis_run import findings
from scorer_process import KEY, Scorer


def test_schemathesis_finds_nothing(tmp_path):
    scorer = Scorer(tmp_path, pack_iris_trees(tmp_path)).start()
    try:
        assert findings(f"http://127.0.0.1:{scorer.port}", "/openapi.json", KEY, tmp_path) == ""
    finally:
        scorer.stop()
