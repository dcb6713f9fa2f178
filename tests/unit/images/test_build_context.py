"""What an environment is built from: the same files give the same one, in the same bytes."""

import io
import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from scienceops.adapters.oci.build_context import (
    REACH,
    SERVE_TARGET,
    TRAINING_REQUIREMENTS,
    lay_out,
    scorer_requirements,
    tag_of,
)

ROOT = Path(__file__).parents[3]
BASE = "python:3.11-slim"
#: Imports what a scorer starts with, and fails when any of ours came from elsewhere.
CHECK = """
import sys
sys.path[:] = [p for p in sys.path if not p.endswith("/shared")]
from scorer_container import warm
warm.main([])
ours = [m for n, m in sys.modules.items() if n.startswith(("scienceops", "scorer_container"))]
assert all(m.__file__.startswith(sys.argv[1]) for m in ours if m.__file__), ours
"""

#: Connects what a comparison asks scorers by, and fails when anything needed is not in the image.
CHECK_COMPARISON = """
import sys
sys.path[:] = [p for p in sys.path if not p.endswith("/shared")]
sys.modules["requests"] = None  # Nothing that such an image installs brings it.
import scienceops.training.compare
from scienceops.bootstrap import connect_calling
from scienceops.config import load_settings
connect_calling(load_settings())
ours = [m for n, m in sys.modules.items() if n.startswith(("scienceops", "scorer_container"))]
assert all(m.__file__.startswith(sys.argv[1]) for m in ours if m.__file__), ours
"""


def test_the_order_of_requirements_and_their_repetition_do_not_matter():
    first = lay_out(["numpy", "flask>=3", "numpy"], BASE)
    second = lay_out(["flask>=3", "numpy"], BASE)
    assert first.identity == second.identity
    assert first.to_tar() == second.to_tar()


def test_another_requirement_or_base_is_another_environment():
    first = lay_out(["numpy"], BASE)
    assert lay_out(["numpy", "scipy"], BASE).identity != first.identity
    assert lay_out(["numpy"], "python:3.12-slim").identity != first.identity


def test_serving_gets_nothing_that_only_training_or_the_platform_need():
    files = lay_out([], BASE).files
    serve = {path for path in files if path.startswith("serve/")}
    assert "serve/scorer_container/__main__.py" in serve
    assert not [p for p in serve if "/usecases/" in p or "/packing/" in p or "/web/" in p]
    assert "train/scienceops/training/train.py" in files


def test_the_context_is_a_tar_with_the_dockerfile_at_its_root():
    with tarfile.open(fileobj=io.BytesIO(lay_out([], BASE).to_tar())) as context:
        names = context.getnames()
    assert "Dockerfile" in names
    assert names == sorted(names)


def test_the_tag_says_which_image_of_which_environment():
    context = lay_out([], BASE)
    assert tag_of(SERVE_TARGET, context) == f"environment-{context.identity}"


def test_an_image_of_a_cloud_holds_what_reaches_its_bucket():
    context = lay_out(scorer_requirements("aws"), BASE, "aws")
    assert "serve/scienceops/adapters/aws/__init__.py" in context.files
    assert b"boto3" in context.files["requirements.txt"]
    assert not [path for path in lay_out([], BASE).files if "/aws/" in path]


@pytest.mark.parametrize("lacking", ["1.35.0", "1.40.55"])
def test_no_image_takes_a_boto3_that_lacks_the_conditions_of_our_puts_and_copies(lacking):
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for lines in (scorer_requirements("aws"), extras["optional-dependencies"]["aws"]):
        [boto3] = [r for line in lines if (r := Requirement(line)).name == "boto3"]
        assert boto3.specifier.contains("1.41.0")
        assert not boto3.specifier.contains(lacking)


def test_nothing_packs_or_retrains_by_a_skops_that_runs_what_it_does_not_name():
    # CVE-2025-54412: of 0.11.0 and those before it, fixed in 0.12.0.
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    ours = [project["dependencies"], *extras, TRAINING_REQUIREMENTS]
    found = [r for lines in ours for line in lines if (r := Requirement(line)).name == "skops"]
    assert len(found) > 1
    assert not [r for r in found if r.specifier.contains("0.11.0")]


def test_the_zip_of_a_context_holds_its_files_at_its_root_and_is_the_same_each_time():
    context = lay_out([], BASE)
    with zipfile.ZipFile(io.BytesIO(context.to_zip())) as archive:
        assert archive.read("Dockerfile") == context.files["Dockerfile"]
    assert context.to_zip() == context.to_zip()


@pytest.mark.parametrize("cloud", sorted(REACH))
def test_what_an_image_of_a_platform_holds_is_all_that_its_scorer_imports(tmp_path, cloud):
    for path, content in lay_out([], BASE, cloud).files.items():
        if path.startswith("serve/"):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(content)
    check(CHECK, tmp_path / "serve")


def check(code, folder, **settings):
    """Run it from another folder, and without this repository on the path."""
    imported = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert imported.returncode == 0, imported.stderr


def test_a_training_image_on_aws_holds_all_that_compares_its_candidate(tmp_path):
    for path, content in lay_out([], BASE, "aws").files.items():
        target, _, place = path.partition("/")
        if target in ("serve", "train"):
            (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / place).write_bytes(content)
    check(CHECK_COMPARISON, tmp_path, SCIENCEOPS_CLOUD="aws", SCIENCEOPS_AWS_BUCKET="any")
