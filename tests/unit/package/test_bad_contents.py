"""Sound zips with wrong contents: each is refused with the file at fault and a way out."""

import io
import json
import zipfile

import pytest
from support_pack import ROWS, SCHEMA, manifest_document, package_bytes, package_files

from scienceops.core.package import read_package
from scienceops.errors import BadPackage


def refusal(data):
    with pytest.raises(BadPackage) as caught:
        read_package(io.BytesIO(data), limit_bytes=10 * 1024**2)
    assert caught.value.fix
    return caught.value


def of_manifest(**changes):
    return refusal(package_bytes(manifest=manifest_document(package_files(), **changes)))


def of_sample(**changes):
    sample = {"rows": ROWS, "predictions": ["a", "b"], "probabilities": None, **changes}
    return refusal(package_bytes(package_files(sample__json=json.dumps(sample).encode())))


def of_requirements(line):
    return refusal(package_bytes(package_files(requirements__txt=f"numpy==2.0\n{line}\n".encode())))


def test_a_zip_without_manifest_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("model.skops", b"x")
    error = refusal(out.getvalue())
    assert (error.file, error.reason) == ("manifest.json", "not in the package")


@pytest.mark.parametrize("name", ["schema.json", "sample.json", "requirements.txt", "model.skops"])
def test_a_missing_file_is_named(name):
    error = refusal(package_bytes(package_files(**{name.replace(".", "__"): None})))
    assert (error.file, error.reason) == (name, "not in the package")


def test_a_file_that_the_manifest_lists_and_the_zip_lacks_is_named():
    document = manifest_document({**package_files(), "train.py": b""})
    error = refusal(package_bytes(manifest=document))
    assert (error.file, error.reason) == ("train.py", "not in the package")


def test_a_file_that_the_manifest_does_not_list_is_named():
    files = {**package_files(), "stray.py": b""}
    error = refusal(package_bytes(files, manifest=manifest_document(package_files())))
    assert (error.file, error.reason) == ("stray.py", "the manifest does not list it")


def test_a_wrong_hash_is_named():
    files = package_files()
    document = manifest_document(files)
    document["files"]["model.skops"]["sha256"] = "0" * 64
    error = refusal(package_bytes(files, manifest=document))
    assert error.file == "model.skops"
    assert "the manifest says 000000000000" in error.reason


def test_a_wrong_size_is_named():
    files = package_files()
    document = manifest_document(files)
    document["files"]["model.skops"]["size_bytes"] = 3
    error = refusal(package_bytes(files, manifest=document))
    assert (error.file, error.reason) == ("model.skops", "15 bytes, the manifest says 3")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"colour": "red"}, "unknown key 'colour'"),
        ({"model": {"file": "m", "format": "skops", "loader": "x"}}, "unknown key 'model.loader'"),
        ({"format": 2}, "package format 2 is not one this release reads (1)"),
        ({"format": True}, "package format True is not one"),
        ({"model": {"file": "model.h5", "format": "keras"}}, "'model.format' holds 'keras'"),
        ({"model": {"file": "../model", "format": "skops"}}, "'model.file' holds '../model'"),
        ({"model": {"file": None, "format": "skops"}}, "'skops' needs a model file"),
        ({"name": "Iris"}, "'Iris' is not a service name"),
        ({"name": "../iris"}, "'../iris' is not a service name"),
        ({"python": "2.7"}, "'python' holds '2.7'"),
        ({"task": "clustering"}, "'task' holds 'clustering'"),
        ({"metrics": {"accuracy": "high"}}, "'metrics.accuracy' holds 'high'"),
        ({"metrics": {"accuracy": 1e999}}, "Infinity is no JSON number"),
        ({"tags": {"a": 1}}, "'tags.a' holds 1"),
        ({"classes": "ab"}, "'classes' holds 'ab'"),
    ],
)
def test_a_manifest_that_says_something_else_is_refused(changes, reason):
    error = of_manifest(**changes)
    assert error.file == "manifest.json"
    assert reason in error.reason


