"""Looks into the packaged template of stage `dev`."""

from typing import Any

#: What the names of its resources begin with.
STAGE = "scienceops-dev-"
#: What a function needs that stands in a network. Source: AWS Lambda, "Giving Lambda functions
#: access to resources in an Amazon VPC", required permissions.
NETWORK = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}
DOORS = {"Http", "OnAlert", "OnCapture", "OnModelUpload", "OnTimer", "OnWork"}


def of_type(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    found = template["Resources"].items()
    return {name: made for name, made in found if made["Type"] == kind}


def properties(template: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"][name]["Properties"]
    return found


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def functions(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return of_type(template, "AWS::Lambda::Function")


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    found = role["Properties"]["Policies"]
    return [told for policy in found for told in policy["PolicyDocument"]["Statement"]]
