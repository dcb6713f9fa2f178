"""A large file, scored through a scorer request by request: each row once, whatever happens."""

import fcntl
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from batch_service import FEATURES, Service, captured, run
from meanwhile import meanwhile
from models import diabetes_frame, iris_rows, pack_diabetes

from scienceops.batch.parts import Parts
from scienceops.errors import BadInput, Conflict, Unavailable


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


def test_two_runs_do_not_write_the_same_output(service, data, tmp_path):
    parts = Parts(tmp_path / "out.parquet")
    with (
        parts.opened({"service": "iris"}, restart=False),
        pytest.raises(Conflict, match="right now"),
    ):
        run(service, data, tmp_path / "out.parquet")


def test_a_run_that_another_was_quicker_with_scores_nothing(service, data, tmp_path, monkeypatch):
    out = tmp_path / "out.parquet"
    # The other one begins and ends once this one has seen that there is no output yet.
    quicker = meanwhile(monkeypatch, fcntl, "flock", lambda: run(service, data, out))
    with pytest.raises(BadInput, match="is there already"):
        run(service, data, out)
    assert len(quicker[0]) == len(FEATURES)
    assert len(captured(service)) == len(FEATURES)


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


def test_lines_that_end_in_a_carriage_return_alone_are_read(service, tmp_path):
    data = tmp_path / "data.csv"
    data.write_bytes(FEATURES.to_csv(index=False).encode().replace(b"\n", b"\r"))
    assert len(run(service, data, tmp_path / "out.parquet")) == 150