def test_a_manifest_without_a_key_is_refused():
    document = manifest_document(package_files())
    del document["task"]
    assert refusal(package_bytes(manifest=document)).reason == "key 'task' is missing"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no JSON"),
        (b"[]", "no JSON object"),
        (b"{'format': 1}", "no JSON"),
        (b'{"format": 1, "format": 1}', "key 'format' is there twice"),
        (b"\xff", "no UTF-8"),
        (b"[" * 100_000, "no JSON"),
    ],
)
def test_a_manifest_that_is_no_json_object_is_refused(data, reason):
    error = refusal(package_bytes(manifest=data))
    assert error.file == "manifest.json"
    assert reason in error.reason


def test_a_pickle_without_consent_is_refused():
    files = package_files(model__joblib=b"x", model__skops=None)
    document = manifest_document(files, model={"file": "model.joblib", "format": "joblib"})
    error = refusal(package_bytes(files, manifest=document))
    assert error.file == "model.joblib"
    assert "allow_pickle=True" in error.fix


def test_a_model_that_only_score_py_can_load_needs_a_score_py():
    files = package_files()
    document = manifest_document(files, model={"file": "model.skops", "format": "none"})
    assert refusal(package_bytes(files, manifest=document)).file == "score.py"


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({}, "no 'properties'"),
        ([], "no JSON object"),
        ({"properties": {}}, "at least one column"),
        ({"properties": {"prediction": {"type": "number"}}}, "kept for what is measured"),
        ({"properties": {"a": {"type": "array"}}}, "has type 'array'"),
        ({"properties": {"a": {"type": "number", "x-minimum": "0"}}}, "the bound '0'"),
        ({"properties": {"a": {"type": "string", "x-categories": 3}}}, "not iterable"),
    ],
)
def test_a_schema_that_cannot_be_read_is_refused(document, reason):
    error = refusal(package_bytes(package_files(schema__json=json.dumps(document).encode())))
    assert error.file == "schema.json"
    assert reason in error.reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"rows": []}, "no rows"),
        ({"rows": [{**ROWS[0], "length": "long"}] * 2}, "row 0, column 'length': wrong type"),
        ({"rows": [{"length": 1.0}] * 2}, "column 'count': missing value"),
        ({"predictions": ["a"]}, "one prediction for each of its 2 rows"),
        ({"probabilities": [{"a": 1.0, "b": 0.0}]}, "probabilities for each of its 2 rows"),
        ({"probabilities": [{"a": 1.0}] * 2}, "a number for each class of the manifest (a, b)"),
        ({"probabilities": [{"a": 1.0, "b": "0"}] * 2}, "row 0: wanted a number for each class"),
        ({"rows": ROWS * 51, "predictions": ["a"] * 102}, "102 rows, at most 100"),
        ({"probabilities": [{"a": 10**400, "b": 0}] * 2}, "row 0: wanted a number for each class"),
        ({"answers": []}, "wanted an object with the keys"),
    ],
)
def test_a_sample_that_does_not_fit_is_refused(changes, reason):
    error = of_sample(**changes)
    assert error.file == "sample.json"
    assert reason in error.reason


def test_a_regression_sample_predicts_numbers():
    document = manifest_document(package_files(), task="regression", classes=[])
    error = refusal(package_bytes(manifest=document))
    assert "predictions of a regression are numbers" in error.reason


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("-r other.txt", "is an option"),
        ("--index-url https://example.org/simple", "is an option"),
        ("-e .", "is an option"),
        ("pkg @ https://example.org/pkg.zip", "names an address"),
        ("git+https://example.org/pkg.git", "is an address or a path"),
        ("https://example.org/pkg.zip", "is an address or a path"),
        ("./pkg", "is an address or a path"),
        ("pkg==1.0 --hash=sha256:00", "is no requirement"),
        ("not a requirement", "is no requirement"),
        ("numpy; " + "(" * 20_000, "brackets within brackets"),
    ],
)
def test_a_requirement_that_is_no_name_and_version_is_refused(line, reason):
    error = of_requirements(line)
    assert error.file == "requirements.txt"
    assert reason in error.reason
    assert "line 2" in error.reason


@pytest.mark.parametrize("text", [b"[promotion\n", b"promotion = " + b"[" * 20_000])
def test_a_policy_that_is_no_toml_is_refused(text):
    error = refusal(package_bytes(package_files(scienceops__toml=text)))
    assert error.file == "scienceops.toml"
    assert "no TOML" in error.reason


def test_the_schema_of_a_sound_package_is_read_back():
    package = read_package(io.BytesIO(package_bytes()), limit_bytes=10 * 1024**2)
    assert package.schema == SCHEMA
