"""What doctor says of container engines."""

import pytest

from scienceops.doctor.machine import check_engine


def test_none_that_was_chosen_is_fine_and_the_way_to_one_is_told(monkeypatch):
    monkeypatch.setenv("SCIENCEOPS_ENGINE", "none")
    check = check_engine()
    assert (check.state, check.found) == ("optional", "SCIENCEOPS_ENGINE=none")
    assert "make engine" in check.fix


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_one_that_was_chosen_and_does_not_answer_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("SCIENCEOPS_ENGINE", f"unix://{tmp_path}/no.sock")
    check = check_engine()
    assert check.state == "missing"
    assert "no.sock" in check.found


def test_a_setting_that_is_wrong_is_left_to_the_check_of_settings(monkeypatch):
    monkeypatch.setenv("SCIENCEOPS_ENGINE", "docker")
    assert check_engine().found == "the settings are wrong"
