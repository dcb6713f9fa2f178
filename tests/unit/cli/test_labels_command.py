"""A file of labels is looked at before any of them is sent."""

from types import SimpleNamespace

import pytest

from scienceops.cli import labels
from scienceops.errors import BadInput


@pytest.fixture
def sent(monkeypatch):
    """What was sent to the service."""
    bodies = []

    def post(path, body, key, headers):
        bodies.append(body)
        return {"accepted": 1, "refused": 0, "problems": [], "new_classes": []}

    here = SimpleNamespace(service=lambda name: {"task": "classification"}, owner_token="token")
    monkeypatch.setattr(labels, "app", lambda: here)
    monkeypatch.setattr(labels, "post", post)
    return bodies


def send(path, text):
    path.write_text(text)
    labels.labels.main(["iris", "--data", str(path)], standalone_mode=False)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (
            "request_id,rwo,label",
            r"unknown column 'rwo' \(did you mean 'row'\?\): wanted the columns",
        ),
        ("request_id,row,label,colour", "unknown column 'colour': wanted the columns"),
        ("request_id,row,label,label", "has two columns 'label'"),
        ("request_id,row", "no column 'label'"),
        ("request_id,label", "row 0 has 4 values, wanted 2 as the header \\(line 2\\)"),
    ],
)
def test_columns_that_are_not_those_of_labels_are_refused(header, says, sent, tmp_path):
    with pytest.raises(BadInput, match=says):
        send(tmp_path / "labels.csv", f"{header}\nabc,1,setosa,x\n")
    assert not sent


def test_a_row_that_is_not_given_is_the_first(sent, tmp_path):
    send(tmp_path / "labels.csv", "request_id,label\nabc,setosa\n")
    assert b'"row": 0' in sent[0]


@pytest.mark.parametrize(
    ("accepted", "says"), [(1, "1 label taken, 0 refused\n"), (2, "2 labels taken, 0 refused\n")]
)
def test_one_label_is_told_as_one(accepted, says, sent, tmp_path, monkeypatch, capsys):
    told = {"accepted": accepted, "refused": 0, "problems": [], "new_classes": []}
    monkeypatch.setattr(labels, "post", lambda *_: told)
    send(tmp_path / "labels.csv", "request_id,label\nabc,setosa\n")
    assert capsys.readouterr().out == says
