"""What every ServiceRuntime promises. Inherit it, give `runtime` and `order`."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from contract.waiting import wait_for

from scienceops.bodies import LARGE_BYTES, Body, FileBody, gather
from scienceops.errors import ServiceNotReady
from scienceops.ports.service_runtime import (
    DeployOrder,
    Observed,
    Reply,
    ServiceRuntime,
    ServiceStatus,
)


class ServiceRuntimeContract:
    #: How long the platform may take to start or stop a scorer.
    patience_seconds = 30.0

    @pytest.fixture
    def runtime(self) -> ServiceRuntime:
        """A runtime that runs nothing."""
        raise NotImplementedError

    @pytest.fixture
    def order(self) -> Callable[..., DeployOrder]:
        """Makes an order: order(version=1, behaviour="") with `broken` for one that cannot run."""
        raise NotImplementedError

    def wait_until(
        self, runtime: ServiceRuntime, observed: Observed, version: int = 1
    ) -> ServiceStatus:
        return wait_for(
            lambda: runtime.status("iris", version),
            lambda status: status.observed is observed,
            seconds=self.patience_seconds,
        )

    def start(self, runtime: ServiceRuntime, order: DeployOrder) -> str:
        """Start it and wait; the endpoint."""
        runtime.start(order)
        return self.wait_until(runtime, Observed.READY, order.version).endpoint

    def get(self, runtime: ServiceRuntime, endpoint: str, path: str = "/healthz") -> Reply:
        return runtime.call(endpoint, "GET", path, headers={})

    def large_body(self) -> bytes:
        """What a scorer of these tests takes, larger than what is kept in memory."""
        return os.urandom(3 * LARGE_BYTES)

    def answer_to(self, runtime: ServiceRuntime, endpoint: str, body: Body) -> Any:
        """What the scorer makes of a body, all of it: the stand-in turns it around."""
        return runtime.call(endpoint, "POST", "/score", headers={}, body=body).content

    def test_what_was_never_started_is_stopped(self, runtime: ServiceRuntime) -> None:
        assert runtime.status("iris", 1) == ServiceStatus("iris", 1, Observed.STOPPED)
        assert runtime.deployments() == []

    def test_a_started_one_gets_ready_and_answers(
        self, runtime: ServiceRuntime, order: Callable[..., DeployOrder]
    ) -> None:
        endpoint = self.start(runtime, order())
        assert endpoint
        assert self.get(runtime, endpoint).status == 200

    def test_an_endpoint_is_told_only_when_ready(
        self, runtime: ServiceRuntime, order: Callable[..., DeployOrder]
    ) -> None:
        runtime.start(order())

        def look() -> ServiceStatus:
            status = runtime.status("iris", 1)
            assert bool(status.endpoint) is (status.observed is Observed.READY)
            return status

        wait_for(look, lambda status: status.observed is Observed.READY)

    def test_starting_what_runs_changes_nothing(
        self, runtime: ServiceRuntime, order: Callable[..., DeployOrder]
    ) -> None:
        endpoint = self.start(runtime, order())
        runtime.start(order())
        assert runtime.status("iris", 1).observed is Observed.READY
        assert runtime.status("iris", 1).endpoint == endpoint

    def test_versions_run_beside_each_other(
        self, runtime: ServiceRuntime, order: Callable[..., DeployOrder]
    ) -> None:
        endpoints = [self.start(runtime, order(version)) for version in (1, 2)]
        assert len(set(endpoints)) == 2
        runtime.stop("iris", 1)
        self.wait_until(runtime, Observed.STOPPED)
        assert self.get(runtime, endpoints[1]).status == 200

    def test_one_that_cannot_run_has_failed_with_the_reason_and_its_last_lines(
        self, runtime: ServiceRuntime, order: Callable[..., DeployOrder]
    ) -> None:
        runtime.start(order(behaviour="broken"))
        status = self.wait_until(runtime, Observed.FAILED)
        assert status.endpoint == ""
        assert status.reason
        assert 0 < len(status.log_tail) <= 20

    def test_a_failed_one_starts_afresh(
        self, runtime: ServiceRuntime, order: Callable[..., DeployOrder]
    ) -> None:
        runtime.start(order(behaviour="broken"))
        self.wait_until(runtime, Observed.FAILED)
        assert self.get(runtime, self.start(runtime, order())).status == 200

    def test_a_stopped_one_is_stopped_and_cannot_be_reached(
        self, runtime: ServiceRuntime, order: Callable[..., DeployOrder]
    ) -> None:
        endpoint = self.start(runtime, order())
        runtime.stop("iris", 1)
        assert self.wait_until(runtime, Observed.STOPPED).endpoint == ""

        def is_gone() -> bool:
            try:
                self.get(runtime, endpoint)
            except ServiceNotReady:
                return True
            return False

        wait_for(is_gone, seconds=self.patience_seconds)

    def test_stopping_what_does_not_run_does_nothing(
        self, runtime: ServiceRuntime, order: Callable[..., DeployOrder]
    ) -> None:
        runtime.stop("iris", 1)
        self.start(runtime, order())
        runtime.stop("iris", 1)
        runtime.stop("iris", 1)
        assert self.wait_until(runtime, Observed.STOPPED)

    def test_a_stopped_one_starts_afresh(
        self, runtime: ServiceRuntime, order: Callable[..., DeployOrder]
    ) -> None:
        self.start(runtime, order())
        runtime.stop("iris", 1)
        self.wait_until(runtime, Observed.STOPPED)
        assert self.get(runtime, self.start(runtime, order())).status == 200

    def test_deployments_tell_what_runs_and_what_failed(
        self, runtime: ServiceRuntime, order: Callable[..., DeployOrder]
    ) -> None:
        self.start(runtime, order(1))
        runtime.start(order(2, behaviour="broken"))
        self.wait_until(runtime, Observed.FAILED, 2)
        self.start(runtime, order(3))
        runtime.stop("iris", 3)
        self.wait_until(runtime, Observed.STOPPED, 3)
        found = [(d.service, d.version, d.observed) for d in runtime.deployments()]
        assert found == [("iris", 1, Observed.READY), ("iris", 2, Observed.FAILED)]

    def test_a_call_to_nobody_is_told_as_not_ready(
        self, runtime: ServiceRuntime, order: Callable[..., DeployOrder]
    ) -> None:
        endpoint = self.start(runtime, order())
        runtime.stop("iris", 1)
        self.wait_until(runtime, Observed.STOPPED)
        with pytest.raises(ServiceNotReady):
            wait_for(lambda: self.get(runtime, endpoint) is None)

    def test_calls_beside_each_other_each_get_their_own_answer(
        self, runtime: ServiceRuntime, order: Callable[..., DeployOrder]
    ) -> None:
        endpoint = self.start(runtime, order())

        def ask(number: int) -> bool:
            path = "/metadata" if number % 2 else "/healthz"
            return self.get(runtime, endpoint, path).status == 200

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(ask, range(40)))

    def test_a_body_in_a_file_arrives_as_one_in_memory_does_for_each_of_several_calls(
        self, runtime: ServiceRuntime, order: Callable[..., DeployOrder]
    ) -> None:
        endpoint = self.start(runtime, order())
        sent = self.large_body()
        body = gather([sent])
        assert isinstance(body, FileBody)
        expected = self.answer_to(runtime, endpoint, sent)
        assert len(expected) > 10_000
        with ThreadPoolExecutor(2) as pool:
            for answer in pool.map(lambda _: self.answer_to(runtime, endpoint, body), range(3)):
                assert answer == expected
