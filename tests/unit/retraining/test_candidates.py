"""A retraining waits for its candidate: without a storm of messages, and never for ever."""

import hashlib

import pytest
from retraining_scene import NAME, Scene
from support_pack import manifest_document, package_bytes, package_files

from scienceops.core.messages import WORK, AdvanceRetraining, AdvanceVersion
from scienceops.core.retraining import RetrainingState
from scienceops.usecases.records import stamp

KEY = "packages/iris/retrained-1.zip"


def candidate(name: str = NAME) -> bytes:
    files = package_files()
    return package_bytes(files, manifest=manifest_document(files, name=name))


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def waits_for(scene: Scene, digest: str) -> None:
    scene.retraining(package_digest=digest, uploaded_at=stamp(scene.now))


def test_a_long_build_is_waited_for_with_two_messages(scene: Scene):
    scene.version(2, state="building", build_id="b", digest="d")
    waits_for(scene, "d")
    queue = scene.ports.queue
    queue.send(WORK, AdvanceVersion(service=NAME, version=2).to_body())
    queue.send(WORK, AdvanceRetraining(service=NAME, number=1).to_body())
    for _ in range(60):
        scene.work()
        scene.turn(seconds=0.5)
    assert queue.depth(WORK) == 2


def test_an_upload_whose_event_was_lost_is_registered_after_a_while(scene: Scene):
    content = candidate()
    scene.ports.objects.put(KEY, content)
    waits_for(scene, digest_of(content))
    assert scene.advance() is not None
    assert "version uploaded" not in scene.actions()
    scene.turn(minutes=3)
    assert scene.advance() is not None
    assert scene.actions().count("version uploaded") == 1
    assert scene.found().state is RetrainingState.UPLOADED
    scene.advance()
    assert scene.actions().count("version uploaded") == 1


@pytest.mark.parametrize(
    ("content", "digest", "says"),
    [
        (None, "d", f"the candidate is gone from {KEY}"),
        (candidate(), "another", f"{KEY} was replaced"),
        (candidate("other"), "", "the candidate was rejected: the package is named 'other'"),
    ],
    ids=["gone", "replaced", "rejected"],
)
def test_a_candidate_that_becomes_no_version_ends_the_retraining_with_the_reason(
    scene: Scene, content: bytes | None, digest: str, says: str
):
    if content is not None:
        scene.ports.objects.put(KEY, content)
    waits_for(scene, digest or digest_of(content or b""))
    assert scene.advance() is not None
    scene.turn(minutes=3)
    assert scene.advance() is None
    assert scene.found().state is RetrainingState.FAILED
    assert says in scene.found().reason
