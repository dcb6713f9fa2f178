"""A large file, scored through a scorer request by request: each row once, whatever happens."""

import json
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from face import Face
from models import diabetes_frame, iris_rows, iris_table, pack_diabetes, pack_iris

from scienceops.batch.parts import Parts
from scienceops.batch.run import ARROW, Answer, Order, score_file
from scienceops.batch.source import Source
from scienceops.cli.rows import read_rows
from scienceops.core.schema import Column, Schema
from scienceops.errors import BadInput, BadRows, Conflict, Unavailable

FEATURES = iris_table().drop(columns="species")


class Service:
    """Answers as the gateway does, by a scorer's app; told to fail at the n-th request."""

    def __init__(self, folder, package):
        self.face = Face(folder, package, fast=True, limit=10**7)
        self.schema = self.face.scoring.served.schema
        self.version = 1
        self.bodies = []
        self.failures = {}

    def ask(self, body):
        self.bodies.append(body)
        if failure := self.failures.pop(len(self.bodies), None):
            raise failure
        status, headers, reply = self.face.ask("POST", "/score", body, kind=ARROW)
        if status != 200:
            raise BadRows(json.loads(reply)["problems"])
        return Answer(
            headers["content-type"], reply, headers["x-scienceops-request-id"], self.version
        )


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return pack_iris(tmp_path_factory.mktemp("package"))


@pytest.fixture
def service(tmp_path, package):
    return Service(tmp_path, package)


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "big.parquet"
    FEATURES.to_parquet(path, index=False)
    return path


def run(service, data, out, **order):
    rows = order.pop("rows", 40)
    limit = order.pop("limit_bytes", 10**7)
    keep = order.pop("keep", ())
    told = []
    order = Order("iris", rows, limit, **order)
    source = Source(data, service.schema, keep)
    count = score_file(source, Parts(out), order, service.ask, told.append, lambda _: None)
    assert sum(told) == count
    return pd.read_csv(out) if out.suffix == ".csv" else pq.read_table(out).to_pandas()


def captured(service):
    return [
        (call["request_id"], row)
        for call in service.face.captured()
        for row in range(len(call["predictions"]))
    ]


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_every_row_is_answered_once_and_found_again_by_its_request(service, tmp_path, kind):
    data = tmp_path / f"data.{kind}"
    write = FEATURES.to_parquet if kind == "parquet" else FEATURES.to_csv
    write(data, index=False)
    found = run(service, data, tmp_path / f"out.{kind}")
    assert found["row"].tolist() == list(range(150))
    body = json.dumps({"input_df": iris_rows()}).encode()
    answer = json.loads(service.face.ask("POST", "/score", body)[2])
    assert found["prediction"].tolist() == answer["predictions"]
    assert found["probability.setosa"].tolist() == pytest.approx(
        [shares["setosa"] for shares in answer["probabilities"]]
    )
    in_the_output = set(zip(found["request_id"], found["request_row"], strict=True))
    assert in_the_output == set(captured(service)[:150])
    assert len(service.bodies) == 4
    assert not (tmp_path / f"out.{kind}.partial").exists()


@pytest.mark.parametrize("at", [1, 2, 4])
def test_an_interrupted_run_goes_on_where_it_stopped(service, data, tmp_path, at):
    out = tmp_path / "out.parquet"
    service.failures[at] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        run(service, data, out)
    assert not out.exists()
    again = run(service, data, out, rows=40)
    assert again["row"].tolist() == list(range(150))
    # Nothing that was answered is asked again.
    assert len(captured(service)) == 150


def test_another_size_of_requests_goes_on_all_the_same(service, data, tmp_path):
    service.failures[3] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        run(service, data, tmp_path / "out.parquet")
    found = run(service, data, tmp_path / "out.parquet", rows=7)
    assert found["row"].tolist() == list(range(150))
    assert len(captured(service)) == 150


def test_an_answer_that_was_not_kept_is_asked_for_again(service, data, tmp_path, monkeypatch):
    def dies(self, first, table):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Parts, "add", dies)
        run(service, data, tmp_path / "out.parquet")
    found = run(service, data, tmp_path / "out.parquet")
    assert found["row"].tolist() == list(range(150))
    # Captured twice, which the page says; in the output once.
    assert len(captured(service)) == 190


def test_other_data_is_told_and_restart_begins_anew(service, data, tmp_path):
    out = tmp_path / "out.parquet"
    service.failures[2] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        run(service, data, out)
    FEATURES.head(60).to_parquet(data, index=False)
    with pytest.raises(Conflict, match="another data file"):
        run(service, data, out)
    assert len(run(service, data, out, restart=True)) == 60


