"""Files of compiled models that are not as they were written: refused, never run."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

from scienceops.compiled import read_program, write_program
from scienceops.compiling import CannotCompile, compile_model
from scienceops.core.schema import Column, Schema
from scienceops.errors import BadPackage, ModelFailed
from scienceops.packing.infer_schema import infer_schema
from scienceops.running.compiled_runner import CompiledRunner

IRIS = load_iris(as_frame=True)


def whole() -> bytes:
    model = RandomForestClassifier(3, random_state=0).fit(IRIS.data, IRIS.target)
    return write_program(compile_model(model, infer_schema(IRIS.data)))


def parts_of(data: bytes) -> tuple[dict, dict]:
    with np.load(io.BytesIO(data)) as file:
        arrays = {name: file[name] for name in file.files}
    return json.loads(arrays.pop("program").tobytes()), arrays


def written(tmp_path, document, arrays):
    text = json.dumps(document).encode()
    path = tmp_path / "compiled.npz"
    np.savez(path, program=np.frombuffer(text, dtype=np.uint8), **arrays)
    return path


def forest_in(document):
    step = document["root"]["shares"]
    return step if step["step"] == "forest" else step["steps"][-1]


def as_kind(arrays, named, kind):
    arrays[named["array"]] = arrays[named["array"]].astype(kind)


def nodes_of(document, arrays, width):
    return np.zeros((len(arrays[forest_in(document)["feature"]["array"]]), width))


def test_what_was_written_is_read(tmp_path):
    assert read_program(written(tmp_path, *parts_of(whole()))).classes == [0, 1, 2]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda d, a: d.update(format=2), "format 2"),
        (lambda d, a: d.pop("root"), "root"),
        (lambda d, a: d.update(root=3), "no step"),
        (lambda d, a: d["root"].update(step="os.system"), "os.system"),
        (lambda d, a: d["root"].update(more=1), "wanted"),
        (lambda d, a: d["root"].pop("shares"), "wanted"),
        (lambda d, a: forest_in(d).update(left={"array": "nowhere"}), "nowhere"),
        (lambda d, a: a[forest_in(d)["left"]["array"]].__setitem__(0, 10**6), "child"),
        (lambda d, a: a[forest_in(d)["left"]["array"]].__setitem__(0, 0), "child"),
        (lambda d, a: a[forest_in(d)["right"]["array"]].__setitem__(0, -1), "child"),
        (lambda d, a: a[forest_in(d)["category"]["array"]].__setitem__(0, 9), "categories"),
        (lambda d, a: a[forest_in(d)["starts"]["array"]].__setitem__(1, 0), "no node"),
        (lambda d, a: a.update({forest_in(d)["leaves"]["array"]: np.zeros((1, 3))}), "leaves"),
        (lambda d, a: a.update({forest_in(d)["threshold"]["array"]: np.zeros(1)}), "belong"),
        (lambda d, a: a[forest_in(d)["threshold"]["array"]].__setitem__(0, np.nan), "threshold"),
        (lambda d, a: as_kind(a, forest_in(d)["feature"], float), "feature is float64"),
        (lambda d, a: as_kind(a, forest_in(d)["left"], str), "wanted numbers"),
        (lambda d, a: as_kind(a, forest_in(d)["threshold"], complex), "wanted numbers"),
        (lambda d, a: a.update({forest_in(d)["leaves"]["array"]: nodes_of(d, a, 2)}), "3 sums"),
        (lambda d, a: forest_in(d).update(divisor=None), "None as its divisor"),
        (lambda d, a: forest_in(d).update(start=[0.0, 0.0, 0.0]), "as its start"),
        (lambda d, a: forest_in(d).update(single=1), "1 as its single"),
        (lambda d, a: d.update(classes="abc"), "classes"),
        (lambda d, a: d.update(width=float("inf")), "width"),
    ],
)
def test_a_spoilt_file_is_refused_with_what_is_wrong(tmp_path, spoil, says):
    document, arrays = parts_of(whole())
    spoil(document, arrays)
    with pytest.raises(BadPackage, match=says):
        read_program(written(tmp_path, document, arrays))


def test_steps_nested_without_end_are_refused(tmp_path):
    document, arrays = parts_of(whole())
    for _ in range(200):
        document["root"] = {"step": "chain", "steps": [document["root"]]}
    with pytest.raises(BadPackage, match="nested"):
        read_program(written(tmp_path, document, arrays))


def array_file(path, *members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def array_of(content: bytes) -> bytes:
    held = io.BytesIO()
    np.save(held, np.frombuffer(content, np.uint8))
    return held.getvalue()


def header(shape: str) -> bytes:
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize("shape", ["(99999999999999,)", "(4294967296, 4294967296, 2)", "(-1,)"])
def test_no_room_is_made_for_an_array_that_is_not_in_the_file(tmp_path, shape):
    with pytest.raises(BadPackage, match="not as long as its shape"):
        read_program(array_file(tmp_path / "compiled.npz", ("program.npy", header(shape))))


def test_a_small_file_that_unpacks_to_much_is_not_unpacked(tmp_path, monkeypatch):
    path = array_file(
        tmp_path / "compiled.npz",
        ("program.npy", array_of(b"{}")),
        ("more.npy", array_of(bytes(80_000_000))),
    )
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    with pytest.raises(BadPackage, match="zip bomb"):
        read_program(path)


def test_two_arrays_of_one_name_are_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate"):
        path = array_file(tmp_path / "compiled.npz", *[("program.npy", array_of(b"{}"))] * 2)
    with pytest.raises(BadPackage, match="of one name"):
        read_program(path)


def test_a_document_nested_without_end_is_refused(tmp_path):
    path = tmp_path / "compiled.npz"
    with pytest.raises(BadPackage, match="Recursion"):
        read_program(array_file(path, ("program.npy", array_of(b"[" * 100_000))))


def test_what_the_steps_hold_together_is_the_models_failure(tmp_path):
    document, arrays = parts_of(whole())
    arrays[forest_in(document)["feature"]["array"]][0] = 99
    program = read_program(written(tmp_path, document, arrays))
    schema = infer_schema(IRIS.data)
    rows = schema.check_rows(IRIS.data.head(2).to_dict("records"))
    with pytest.raises(ModelFailed, match="the model raised IndexError"):
        CompiledRunner(program, schema).predict(rows)


class Trap:
    def __reduce__(self):
        return (print, ("a pickle ran",))


def test_a_pickle_in_the_file_is_not_read(tmp_path, capsys):
    path = tmp_path / "compiled.npz"
    with zipfile.ZipFile(path, "w") as archive:
        trap = np.empty(1, dtype=object)
        trap[0] = Trap()
        held = io.BytesIO()
        np.save(held, trap, allow_pickle=True)
        archive.writestr("program.npy", held.getvalue())
    with pytest.raises(BadPackage, match="pickle"):
        read_program(path)
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(BadPackage):
        read_program(path)
    assert "ran" not in capsys.readouterr().out


@pytest.mark.parametrize("cut", [0, 10, 1000, -1])
def test_a_torn_file_is_refused(tmp_path, cut):
    path = tmp_path / "compiled.npz"
    path.write_bytes(whole()[:cut])
    with pytest.raises(BadPackage):
        read_program(path)


class Cautious(RandomForestClassifier):
    """A class of one's own that answers otherwise."""

    def predict(self, X):  # noqa: N803  # As scikit-learn names it.
        return super().predict(X)[::-1]


def test_a_class_that_inherits_from_a_known_one_is_not_taken_for_it():
    model = Cautious(3).fit(IRIS.data, IRIS.target)
    with pytest.raises(CannotCompile, match="Cautious has no compiled form"):
        compile_model(model, infer_schema(IRIS.data))


def test_text_where_numbers_are_used_is_told_by_its_column():
    model = RandomForestClassifier(3).fit(IRIS.data, IRIS.target)
    columns = [Column(name, "number") for name in list(IRIS.data)[:3]] + [Column("city", "string")]
    with pytest.raises(CannotCompile, match="'city' is string"):
        compile_model(model, Schema(tuple(columns)))
