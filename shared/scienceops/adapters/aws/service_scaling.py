"""ServiceScaling: services on ECS get more tasks under load, by Application Auto Scaling."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from scienceops.adapters.aws.clients import error_code

MOST_TASKS = 10
#: Processor use, in percent, that more or fewer tasks aim at.
AIM_PERCENT = 60.0

_DIMENSION = "ecs:service:DesiredCount"


class ServiceScaling:
    """The scaling of the services in one cluster. scaling: a client (application-autoscaling)."""

    def __init__(self, scaling: Any, cluster: str) -> None:
        self._scaling = scaling
        self._services = f"service/{cluster}/"

    def scale(self, name: str) -> None:
        """Let the service have one task or more, by its use of processors."""
        target = self._target(name)
        self._scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=MOST_TASKS)
        self._scaling.put_scaling_policy(
            **target,
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": AIM_PERCENT,
                "PredefinedMetricSpecification": {
                    "PredefinedMetricType": "ECSServiceAverageCPUUtilization"
                },
                "ScaleOutCooldown": 60,
                "ScaleInCooldown": 300,
            },
        )

    def end(self, name: str) -> None:
        """Scale it no more, if it was; with the target go its alarms, which cost money."""
        try:
            self._scaling.deregister_scalable_target(**self._target(name))
        except ClientError as error:
            if error_code(error) != "ObjectNotFoundException":
                raise

    def names(self) -> Iterator[str]:
        """Of the services that are scaled, whether or not they are still there."""
        pages = self._scaling.get_paginator("describe_scalable_targets").paginate(
            ServiceNamespace="ecs", ScalableDimension=_DIMENSION
        )
        for page in pages:
            for target in page["ScalableTargets"]:
                if target["ResourceId"].startswith(self._services):
                    yield target["ResourceId"].removeprefix(self._services)

    def _target(self, name: str) -> dict[str, str]:
        return {
            "ServiceNamespace": "ecs",
            "ResourceId": f"{self._services}{name}",
            "ScalableDimension": _DIMENSION,
        }
