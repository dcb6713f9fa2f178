"""What a container is given, and how its order travels."""

import os
from pathlib import Path

import pytest

from scienceops.adapters.engine.bucket_socket import Rights
from scienceops.adapters.engine.containers import (
    CLIENT,
    ContainerOrder,
    has_client,
    owner_labels,
    prepare_folders,
    settings_here,
    this_client,
)
from scienceops.adapters.engine.programs import address_of_engine, job_command, scorer_command
from scienceops.adapters.engine.run_container import sweep_folders
from scienceops.adapters.local.socket_folder import socket_folder
from scienceops.adapters.oci.settings_inside import SETTINGS_INSIDE
from scienceops.config import Settings, load_settings
from scienceops.errors import EngineUnavailable
from scienceops.ports.job_launcher import JobOrder
from scienceops.ports.service_runtime import DeployOrder

IMAGE = "127.0.0.1:5000/scienceops@sha256:" + "a" * 64


def order_of(command: list[str]) -> ContainerOrder:
    return ContainerOrder.from_text(command[3])


def test_an_order_is_the_same_after_its_way():
    order = ContainerOrder(
        engine="unix:///e.sock",
        image=IMAGE,
        name="scienceops-iris-1-ab",
        folder="/h/run/sockets/ab",
        command=("scorer_container.job", "/f", "m"),
        environment={"A": "1"},
        labels={"b": "2"},
        rights=Rights(read=("versions/iris/1/",), write=("packages/iris/",)),
    )
    assert ContainerOrder.from_text(order.to_text()) == order


def test_a_scorer_may_write_its_own_captures_and_read_nothing_else(tmp_path):
    deploy = DeployOrder("iris", 3, IMAGE, "k", "0" * 64, "f" * 64, {})
    settings = Settings(home=tmp_path, engine="unix:///e.sock", container_memory_mb=256)
    command, socket = scorer_command(deploy, "abcdef012345", tmp_path / "spool", settings)
    order = order_of(command)
    assert order.rights == Rights(write=("captures/iris/3/",))
    assert (order.memory_mb, order.image) == (256, IMAGE)
    assert socket == socket_folder(settings.home) / "abcdef012345" / "s"
    assert command[-1] == "--watch"


def test_a_job_may_use_what_its_order_says(tmp_path):
    asked = JobOrder(
        "train-iris-1",
        "scienceops.training.train",
        ("--order", "k"),
        60,
        IMAGE,
        reads=("versions/iris/1/",),
        writes=("packages/iris/",),
    )
    order = order_of(job_command(asked, Settings(home=tmp_path, engine="unix:///e.sock")))
    assert order.rights == Rights(("versions/iris/1/",), ("packages/iris/",))
    assert order.command[0] == "scorer_container.job"
    assert order.command[2:] == ("scienceops.training.train", "--order", "k")


def test_the_settings_inside_are_ones_that_every_image_knows(tmp_path):
    # An image built by an older release refuses a setting that it does not know: never add here
    # what a scorer of today can do without.
    assert SETTINGS_INSIDE == (
        "environment",
        "upload_limit_bytes",
        "request_limit_bytes",
        "segment_seconds",
        "segment_rows",
        "spool_limit_bytes",
    )
    inside = load_settings(settings_here(Settings(home=tmp_path, segment_rows=7)))
    assert inside.segment_rows == 7
    assert inside.bucket_socket == "/run/scienceops/bucket"
    assert inside.home != tmp_path


def test_a_container_without_an_engine_says_why(tmp_path):
    with pytest.raises(EngineUnavailable, match="SCIENCEOPS_ENGINE=none"):
        address_of_engine(Settings(home=tmp_path, engine="none"))


def test_the_folder_of_a_container_is_for_it_alone_and_names_its_client(tmp_path):
    spool = tmp_path / "spool"
    spool.mkdir()
    (spool / "a.open").touch()
    order = ContainerOrder("e", IMAGE, "n", str(tmp_path / "ab"), spool=str(spool))
    prepare_folders(order)
    folder = tmp_path / "ab"
    assert folder.stat().st_mode & 0o077 == 0
    assert folder.stat().st_uid != 0
    assert (spool / "a.open").stat().st_uid == folder.stat().st_uid
    assert (folder / "client").read_text() == this_client()


def test_a_client_is_alive_only_while_the_very_process_is():
    assert has_client(this_client())
    pid, _, _ = this_client().partition(" ")
    assert not has_client(f"{pid} another birth")
    assert not has_client("")


def test_labels_name_the_home_and_the_facts(tmp_path):
    assert owner_labels(tmp_path, version=3) == {
        "io.scienceops.owner": str(tmp_path),
        "io.scienceops.version": "3",
    }


@pytest.fixture
def owned_by_root(monkeypatch):
    """As on a platform that root runs; (what was given away, its user), whoever runs the test."""
    given = []

    def give(path, user, group, *, follow_symlinks=True):
        found = path.resolve() if follow_symlinks else path
        found.lstat()
        given.append(found)

    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setattr(os, "chown", give)
    return given


def order_with_spool(tmp_path):
    spool = tmp_path / "spool"
    spool.mkdir()
    return spool, ContainerOrder("unix:///e", IMAGE, "n", str(tmp_path / "ab"), spool=str(spool))


def test_a_link_that_a_container_left_in_its_spool_gives_it_nothing_of_the_machine(
    tmp_path, owned_by_root
):
    theirs = tmp_path / "passwd"
    theirs.touch()
    spool, order = order_with_spool(tmp_path)
    (spool / "link").symlink_to(theirs)
    prepare_folders(order)
    assert spool / "link" in owned_by_root
    assert theirs not in owned_by_root


def test_a_segment_that_is_shipped_meanwhile_does_not_fail_the_start(
    tmp_path, owned_by_root, monkeypatch
):
    spool, order = order_with_spool(tmp_path)
    monkeypatch.setattr(Path, "iterdir", lambda path: iter([spool / "shipped"]))
    prepare_folders(order)
    assert owned_by_root


def test_a_folder_is_swept_once_its_client_is_known_and_gone(tmp_path):
    for name in ("half-made", "left", "served"):
        (tmp_path / name).mkdir()
    (tmp_path / "process.sock").touch()
    (tmp_path / "left" / CLIENT).write_text("999999999 1")
    (tmp_path / "served" / CLIENT).write_text(this_client())
    sweep_folders(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"half-made", "served", "process.sock"}


def test_what_a_container_puts_in_place_of_its_client_stops_nobody(tmp_path):
    for name in ("pipe", "link", "folder", "bytes"):
        (tmp_path / name).mkdir()
    os.mkfifo(tmp_path / "pipe" / CLIENT)
    (tmp_path / "link" / CLIENT).symlink_to("/dev/zero")
    (tmp_path / "folder" / CLIENT).mkdir()
    (tmp_path / "bytes" / CLIENT).write_bytes(b"\xff" * 1000)
    sweep_folders(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"pipe", "link", "folder"}