def test_another_version_is_told_and_may_go_on(service, data, tmp_path):
    out = tmp_path / "out.parquet"
    service.failures[2] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        run(service, data, out)
    service.version = 2
    with pytest.raises(Conflict, match="version 2 answers now, and version 1 answered the 40 rows"):
        run(service, data, out)
    found = run(service, data, out, any_version=True)
    assert found["version"].tolist() == [1] * 40 + [2] * 110


def test_a_service_that_cannot_now_is_asked_again(service, data, tmp_path):
    service.failures[2] = Unavailable("captures wait", retry_after_seconds=5)
    assert len(run(service, data, tmp_path / "out.parquet")) == 150
    service.failures = {n: Unavailable("down", retry_after_seconds=100) for n in range(99)}
    with pytest.raises(Unavailable, match="run the same command again to go on"):
        run(service, data, tmp_path / "more.parquet")


def test_a_request_over_the_limit_is_divided(service, data, tmp_path):
    found = run(service, data, tmp_path / "out.parquet", rows=150, limit_bytes=3000)
    assert found["row"].tolist() == list(range(150))
    assert max(map(len, service.bodies)) <= 3000


def test_a_row_that_the_service_refuses_is_named_by_its_place_in_the_file(service, tmp_path):
    frame = FEATURES.copy()
    frame.loc[97, "petal width (cm)"] = None
    frame.to_parquet(tmp_path / "data.parquet", index=False)
    with pytest.raises(BadInput, match=r"row 97, column 'petal width \(cm\)'.*--restart; the ans"):
        run(service, tmp_path / "data.parquet", tmp_path / "out.parquet")


@pytest.mark.parametrize(("cell", "got"), [("wide", "text 'wide'"), ("", "null")])
def test_a_cell_of_a_csv_is_named_by_its_place_in_the_file(service, tmp_path, cell, got):
    frame = FEATURES.astype(object)
    frame.loc[97, "petal width (cm)"] = cell
    frame.to_csv(tmp_path / "data.csv", index=False)
    with pytest.raises(BadInput, match=rf"row 97, column 'petal width \(cm\)'.*got {got}"):
        run(service, tmp_path / "data.csv", tmp_path / "out.parquet")


def test_columns_to_keep_are_copied_and_others_are_asked_about(service, data, tmp_path):
    named = FEATURES.assign(flower=[f"f{n}" for n in range(150)])
    named.to_parquet(data, index=False)
    with pytest.raises(BadInput, match="--keep 'flower'"):
        run(service, data, tmp_path / "out.parquet")
    found = run(service, data, tmp_path / "out.parquet", keep=("flower", "sepal width (cm)"))
    assert found["flower"].tolist() == named["flower"].tolist()
    assert found["sepal width (cm)"].tolist() == named["sepal width (cm)"].tolist()
    named.assign(row=1).to_parquet(data, index=False)
    with pytest.raises(BadInput, match="'row' of its own"):
        run(service, data, tmp_path / "more.parquet", keep=("flower", "row"))


def test_missing_values_and_texts_of_a_csv(tmp_path):
    service = Service(tmp_path, pack_diabetes(tmp_path))
    frame, _ = diabetes_frame()
    frame.head(50).to_csv(tmp_path / "data.csv", index=False)
    found = run(service, tmp_path / "data.csv", tmp_path / "out.csv")
    rows = json.loads(frame.head(50).to_json(orient="records"))
    answer = service.face.ask("POST", "/score", json.dumps({"input_df": rows}).encode())[2]
    assert found["prediction"].tolist() == pytest.approx(json.loads(answer)["predictions"])


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("data.json", b"[]", "wanted one of .parquet, .csv"),
        ("data.parquet", b"junk", "cannot be read as .parquet"),
        ("data.csv", b"", "is empty; wanted a header row"),
        ("data.csv", b"a,a\n1,2\n", "two columns 'a'"),
        ("data.csv", b"sepal length (cm)\n1\n", "no column 'sepal width"),
        ("data.csv", (",".join(FEATURES.columns) + "\n").encode(), "holds no rows"),
        ("data.csv", (",".join(FEATURES.columns) + "\n1,2\n").encode(), "row 0 has 2 values"),
    ],
)
def test_a_file_that_cannot_be_scored_is_told(service, tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=says):
        run(service, tmp_path / name, tmp_path / "out.parquet")


def test_an_output_that_is_there_is_never_overwritten(service, data, tmp_path):
    (tmp_path / "out.csv").write_text("mine")
    with pytest.raises(BadInput, match="there already"):
        run(service, data, tmp_path / "out.csv")
    with pytest.raises(BadInput, match="wanted a name that ends"):
        run(service, data, tmp_path / "out.json")


