"""A few seeded rounds of kill -9 under load; benchmarks/capture_rounds.py has more of them."""

from collections import Counter

import pytest
from counted import counted_rows
from kill_rounds import faults, run_rounds
from models import pack_iris
from scorer_process import Scorer


@pytest.mark.parametrize(("mode", "seed"), [("durable", 1), ("synced", 2), ("stored", 3)])
def test_what_was_acknowledged_is_captured_and_counted_once_whoever_was_killed(
    tmp_path, mode, seed
):
    scorer = Scorer(tmp_path, pack_iris(tmp_path), workers=2, SCORER_CAPTURE=mode)
    seen = run_rounds(scorer, rounds=5, seed=seed)
    captured = Counter((row["request_id"], row["row"]) for row in scorer.captured())
    assert seen.acknowledged
    assert faults(seen, captured, counted_rows(scorer)) == []
