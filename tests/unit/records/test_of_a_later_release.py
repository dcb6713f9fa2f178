"""What a later release has written is read by this one, and loses nothing to it.

Doors of two releases work side by side while one is deployed over the other, and after a release
that was no good the one before it comes back.
"""

import json
from dataclasses import asdict
from typing import Any

import pytest
from retraining_scene import NAME, Scene

from scienceops.adapters.aws.service_runtime import DEPLOYMENTS, AwsServiceRuntime
from scienceops.adapters.oci.image_order import ImageOrder
from scienceops.adapters.oci.remote_builder import ORDER, RESULT, RemoteImageBuilder
from scienceops.config import load_settings
from scienceops.core.messages import AdvanceVersion, parse_work
from scienceops.core.names import BUILDS
from scienceops.core.policy import kept_policy
from scienceops.core.versions import Service
from scienceops.errors import BadPolicy, ScienceOpsError
from scienceops.ports.image_builder import BuildOrder, BuildState
from scienceops.ports.job_launcher import JobOrder
from scienceops.ports.model_registry import Record
from scienceops.usecases.change_policy import change_policy
from scienceops.usecases.records import read_service, read_version, update
from scienceops.usecases.request_retraining import read_retraining
from scienceops.usecases.retraining_job import end_job


@pytest.fixture
def scene(tmp_path):
    scene = Scene(tmp_path / "home")
    scene.version(1)
    scene.service(live=1)
    return scene


def write(scene: Scene, key: str, **fields: Any) -> None:
    """Write fields into a record, as a release does that knows of them."""
    found = scene.ports.registry.get(NAME, key)
    body = {**found.body, **fields}
    scene.ports.registry.put(Record(NAME, key, found.revision, body))


def body(scene: Scene, key: str) -> Any:
    return scene.ports.registry.get(NAME, key).body


def test_a_field_that_is_not_known_stays_when_the_record_is_changed(scene):
    write(scene, "service", of_tomorrow={"deep": [1]})
    update(
        scene.ports.registry,
        lambda: read_service(scene.ports.registry, NAME),
        lambda service: service.changed(shadow=1),
        at=scene.now,
    )
    assert body(scene, "service")["of_tomorrow"] == {"deep": [1]}
    assert body(scene, "service")["shadow"] == 1


def test_a_record_is_another_one_when_such_a_field_is(scene):
    known = body(scene, "service")
    assert Service.model_validate(known) != Service.model_validate({**known, "of_tomorrow": 1})


def test_a_key_of_the_policy_that_is_not_known_decides_nothing_and_stays(scene):
    write(scene, "service", policy={"promotion": "manual", "of_tomorrow": 1})
    assert kept_policy(body(scene, "service")["policy"]).promotion == "manual"
    change_policy(NAME, {"margin": "0.1"}, "eva", scene.ports, scene.clock)
    kept = body(scene, "service")["policy"]
    assert (kept["margin"], kept["of_tomorrow"]) == (0.1, 1)


def test_a_person_who_sets_such_a_key_is_told_that_there_is_none(scene):
    with pytest.raises(BadPolicy, match="unknown policy key 'of_tomorrow'"):
        change_policy(NAME, {"of_tomorrow": "1"}, "eva", scene.ports, scene.clock)


def test_a_message_that_says_more_is_followed_and_not_dropped():
    sent = AdvanceVersion(service=NAME, version=1).to_body() | {"of_tomorrow": True}
    assert parse_work(sent) == AdvanceVersion(service=NAME, version=1)


def test_a_record_that_cannot_be_read_says_which_release_can(scene):
    write(scene, "version/000000001", state="thawing")
    with pytest.raises(ScienceOpsError) as caught:
        read_version(scene.ports.registry, NAME, 1)
    told = str(caught.value)
    assert "record 'version/000000001' of 'iris' has state = 'thawing'" in told
    assert "if a later release of ScienceOps wrote it, deploy that one again" in told


def test_what_aws_has_noted_of_a_start_is_read(scene):
    objects = scene.ports.objects
    noted = {"runtime": "fargate", "stopped": True, "of_tomorrow": 1}
    objects.put(f"{DEPLOYMENTS}iris/1.json", json.dumps(noted).encode())
    clients = dict.fromkeys(("functions", "calls", "ecs", "scaling", "logs"))
    runtime = AwsServiceRuntime(load_settings({}), objects, **clients)
    assert runtime.status("iris", 1).observed == "stopped"


def test_how_a_build_of_a_cloud_ended_is_read(scene):
    objects = scene.ports.objects
    ended = {"state": "succeeded", "image": "an image", "log_tail": [], "of_tomorrow": 1}
    objects.put(f"{BUILDS}iris-1/{RESULT}", json.dumps(ended).encode())
    builder = RemoteImageBuilder(objects, None, None, load_settings({}))
    assert builder.status("iris-1").image == "an image"


def test_a_build_that_says_more_waits_for_the_release_that_knows_it(scene):
    order = BuildOrder("iris-1", NAME, 1, "versions/iris/1/package.zip", "0" * 64, (), "3.11")
    asked = asdict(ImageOrder.of(order, base_image="python:{python}", always=()))
    key = f"{BUILDS}iris-1/{ORDER}"
    scene.ports.objects.put(key, json.dumps(asked | {"of_tomorrow": 1}).encode())
    status = RemoteImageBuilder(scene.ports.objects, None, None, load_settings({})).status("iris-1")
    assert status.state is BuildState.RUNNING
    (told,) = status.log_tail
    assert "a later release" in told
    assert "'of_tomorrow'" in told


def test_a_job_that_was_ordered_is_begun(scene):
    order = asdict(JobOrder("train-iris-1", "m", (), 60.0)) | {"of_tomorrow": 1}
    scene.retraining(state="cancelled", beginning=order)
    end_job(read_retraining(NAME, 1, scene.ports).value, scene.ports)
    assert scene.ports.jobs.running == set()
