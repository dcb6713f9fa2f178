"""The two engines of the statistics job agree, and a run may be taken twice."""

import pytest
from club import DAYS, ROWS, assert_same, fill, run_inline, run_spark, values

from scienceops.adapters.local import connect
from scienceops.config import load_settings


@pytest.fixture
def bucket(tmp_path):
    """A bucket with two days of captures."""
    settings = load_settings({"SCIENCEOPS_HOME": str(tmp_path / "home")})
    ports = connect(settings)
    fill(ports)
    return settings, ports


def test_inline_counts_a_row_that_is_there_twice_once(bucket):
    _, ports = bucket
    result = run_inline(ports, 1)
    assert result["rows_read"] == 2 * ROWS
    found = values(ports)
    assert found[DAYS[0], "prediction", "count"][0] == ROWS
    ratio = sum(v for (d, f, s), (v, _) in found.items() if d == DAYS[0] and "count_ratio" in s)
    assert ratio == pytest.approx(1)


def test_the_shifted_feature_drifts_and_the_new_category_is_seen(bucket):
    _, ports = bucket
    run_inline(ports, 1)
    found = values(ports)
    assert found[DAYS[0], "age", "verdict"][0] == 0
    assert found[DAYS[1], "age", "verdict"][0] == 1
    assert found[DAYS[0], "city", "unseen_categories"][0] > 0
    assert found[DAYS[0], "city", "verdict"][0] == 1
    assert found[DAYS[0], "member", "verdict"][0] == 0
    assert found[DAYS[1], "age", "rate_of_change"][0] > 0
    assert (DAYS[0], "age", "rate_of_change") not in found


def test_running_a_day_twice_changes_nothing(bucket):
    _, ports = bucket
    run_inline(ports, 1)
    before = values(ports)
    run_inline(ports, 1)
    assert values(ports) == before
    run_inline(ports, 2)
    assert values(ports) == before


@pytest.mark.spark
def test_spark_and_inline_agree(bucket):
    settings, ports = bucket
    run_inline(ports, 1)
    inline = values(ports)
    result = run_spark(settings, 3)
    assert (result["engine"], result["rows_read"]) == ("spark", 2 * ROWS)
    assert_same(values(ports), inline)
