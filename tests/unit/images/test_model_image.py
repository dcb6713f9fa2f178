"""The model image of a known package, byte for byte, and the Dockerfile of its environment."""

import gzip
import json
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from scienceops.adapters.oci.model_image import LayerReader, layer_of
from scienceops.core.images import (
    CONFIG_TYPE,
    LAYER_TYPE,
    MANIFEST_TYPE,
    PACKAGE_PATH,
    Blob,
    Layer,
    ModelFacts,
    assemble,
    layer_frame,
    sha256,
)
from scienceops.core.stored_gzip import LARGEST_BLOCK, store

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PACKAGE = b"the bytes of a package, which no manifest looks into"

ENVIRONMENT_CONFIG = {
    "architecture": "amd64",
    "os": "linux",
    "config": {"Env": ["PATH=/opt/venv/bin:/usr/bin", "SCORER_BIND=0.0.0.0:8080"], "User": "1:1"},
    "container": "what the engine noted of its build",
    "docker_version": "20.10",
    "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "1" * 64]},
    "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "ADD base"}],
}
ENVIRONMENT_MANIFEST = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
    "config": {
        "mediaType": "application/vnd.docker.container.image.v1+json",
        "digest": "sha256:" + "2" * 64,
        "size": 300,
    },
    "layers": [
        {
            "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
            "digest": "sha256:" + "3" * 64,
            "size": 4000,
        }
    ],
}
FACTS = ModelFacts(
    service="iris",
    version=3,
    package_digest="4" * 64,
    environment="127.0.0.1:5000/scienceops@sha256:" + "5" * 64,
    source="versions/iris/3/package.zip",
    created_at="2026-11-20T08:00:00Z",
)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    path = tmp_path / "package.zip"
    path.write_bytes(PACKAGE)
    return path


def read_layer(package: Path) -> bytes:
    with LayerReader(package) as layer:
        return layer.readall() or b""


def image_of(package: Path, facts: ModelFacts = FACTS):
    manifest, config = (json.dumps(d).encode() for d in (ENVIRONMENT_MANIFEST, ENVIRONMENT_CONFIG))
    return assemble(manifest, config, layer_of(package), facts)


@pytest.mark.parametrize("part", ["manifest", "config"])
def test_the_image_of_a_known_package_is_the_golden_one(package, part):
    golden = HERE / "golden" / f"{part}.json"
    assert json.loads(getattr(image_of(package), part)) == json.loads(golden.read_text())


def test_the_same_package_gives_the_same_bytes(package, tmp_path):
    again = tmp_path / "copied.zip"
    again.write_bytes(PACKAGE)
    again.touch()
    assert image_of(package).manifest == image_of(again).manifest
    assert image_of(package).digest == image_of(again).digest


def test_another_version_is_another_image_of_the_same_layer(package):
    other = ModelFacts(**{**FACTS.__dict__, "version": 4})
    assert image_of(package, other).layer == image_of(package).layer
    assert image_of(package, other).digest != image_of(package).digest


def test_the_layer_is_a_tar_that_holds_the_package_for_all_to_read(package):
    with tarfile.open(fileobj=BytesIO(read_layer(package))) as layer:
        names = layer.getnames()
        entry = layer.getmember(PACKAGE_PATH)
        assert layer.extractfile(entry).read() == PACKAGE
    assert names == ["opt", "opt/scienceops", PACKAGE_PATH]
    assert (entry.mode, entry.uid, entry.mtime) == (0o444, 0, 0)


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 10_000, 3 * LARGEST_BLOCK])
def test_a_layer_of_any_size_is_whole_records(tmp_path, size):
    path = tmp_path / "package.zip"
    path.write_bytes(b"x" * size)
    stored = read_layer(path)
    data = gzip.decompress(stored)
    head, tail = layer_frame(size)
    assert len(data) == len(head) + size + len(tail)
    assert len(data) % tarfile.RECORDSIZE == 0
    assert layer_of(path) == Layer(Blob.of(LAYER_TYPE, stored), sha256(data))


@pytest.mark.parametrize("piece", [1, 1000, LARGEST_BLOCK, LARGEST_BLOCK + 1])
def test_gzip_is_the_same_however_its_content_comes_cut(piece):
    content = bytes(range(256)) * 600
    cut = [content[start : start + piece] for start in range(0, len(content), piece)]
    assert b"".join(store(cut)) == b"".join(store([content]))
    assert gzip.decompress(b"".join(store(cut))) == content


def test_a_layer_may_be_read_a_little_at_a_time(package):
    with LayerReader(package) as layer:
        pieces = list(iter(lambda: layer.read(7), b""))
    assert b"".join(pieces) == read_layer(package)
    assert max(map(len, pieces)) == 7


def test_the_formats_are_those_of_oci(package):
    manifest = json.loads(image_of(package).manifest)
    assert manifest["mediaType"] == MANIFEST_TYPE
    assert manifest["config"]["mediaType"] == CONFIG_TYPE
    # Lambda refuses an image with a layer that is not in gzip.
    assert {layer["mediaType"] for layer in manifest["layers"]} == {
        "application/vnd.oci.image.layer.v1.tar+gzip"
    }


def test_a_config_names_a_layer_by_its_tar_and_the_manifest_by_its_gzip(package):
    image, stored = image_of(package), read_layer(package)
    assert json.loads(image.config)["rootfs"]["diff_ids"][-1] == sha256(gzip.decompress(stored))
    assert json.loads(image.manifest)["layers"][-1]["digest"] == sha256(stored)


def test_what_the_engine_noted_of_its_own_build_is_left_out(package):
    config = json.loads(image_of(package).config)
    assert not {"container", "docker_version"} & set(config)


def test_the_dockerfile_is_the_golden_one():
    golden = HERE / "golden" / "Dockerfile"
    assert (ROOT / "scorer_container" / "Dockerfile").read_text() == golden.read_text()
