"""Labels are kept so that they join the rows they are of, and count as the class they mean."""

from datetime import UTC, datetime

import pytest

from scienceops.adapters.local import connect
from scienceops.config import load_settings
from scienceops.core.access import derive_key, hash_key
from scienceops.core.ids import RequestIds
from scienceops.core.labels import read_lines
from scienceops.core.names import Partition
from scienceops.core.retraining import in_force
from scienceops.core.versions import Service, Version
from scienceops.usecases.flag_rows import flag_rows, read_flags
from scienceops.usecases.platform_secrets import gateway_secret
from scienceops.usecases.records import Stored, number_key, save
from scienceops.usecases.take_labels import take_labels
from scienceops.usecases.trace import trace

NAME = "club"
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def clock():
    return NOW


def service(tmp_path, task="classification", classes=("no", "yes")):
    """(ports, id of a request that version 1 of the service answered)."""
    ports = connect(load_settings({"SCIENCEOPS_HOME": str(tmp_path)}))
    record = Service(name=NAME, live=1)
    save(ports.registry, Stored(record, NAME, "service"), record, at=NOW)
    manifest = {"task": task, "classes": list(classes), "metrics": {}}
    version = Version(
        service=NAME, number=1, digest="d", uploaded_at="", uploaded_key="", manifest=manifest
    )
    save(ports.registry, Stored(version, NAME, number_key("version", 1)), version, at=NOW)
    key = hash_key(derive_key(gateway_secret(ports.secrets), NAME, 1))
    return ports, RequestIds(key).make(int(NOW.timestamp() * 1000), bytes(10))


def kept(ports):
    prefix = Partition(NAME, 1, NOW.date()).labels_prefix
    return read_lines(b"".join(ports.objects.get(info.key) for info in ports.objects.scan(prefix)))


def take(ports, item):
    return take_labels(NAME, [item], "eva", ports, clock)


@pytest.mark.parametrize("form", ["{}", " {} ", "{{{}}}", "urn:uuid:{}"])
def test_a_request_id_in_any_of_its_forms_is_kept_as_captures_have_it(tmp_path, form):
    ports, identity = service(tmp_path)
    for text in (form.format(identity), form.format(identity.replace("-", "").upper())):
        assert take(ports, {"request_id": text, "label": "yes"})["accepted"] == 1
    assert kept(ports) == {(identity, 0): "yes"}


def test_a_flag_on_a_request_in_any_form_covers_its_rows(tmp_path):
    ports, identity = service(tmp_path)
    ids = [identity.replace("-", "")]
    flag_rows(NAME, "wrong", "eva", ports, clock, request_ids=ids)
    (flag,) = in_force(read_flags(NAME, ports))
    assert flag.covers(identity, NOW)


@pytest.mark.parametrize("row", [2**31, 2**63, 2**70, -1, "x" * 500])
def test_a_row_that_no_capture_can_have_is_refused(tmp_path, row):
    ports, identity = service(tmp_path)
    told = take(ports, {"request_id": identity, "row": row, "label": "yes"})
    assert (told["accepted"], told["refused"]) == (0, 1)
    assert "counted from 0" in told["problems"][0]["problem"]
    assert len(told["problems"][0]["problem"]) < 200


@pytest.mark.parametrize(
    ("task", "label"),
    [
        pytest.param("regression", 10**400, id="regression-wide"),
        ("regression", float("nan")),
        ("classification", float("nan")),
        ("classification", float("inf")),
        pytest.param("classification", 10**400, id="classification-wide"),
    ],
)
def test_a_label_that_is_no_number_and_no_class_is_refused(tmp_path, task, label):
    ports, identity = service(tmp_path, task)
    told = take(ports, {"request_id": identity, "label": label})
    assert told["refused"] == 1
    assert "wanted a" in told["problems"][0]["problem"]


@pytest.mark.parametrize(
    ("classes", "label", "wanted"),
    [
        (("0.0", "1.0"), 1, "1.0"),
        (("0.0", "1.0"), "0", "0.0"),
        (("0", "1"), 1.0, "1"),
        (("0", "1"), True, "1"),
        (("-1", "1"), -1.0, "-1"),
        (("False", "True"), 0, "False"),
        (("False", "True"), "1.0", "True"),
        (("0", "1"), 2.0, "2.0"),
        (("0", "1"), "unknown", "unknown"),
        (("0", "1"), "nan", "nan"),
        (("007", "7"), "7.0", "7.0"),
        (("1.9", "1.10"), "1.1", "1.1"),
        (("0", "0.0"), 0, "0"),
        (("1", "yes"), 1.0, "1.0"),
        ((), 1.0, "1.0"),
    ],
)
def test_a_label_is_the_class_of_the_same_value_where_classes_are_numbers(
    tmp_path, classes, label, wanted
):
    ports, identity = service(tmp_path, classes=classes)
    told = take(ports, {"request_id": identity, "label": label})
    assert kept(ports) == {(identity, 0): wanted}
    assert told["new_classes"] == ([] if wanted in classes or not classes else [wanted])


def test_the_lineage_of_an_answer_tells_of_an_object_that_is_no_labels(tmp_path):
    ports, identity = service(tmp_path)
    take(ports, {"request_id": identity, "label": "yes"})
    key = Partition(NAME, 1, NOW.date()).labels_prefix + "nobodys.jsonl"
    ports.objects.put(key, b"nothing of ours")
    found = trace(identity, ports)
    assert found["labels"] == [{"row": 0, "label": "yes"}]
    assert list(found["unread_labels"]) == [key]
    assert found["unread_labels"][key].startswith("its line 1 is no label")
