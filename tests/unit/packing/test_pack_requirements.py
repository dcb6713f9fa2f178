"""Requirements of a package: what is pinned, whose pin goes first, what is refused or warned of."""

from pathlib import Path

import pytest
from four_rows import packed

import scorer_container
from scienceops.core.requirement_lines import parse_requirements
from scienceops.errors import BadInput, BadPackage
from scienceops.packing.environment import SCORER_RANGES
from scienceops.packing.other_versions import OtherVersion


def test_it_pins_what_the_model_uses(tmp_path):
    import sklearn

    requirements = packed(tmp_path, requirements=["tenacity>=8"]).requirements
    names = [line.partition("=")[0].partition(">")[0] for line in requirements]
    assert names == sorted(
        ["joblib", "numpy", "pandas", "scikit-learn", "scipy", "skops", "tenacity"]
    )
    assert f"scikit-learn=={sklearn.__version__}" in requirements


def test_a_pin_of_the_users_own_takes_the_place_of_ours(tmp_path):
    requirements = packed(tmp_path, requirements=["Scikit_Learn>=1.5"]).requirements
    assert [line for line in requirements if "cikit" in line] == ["Scikit_Learn>=1.5"]


def test_a_requirement_that_the_scorer_cannot_live_with_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"flask==1\.0 conflicts with the scorer"):
        packed(tmp_path, requirements=["flask==1.0"])


def test_a_requirement_with_an_address_is_refused(tmp_path):
    with pytest.raises(BadPackage, match="is an address or a path"):
        packed(tmp_path, requirements=["git+https://example.org/pkg.git"])


def test_the_scorers_ranges_are_those_of_the_scorer():
    folder = Path(scorer_container.__file__).parent
    lines = parse_requirements((folder / "requirements.txt").read_text())
    assert tuple(sorted(SCORER_RANGES)) == tuple(sorted(lines))


def test_a_requirement_that_excludes_what_is_installed_is_warned_of(tmp_path):
    import numpy

    with pytest.warns(OtherVersion) as warned:
        package = packed(tmp_path, requirements=["numpy<2", "tenacity>=8", "no-such-thing==1"])
    [told] = [str(warning.message) for warning in warned]
    assert told.startswith(f"requirements say numpy<2, but numpy {numpy.__version__} is installed")
    assert f"write numpy=={numpy.__version__}, or install numpy<2" in told
    assert "numpy<2" in package.requirements


def test_a_requirement_of_another_python_or_system_is_not_warned_of(tmp_path):
    packed(tmp_path, requirements=["pandas<2.3; python_version < '3'"])


def test_requirements_of_an_editor_that_marks_its_texts_are_taken(tmp_path):
    file = tmp_path / "requirements.txt"
    file.write_text("tenacity>=8\n", encoding="utf-8-sig")
    assert "tenacity>=8" in packed(tmp_path, requirements=file).requirements
