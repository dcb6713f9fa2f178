"""The cores that a container may use, as the kernel tells them."""

import pytest

from scorer_container.cpu_share import cpu_limit, thread_settings


@pytest.mark.parametrize(
    ("text", "limit"), [("200000 100000\n", 2.0), ("50000 100000\n", 0.5), ("max 100000\n", None)]
)
def test_the_second_version_of_control_groups(tmp_path, text, limit):
    (tmp_path / "cpu.max").write_text(text)
    assert cpu_limit(tmp_path) == limit


@pytest.mark.parametrize(("quota", "limit"), [("400000", 4.0), ("-1", None)])
def test_the_first_version_of_control_groups(tmp_path, quota, limit):
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(quota + "\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert cpu_limit(tmp_path) == limit


def test_no_control_group_is_no_limit(tmp_path):
    assert cpu_limit(tmp_path) is None


@pytest.mark.parametrize(
    ("workers", "limit", "threads"), [(1, 4.0, "4"), (4, 4.0, "1"), (2, 1.0, "1"), (1, 0.25, "1")]
)
def test_workers_share_the_limit(workers, limit, threads):
    settings = thread_settings(workers, limit)
    assert {settings[f"{name}_NUM_THREADS"] for name in ("OMP", "OPENBLAS", "MKL")} == {threads}
