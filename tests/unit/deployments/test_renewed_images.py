"""Versions that an earlier release built run on: what they need stands in their records."""

import sys
from datetime import UTC, datetime

import pytest

from scienceops.adapters.local.environments import Environments
from scienceops.adapters.local.model_registry import SqliteModelRegistry
from scienceops.adapters.local.renewed_images import renew_images
from scienceops.core.versions import Service, Version
from scienceops.errors import BadInput
from scienceops.usecases.records import Stored, number_key, read_version, save

NOW = datetime(2026, 11, 29, tzinfo=UTC)
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
MANIFEST = {"python": PYTHON, "files": {}, "runtime": {"kind": "sklearn"}}
#: No environment on earth has it, so that it can be told whether it is asked for.
NEEDED = "scikit-learn==0.0.1"


@pytest.fixture
def registry(tmp_path):
    registry = SqliteModelRegistry(tmp_path / "platform.db")
    save(registry, Stored(Service(name="iris"), "iris", "service"), Service(name="iris"), at=NOW)
    return registry


@pytest.fixture
def environments(tmp_path):
    return Environments(tmp_path, ())


def keep(registry, number=1, **known):
    version = Version(
        service="iris",
        number=number,
        digest="d",
        uploaded_at="",
        uploaded_key="",
        requirements=(NEEDED,),
        **{"manifest": MANIFEST, **known},
    )
    save(registry, Stored(version, "iris", number_key("version", number)), version, at=NOW)


@pytest.mark.parametrize("image", [f"python:{sys.executable}", "environment:a1a4e486552a9b4c"])
def test_an_image_without_a_list_gets_one_of_what_its_version_needs(
    registry, environments, tmp_path, image
):
    keep(registry, state="proved", image=image)
    renew_images(tmp_path, registry)
    renewed = read_version(registry, "iris", 1)
    assert NEEDED in environments.needs(renewed.value.image).unmet()
    renew_images(tmp_path, registry)
    assert read_version(registry, "iris", 1) == renewed


def test_a_list_that_was_lost_is_written_again(registry, environments, tmp_path):
    image = environments.keep(PYTHON, [NEEDED, "pandas>=2.2,<3"])
    keep(registry, state="proved", image=image)
    (kept,) = (tmp_path / "needs").iterdir()
    text = kept.read_text()
    kept.unlink()
    renew_images(tmp_path, registry)
    assert (read_version(registry, "iris", 1).value.image, kept.read_text()) == (image, text)


@pytest.mark.parametrize("damaged", ["", f"{PYTHON}\n", "cut sh"])
def test_a_list_that_was_damaged_is_written_again(registry, environments, tmp_path, damaged):
    image = environments.keep(PYTHON, [NEEDED, "pandas>=2.2,<3"])
    keep(registry, state="proved", image=image)
    (kept,) = (tmp_path / "needs").iterdir()
    text = kept.read_text()
    kept.write_text(damaged)
    with pytest.raises(BadInput, match="gone or damaged; start `scienceops up` anew"):
        environments.needs(image)
    renew_images(tmp_path, registry)
    assert (read_version(registry, "iris", 1).value.image, kept.read_text()) == (image, text)


def test_a_version_that_cannot_be_renewed_keeps_no_other_from_it(registry, environments, tmp_path):
    built = {"state": "proved", "image": "python:/usr/bin/python3"}
    keep(registry, 1, manifest={"files": {}}, **built)
    keep(registry, 2, **built)
    renew_images(tmp_path, registry)
    images = [read_version(registry, "iris", number).value.image for number in (1, 2)]
    assert [environments.is_known(image) for image in images] == [False, True]


@pytest.mark.parametrize("image", ["", "127.0.0.1:5055/scienceops@sha256:" + "0" * 64])
def test_what_is_not_built_or_is_in_a_registry_stays_as_it_is(registry, tmp_path, image):
    keep(registry, state="proved" if image else "uploaded", image=image)
    before = read_version(registry, "iris", 1)
    renew_images(tmp_path, registry)
    assert read_version(registry, "iris", 1) == before


def test_a_build_of_an_earlier_release_is_begun_anew(registry, tmp_path):
    build = tmp_path / "builds" / "iris-1-d-1"
    build.mkdir(parents=True)
    (build / "image").write_text("environment:a1a4e486552a9b4c")
    keep(registry, state="building", build_id=build.name)
    renew_images(tmp_path, registry)
    version = read_version(registry, "iris", 1).value
    assert (version.state, version.attempt, version.build_id) == ("uploaded", 2, "")
