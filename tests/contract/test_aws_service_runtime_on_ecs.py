"""AwsServiceRuntime keeps the promises of the runtime on ECS.

The stand-in for ECS runs a container's command.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aws.weather import Raw
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ClientError
from contract.aws_service_runtime import AwsRuntimeContract, open_runtime
from contract.waiting import wait_for
from emulators.model_images import push_image
from emulators.stand_in_ecs import ADDRESSES

from scienceops.ports.service_runtime import DeployOrder, Observed

# Each task of the stand-in has an address of this machine to itself.
pytestmark = pytest.mark.allow_hosts(["127.0.0.1", "localhost", *ADDRESSES])


class TestOnFargate(AwsRuntimeContract):
    @pytest.fixture
    def order(self, stand_ins: Any, package: Path) -> Callable[..., DeployOrder]:
        image = push_image(stand_ins.registry, package, module="contract.stand_in_scorer")

        def make_order(version: int = 1, behaviour: str = "") -> DeployOrder:
            told = {"STAND_IN": behaviour}
            return DeployOrder("iris", version, image, "", "", "f" * 64, told, "fargate")

        return make_order

    def test_the_reason_and_the_lines_are_those_of_the_container(self, runtime, order) -> None:
        runtime.start(order(behaviour="broken"))
        status = self.wait_until(runtime, Observed.FAILED)
        assert "exit code 3" in status.reason
        assert status.log_tail[-1] == "the model cannot be loaded"

    def test_a_task_that_dies_is_replaced_and_calls_find_the_next_one(
        self, runtime, order, stand_ins
    ) -> None:
        endpoint = self.start(runtime, order())
        [task] = stand_ins.ecs.tasks.values()
        task.process.kill()
        wait_for(lambda: len(stand_ins.ecs.tasks) == 2)

        def answers() -> bool:
            # By the endpoint that was recorded before: its address is nobody's any more.
            return self.get(runtime, endpoint).status == 200

        wait_for(lambda: runtime.status("iris", 1).observed is Observed.READY, seconds=60)
        assert answers()

    def test_a_service_scales_by_its_processors_while_it_runs(
        self, runtime, order, stand_ins
    ) -> None:
        self.start(runtime, order())
        [target] = stand_ins.scaling.targets.values()
        assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 10)
        [policy] = stand_ins.scaling.policies.values()
        assert policy["PolicyType"] == "TargetTrackingScaling"
        runtime.stop("iris", 1)
        assert not stand_ins.scaling.targets

    def test_a_start_that_was_broken_off_before_it_scales_is_made_again(
        self, runtime, order, stand_ins
    ) -> None:
        stand_ins.scaling.fails = True
        with pytest.raises(ClientError):
            runtime.start(order())
        stand_ins.scaling.fails = False
        assert runtime.status("iris", 1).observed is Observed.STOPPED
        self.start(runtime, order())
        assert len(stand_ins.scaling.policies) == 1
        assert len({task.facts["group"] for task in stand_ins.ecs.tasks.values()}) == 1

    def test_a_service_that_ecs_does_not_show_yet_is_starting(
        self, make, runtime, order, stand_ins
    ) -> None:
        runtime.start(order())
        stand_ins.ecs.hides_services = True
        assert runtime.status("iris", 1).observed is Observed.STARTING
        later = make(timedelta(minutes=5)).status("iris", 1)
        stand_ins.ecs.hides_services = False
        assert (later.observed, "any more" in later.reason) == (Observed.FAILED, True)

    def test_one_that_is_stopped_before_ecs_shows_it_is_ended_by_who_looks_later(
        self, make, runtime, order, stand_ins
    ) -> None:
        runtime.start(order())
        # ECS starts tasks by itself, and of what is deleted before that none.
        wait_for(lambda: stand_ins.ecs.tasks)
        stand_ins.ecs.hides_services = True
        runtime.stop("iris", 1)
        stand_ins.ecs.hides_services = False
        assert make().deployments() == []
        [task] = stand_ins.ecs.tasks.values()
        wait_for(lambda: task.facts["lastStatus"] == "STOPPED", seconds=self.patience_seconds)
        assert not stand_ins.scaling.targets

    def test_a_service_is_made_once_though_the_answer_to_its_making_was_lost(
        self, make, order, stand_ins
    ) -> None:
        runtime = make()
        client = runtime._fargate._ecs
        left = ["once"]

        def lose(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
            if not left:
                return None
            left.clear()
            client._endpoint.http_session.send(request)
            return AWSResponse(request.url, 500, {}, Raw(b"{}"))

        client.meta.events.register_first("before-send.ecs.CreateService", lose)
        stand_ins.ecs.hides_services = True
        runtime.start(order())
        stand_ins.ecs.hides_services = False
        self.wait_until(runtime, Observed.READY)
        assert len({task.facts["group"] for task in stand_ins.ecs.tasks.values()}) == 1

    @pytest.mark.parametrize(
        ("warm", "why"), [(False, "--param=warm=yes"), (True, "SCIENCEOPS_AWS_SUBNETS")]
    )
    def test_without_a_network_it_is_refused(self, account, store, order, warm, why) -> None:
        names = account.settings.aws.model_copy(update={"warm": warm})
        runtime = open_runtime(account.settings.model_copy(update={"aws": names}), store)
        runtime.start(order())
        assert why in runtime.status("iris", 1).reason
