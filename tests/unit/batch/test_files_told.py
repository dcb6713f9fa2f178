"""Files that cannot be scored as they are: each is told by row, column and what to do."""

from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from batch_service import FEATURES, run
from models import iris_table

from scienceops.batch.source import Source
from scienceops.cli.rows import read_rows
from scienceops.core.schema import Column, Schema
from scienceops.errors import BadInput, BadRows


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
