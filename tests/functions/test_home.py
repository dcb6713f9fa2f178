"""The home of a platform: who else may look into it."""

import stat

import pytest

from scienceops.adapters.local.files import make_home


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_home_that_is_made_is_for_its_owner_alone(tmp_path):
    assert mode_of(make_home(tmp_path / "a" / "home")) == 0o700


@pytest.mark.parametrize(("before", "after"), [(0o755, 0o750), (0o777, 0o770), (0o2775, 0o2770)])
def test_an_empty_home_that_was_there_is_closed_to_others(tmp_path, before, after):
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(before)
    assert mode_of(make_home(home)) == after


def test_a_home_that_holds_something_is_left_as_it_is(tmp_path):
    (tmp_path / "home" / "other").mkdir(parents=True)
    (tmp_path / "home").chmod(0o755)
    assert mode_of(make_home(tmp_path / "home")) == 0o755
