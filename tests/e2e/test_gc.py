"""Deleting garbage while the platform runs takes nothing that is in use."""

import threading

from models import iris_rows, pack_iris
from platform_process import running_platform, wait_for


def test_gc_explains_deletes_when_told_to_and_leaves_alone_what_is_used(tmp_path):
    with running_platform(tmp_path / "home") as platform:
        platform.cli("push", str(pack_iris(tmp_path)), "--wait")
        token = platform.owner_token()
        assert platform.score("iris", iris_rows(), token)[0] == 200
        wait_for(lambda: len(platform.captured("iris")) == 150, 20, "the captures")
        platform.cli("stats", "iris", "--run", "--engine", "inline")

        def ended():
            return {run["state"] for run in platform.read("runs")["runs"]} == {"succeeded"}

        # The clock has begun a run of its own, for there was none before.
        wait_for(ended, 60, "the end of every run")
        before = files(platform.home)
        told = platform.cli("gc").stdout
        assert "packages/iris/" in told
        assert "nothing was deleted" in told
        assert files(platform.home) == before
        done = threading.Event()
        statuses: list[int] = []

        def load():
            while not done.is_set():
                statuses.append(platform.score("iris", iris_rows()[:1], token)[0])

        client = threading.Thread(target=load)
        client.start()
        # Everything ended is as old as it needs to be; only what is in use stays.
        gone = platform.json("gc", "--yes", "--older-than", "0")
        upload = next(key for key in before if key.startswith("packages/"))
        assert [name for name in gone["deleted"] if name.startswith("packages/")] == [upload]
        assert gone["deleted_bytes"] >= (tmp_path / "iris-1.zip").stat().st_size
        assert platform.json("gc", "--older-than", "0")["found"] == []
        second = platform.json("push", str(pack_iris(tmp_path, strength=0.5)), "--wait")
        done.set()
        client.join()
        assert (second["version"], second["state"]) == (2, "live")
        assert set(statuses) == {200}
        platform.cli("stats", "iris", "--run", "--engine", "inline")
        lost = before - files(platform.home) - {upload}
        assert {key for key in lost if not key.startswith("statistics/runs/")} == set()
        again = platform.json("push", str(pack_iris(tmp_path)), "--wait")
        assert again["version"] == 1


def files(home):
    bucket = home / "bucket"
    return {p.relative_to(bucket).as_posix() for p in bucket.rglob("*") if p.is_file()}
