"""The runtime keeps its promises with containers too, also when engines, owners and clients die.

The scorer in the container is a stand-in, so that each behaviour can be asked for.
"""

import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from contract.racers import make_order, open_store
from contract.service_runtime import ServiceRuntimeContract
from contract.waiting import wait_for

from containers.laboratory import Laboratory
from infra.local import engine
from scienceops.adapters.local.service_runtime import ProcessServiceRuntime
from scienceops.ports.service_runtime import DeployOrder, Observed


class TestEngineServiceRuntime(ServiceRuntimeContract):
    patience_seconds = 60.0

    @pytest.fixture
    def home(self, tmp_path: Path) -> Path:
        return tmp_path / "home"

    @pytest.fixture
    def runtime(self, home: Path, laboratory: Laboratory) -> Iterator[ProcessServiceRuntime]:
        runtime = ProcessServiceRuntime(home, laboratory.settings(home), open_store(home))
        yield runtime
        for status in runtime.deployments():
            runtime.stop(status.service, status.version)
        wait_for(lambda: not list((home / "run").glob("iris-*.json")))
        wait_for(lambda: not laboratory.containers_of(home), seconds=30)
        assert not list((home / "run" / "sockets").glob("*"))

    @pytest.fixture
    def order(self, laboratory: Laboratory) -> Callable[..., DeployOrder]:
        def make(version: int = 1, *, behaviour: str = "") -> DeployOrder:
            return make_order(version, behaviour=behaviour, image=laboratory.stand_in_scorer)

        return make

    def container_of(self, laboratory: Laboratory, home: Path) -> dict[str, Any]:
        (found,) = laboratory.containers_of(home)
        client = laboratory.connect()
        try:
            seen: dict[str, Any] = client.containers.get(found["Id"]).attrs
            return seen
        finally:
            client.close()

    def test_a_container_may_do_little(
        self,
        runtime: ProcessServiceRuntime,
        order: Callable[..., DeployOrder],
        laboratory: Laboratory,
        home: Path,
    ) -> None:
        self.start(runtime, order())
        seen = self.container_of(laboratory, home)
        allowed = seen["HostConfig"]
        assert seen["Config"]["Image"] == laboratory.stand_in_scorer
        assert seen["Config"]["User"] not in ("", "0", "0:0", "root")
        assert allowed["ReadonlyRootfs"] is True
        assert allowed["CapDrop"] == ["ALL"]
        assert allowed["SecurityOpt"] == ["no-new-privileges"]
        assert allowed["NetworkMode"] == "none"
        assert (allowed["Memory"], allowed["MemorySwap"]) == (1024 << 20, 1024 << 20)
        assert allowed["NanoCpus"] == min(2, os.cpu_count() or 1) * 1_000_000_000
        assert allowed["PidsLimit"] == 512
        assert list(allowed["Tmpfs"]) == ["/tmp"]  # noqa: S108  # In the container.
        mounts = {mount["Destination"]: mount["Source"] for mount in seen["Mounts"]}
        assert set(mounts) == {"/run/scienceops", "/var/spool/scienceops"}
        assert mounts["/var/spool/scienceops"] == str(home / "spool" / "iris" / "1")

    def test_the_order_settles_what_the_container_is_told(
        self, runtime: ProcessServiceRuntime, order: Callable[..., DeployOrder]
    ) -> None:
        endpoint = self.start(runtime, order())
        told = json.loads(self.get(runtime, endpoint, "/environment").body)
        assert told["SCORER_GATEWAY_KEY_SHA256"] == "f" * 64
        assert told["SCIENCEOPS_SEGMENT_ROWS"] == "20000"
        # What is of the platform alone stays outside.
        assert "SCIENCEOPS_ENGINE" not in told
        assert "DOCKER_HOST" not in told

    def test_a_container_whose_client_is_killed_drains_and_is_gone(
        self,
        runtime: ProcessServiceRuntime,
        order: Callable[..., DeployOrder],
        laboratory: Laboratory,
        home: Path,
    ) -> None:
        endpoint = self.start(runtime, order())
        told = json.loads(self.get(runtime, endpoint, "/environment").body)
        os.kill(json.loads((home / "run" / "iris-1.json").read_text())["pid"], signal.SIGKILL)
        wait_for(lambda: not laboratory.running_containers_of(home), seconds=20)
        assert told["SCORER_REPLICA"] in (home / "spool" / "iris" / "1" / "drained").read_text()
        self.wait_until(runtime, Observed.FAILED)
        assert self.get(runtime, self.start(runtime, order())).status == 200

    def test_a_container_that_does_not_drain_is_killed_and_swept(
        self,
        order: Callable[..., DeployOrder],
        laboratory: Laboratory,
        home: Path,
    ) -> None:
        runtime = ProcessServiceRuntime(
            home, laboratory.settings(home), open_store(home), grace_seconds=1
        )
        self.start(runtime, order(behaviour="deaf"))
        runtime.stop("iris", 1)
        self.wait_until(runtime, Observed.STOPPED)
        wait_for(lambda: not laboratory.running_containers_of(home), seconds=20)
        # Its client was killed too; the next one sweeps.
        self.start(runtime, order())
        assert len(laboratory.containers_of(home)) == 1
        runtime.stop("iris", 1)
        wait_for(lambda: not runtime.is_draining())

    def test_one_over_its_memory_limit_has_failed_and_the_setting_is_named(
        self, order: Callable[..., DeployOrder], laboratory: Laboratory, home: Path
    ) -> None:
        settings = laboratory.settings(home, container_memory_mb=64)
        runtime = ProcessServiceRuntime(home, settings, open_store(home))
        runtime.start(order(behaviour="greedy"))
        reason = self.wait_until(runtime, Observed.FAILED).reason
        assert "64 MB" in reason
        assert "SCIENCEOPS_CONTAINER_MEMORY_MB" in reason
        runtime.stop("iris", 1)

    def test_an_image_that_its_registry_has_lost_is_told(
        self, runtime: ProcessServiceRuntime, order: Callable[..., DeployOrder]
    ) -> None:
        lost = replace(order(), image=order().image[:-8] + "0" * 8)
        runtime.start(lost)
        assert "not in its registry" in self.wait_until(runtime, Observed.FAILED).reason

    def test_after_the_engine_was_killed_and_is_back_it_starts_afresh(
        self,
        runtime: ProcessServiceRuntime,
        order: Callable[..., DeployOrder],
        laboratory: Laboratory,
    ) -> None:
        self.start(runtime, order())
        engine.stop(laboratory.folder, number=signal.SIGKILL)
        # Asked for while the engine is away: it is waited for.
        runtime.start(order(2))
        engine.start(laboratory.folder)
        self.wait_until(runtime, Observed.READY, 2)
        if runtime.status("iris", 1).observed is not Observed.READY:
            self.wait_until(runtime, Observed.FAILED)
            runtime.start(order())
        assert self.get(runtime, self.wait_until(runtime, Observed.READY).endpoint).status == 200
