"""A stand-in for Application Auto Scaling: it only remembers what it was told."""

from typing import Any

from emulators.stand_in_error import ApiError


class StandInScaling:
    def __init__(self) -> None:
        self.targets: dict[str, dict[str, Any]] = {}
        self.policies: dict[str, dict[str, Any]] = {}
        #: Whether it answers every call by an error.
        self.fails = False

    def handle(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        if self.fails:
            raise ApiError("ValidationException", "ECS service doesn't exist.")
        match operation:
            case "RegisterScalableTarget":
                self.targets[given["ResourceId"]] = given
                return {"ScalableTargetARN": "arn:aws:application-autoscaling:stand-in"}
            case "PutScalingPolicy":
                self.policies[given["ResourceId"]] = given
                return {"PolicyARN": "arn:aws:autoscaling:stand-in", "Alarms": []}
            case "DescribeScalableTargets":
                return {"ScalableTargets": list(self.targets.values())}
            case "DeregisterScalableTarget":
                if self.targets.pop(given["ResourceId"], None) is None:
                    raise ApiError("ObjectNotFoundException", "No scalable target found.")
                return {}
        raise ApiError("UnknownOperationException", operation)