def test_two_runs_do_not_write_the_same_output(service, data, tmp_path):
    parts = Parts(tmp_path / "out.parquet")
    with (
        parts.opened({"service": "iris"}, restart=False),
        pytest.raises(Conflict, match="right now"),
    ):
        run(service, data, tmp_path / "out.parquet")


@pytest.mark.parametrize(
    ("renamed", "keep", "says"),
    [
        ({}, ("spceies",), "no column 'spceies', which --keep names, but has 'species': rename"),
        (
            {"petal width (cm)": "petalwidth"},
            ("petalwidth", "species"),
            r"no column 'petal width \(cm\)'; its columns are",
        ),
        (
            {"petal width (cm)": "petal width cm"},
            ("species",),
            r"no column 'petal width \(cm\)', but has 'petal width cm': rename it",
        ),
    ],
)
def test_a_misnamed_column_is_told_with_the_one_that_lacks(service, tmp_path, renamed, keep, says):
    iris_table().rename(columns=renamed).to_csv(tmp_path / "data.csv", index=False)
    with pytest.raises(BadInput, match=says):
        run(service, tmp_path / "data.csv", tmp_path / "out.parquet", keep=keep)


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"sep": ";", "decimal": ","}, "has semicolons between its columns: wanted commas"),
        ({"sep": "\t"}, "has tabs between its columns"),
        ({"encoding": "utf-16"}, "in UTF-16; save it in UTF-8"),
    ],
)
def test_a_csv_of_another_form_is_told_as_one(service, tmp_path, form, says):
    FEATURES.to_csv(tmp_path / "data.csv", index=False, **form)
    with pytest.raises(BadInput, match=says):
        run(service, tmp_path / "data.csv", tmp_path / "out.parquet")
    with pytest.raises(BadInput, match=says):
        read_rows(tmp_path / "data.csv", service.schema)


@pytest.mark.parametrize("restart", [False, True])
def test_a_run_that_is_killed_while_it_removes_its_parts_loses_no_row(
    service, data, tmp_path, monkeypatch, restart
):
    out = tmp_path / "out.parquet"
    if restart:
        service.failures[4] = KeyboardInterrupt()
        with pytest.raises(KeyboardInterrupt):
            run(service, data, out)
    unlink, left = Path.unlink, [2]

    def dies(self, missing_ok=False):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        unlink(self, missing_ok=missing_ok)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "unlink", dies)
        run(service, data, out, restart=restart)
    out.unlink(missing_ok=True)
    assert run(service, data, out)["row"].tolist() == list(range(150))


def test_decimals_are_the_numbers_that_they_are(service, data, tmp_path):
    wanted = run(service, data, tmp_path / "wanted.parquet")
    table = pa.Table.from_pandas(FEATURES, preserve_index=False)
    exact = table.column(0).cast(pa.float32()).cast(pa.decimal128(10, 1))
    pq.write_table(table.set_column(0, table.column_names[0], exact), data)
    found = run(service, data, tmp_path / "out.parquet")
    assert found["prediction"].tolist() == wanted["prediction"].tolist()


def test_a_decimal_that_is_no_whole_number_is_told_by_its_row(tmp_path):
    path = tmp_path / "data.parquet"
    values = pa.array([Decimal("1.00"), Decimal("2.50")], pa.decimal128(10, 2))
    pq.write_table(pa.table({"n": values, "t": pa.array(["a", "b"], pa.string_view())}), path)
    schema = Schema((Column("n", "integer"), Column("t", "string")))
    with pytest.raises(BadRows, match=r"row 1, column 'n'.*decimal128\(10, 2\) Decimal\('2.50'\)"):
        list(Source(path, schema).pieces(10, 0))
    texts = next(Source(path, Schema((schema.columns[1],)), ("n",)).pieces(10, 0))[1]["t"]
    assert texts.type == pa.string()


@pytest.mark.parametrize("kind", [pa.list_(pa.int64()), pa.binary()])
def test_a_column_that_no_csv_can_hold_is_told_before_anything_is_scored(
    service, data, tmp_path, kind
):
    odd = pa.array([None] * 150, kind)
    pq.write_table(pa.Table.from_pandas(FEATURES).append_column("odd", odd), data)
    with pytest.raises(BadInput, match=r"'odd' is .*, which a \.csv cannot hold"):
        run(service, data, tmp_path / "out.csv", keep=("odd",))
    assert service.bodies == []
    assert len(run(service, data, tmp_path / "out.parquet", keep=("odd", "odd"))) == 150


def test_lines_that_end_in_a_carriage_return_alone_are_read(service, tmp_path):
    data = tmp_path / "data.csv"
    data.write_bytes(FEATURES.to_csv(index=False).encode().replace(b"\n", b"\r"))
    assert len(run(service, data, tmp_path / "out.parquet")) == 150
