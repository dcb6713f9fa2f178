"""The whole loop in containers: dropped, built, pushed, pulled by digest, replaced, retrained.

Everything is real: engine, registry, package index, `up` as a process, its command line.
"""

from contextlib import suppress

import docker
import pytest
from constant_load import go_through_everything, push_and_label
from models import iris_rows
from platform_process import running_platform, wait_for

from infra.local.engine import BASE


@pytest.fixture(scope="module")
def platform(laboratory, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    # As on a machine where an engine runs and nobody has set anything up for it.
    chosen = {"SCIENCEOPS_ENGINE": "auto", "DOCKER_HOST": laboratory.address}
    with running_platform(home, **chosen, SCIENCEOPS_BASE_IMAGE=BASE) as platform:
        push_and_label(platform, tmp_path_factory.mktemp("p"))
        yield platform
    assert laboratory.containers_of(home) == []
    assert list((home / "run" / "sockets").iterdir()) == []


def test_no_request_fails_while_containers_are_replaced(platform, laboratory):
    """A version is retrained in the `train` image, tried, made live and rolled back, under load."""
    go_through_everything(platform)
    versions = platform.read("services/iris")["versions"]
    port = (platform.home / "images" / "port").read_text()
    assert {v["image"].partition("@")[0] for v in versions} == {f"127.0.0.1:{port}/scienceops"}
    trained = (platform.home / "jobs" / "train-iris-1" / "log").read_text()
    assert "uploaded packages/iris/retrained-1.zip" in trained


def test_what_runs_is_what_the_ledger_names_by_digest(platform, laboratory):
    service = platform.read("services/iris")
    (version,) = [v for v in service["versions"] if v["version"] == service["live"]]
    running = [c for c in laboratory.containers_of(platform.home) if "iris" in c["Names"][0]]
    client, images = laboratory.connect(), set()
    try:
        for found in running:
            # One that was replaced drains, and may be gone by now.
            with suppress(docker.errors.NotFound):
                images.add(client.containers.get(found["Id"]).attrs["Config"]["Image"])
    finally:
        client.close()
    assert version["image"] in images
    told = platform.json("history", "iris")
    made_live = [entry for entry in told["entries"] if entry["action"] == "version made live"]
    assert "@sha256:" in made_live[0]["details"]["image"]


def test_up_says_what_runs_models_and_why(platform, laboratory):
    told = (platform.home / "up.log").read_text()
    assert "Models run in containers: docker 2" in told
    assert laboratory.address in told


def test_gc_tells_what_no_version_needs_and_leaves_the_others_alone(platform, laboratory):
    before = images_of(platform, laboratory)
    assert len(before) >= 3
    gone = platform.json("gc", "--yes", "--older-than", "0")
    assert not [item for item in gone["found"] if item["kind"] in ("image", "container")]
    assert images_of(platform, laboratory) == before
    status, _, _ = platform.score("iris", iris_rows()[:1], platform.owner_token())
    assert status == 200


def images_of(platform, laboratory):
    """Every image that the engine holds for this home."""
    client = laboratory.connect()
    try:
        owned = {"label": f"io.scienceops.owner={platform.home}"}
        return {image.id for image in client.images.list(filters=owned)}
    finally:
        client.close()


def test_a_container_that_crashes_is_started_again(platform, laboratory):
    client, killed = laboratory.connect(), []
    try:
        for found in laboratory.containers_of(platform.home):
            # One that was replaced drains, and may have ended by now.
            with suppress(docker.errors.APIError):
                client.api.kill(found["Id"])
                killed.append(found["Id"])
    finally:
        client.close()

    assert killed

    def answers():
        return platform.score("iris", iris_rows()[:1], platform.owner_token())[0] == 200

    wait_for(answers, 30, "a fresh container")


def test_a_host_that_is_killed_leaves_nothing_and_the_next_one_goes_on(platform, laboratory):
    answer = platform.score("iris", iris_rows()[:2], platform.owner_token())[2]
    platform.kill()
    # The clients saw their owner die: the containers drain, ship what they captured, and go.
    wait_for(lambda: laboratory.containers_of(platform.home) == [], 30, "containers to go")
    captured = {row["request_id"] for row in platform.captured("iris")}
    assert answer["request_id"] in captured
    platform.up()

    def answers():
        return platform.score("iris", iris_rows()[:1], platform.owner_token())[0] == 200

    wait_for(answers, 30, "the live version")
