"""A sound package: what it carries, read in pieces, unpacked as it was."""

import hashlib
import io

import pytest
from support_pack import ROWS, SCHEMA, package_bytes, package_files

from scienceops.core.package import read_package
from scienceops.errors import BadPackage

LIMIT = 10 * 1024**2


def read(data):
    return read_package(io.BytesIO(data), limit_bytes=LIMIT)


def test_its_identity_is_the_sha256_of_its_bytes():
    data = package_bytes()
    assert read(data).digest == hashlib.sha256(data).hexdigest()


def test_it_carries_what_its_files_say():
    data = package_bytes(package_files(scienceops__toml=b"[promotion]\nmode = 'manual'\n"))
    package = read(data)
    assert package.manifest.name == "iris"
    assert package.schema == SCHEMA
    assert package.sample.rows == ROWS
    assert package.sample.predictions == ["a", "b"]
    assert package.requirements == ("scikit-learn==1.9.1",)
    assert package.policy == {"promotion": {"mode": "manual"}}


def test_without_a_policy_file_it_proposes_nothing():
    assert read(package_bytes()).policy == {}


def test_a_path_is_read_like_an_open_file(tmp_path):
    (tmp_path / "p.zip").write_bytes(package_bytes())
    package = read_package(tmp_path / "p.zip", limit_bytes=LIMIT)
    assert package == read(package_bytes())
    assert package.read("model.skops") == b"not looked into"


def test_a_missing_file_is_named_when_it_is_asked_for():
    with pytest.raises(BadPackage, match=r"baseline\.parquet: not in the package"):
        read(package_bytes()).read("baseline.parquet")


def test_it_unpacks_to_the_same_files(tmp_path):
    package = read(package_bytes())
    package.extract_to(tmp_path / "out")
    unpacked = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert unpacked == {name: package.read(name) for name in package.files}


def test_it_does_not_unpack_through_a_link_that_is_there(tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("mine")
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "model.skops").symlink_to(outside)
    with pytest.raises(FileExistsError):
        read(package_bytes()).extract_to(folder)
    assert outside.read_text() == "mine"


def test_a_file_that_changed_since_it_was_checked_is_noticed(tmp_path):
    path = tmp_path / "p.zip"
    path.write_bytes(package_bytes())
    package = read_package(path, limit_bytes=LIMIT)
    path.write_bytes(package_bytes(package_files(model__skops=b"not LOOKED into")))
    with pytest.raises(BadPackage, match=r"model\.skops"):
        package.read("model.skops")
