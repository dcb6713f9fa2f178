"""Packaging: the same bytes each time, and what the parameters of a stage change."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from aws.packaged import DOORS, NETWORK, listed, properties, statements
from emulators.deployment import UPDATE_TEMPLATE, package


def test_packaging_twice_gives_the_same_but_for_the_time_of_deployment(
    template: dict[str, Any], bundle: Path, tmp_path: Path
):
    def timeless(made: dict[str, Any]) -> str:
        return re.sub(r"/\d{13}-[\d-]+T[\d:.]+Z/", "/TIME/", json.dumps(made))

    assert timeless(package("dev", bundle, tmp_path)) == timeless(template)
    assert (tmp_path / UPDATE_TEMPLATE).exists()


def test_packaging_twice_at_a_given_time_gives_the_same_bytes(bundle: Path, tmp_path: Path):
    def packaged(folder: str) -> dict[str, bytes]:
        package("dev", bundle, tmp_path / folder, source_date="1700000000")
        return {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()}

    first = packaged("first")
    assert first == packaged("second")
    place = "serverless/scienceops/dev/1700000000000-2023-11-14T22:13:20.000Z/aws.zip"
    assert place.encode() in first[UPDATE_TEMPLATE]


def test_a_time_of_packaging_that_is_none_is_refused(bundle: Path, tmp_path: Path):
    with pytest.raises(AssertionError, match='SOURCE_DATE_EPOCH is "today"; wanted seconds'):
        package("dev", bundle, tmp_path, source_date="today")


def test_a_stage_may_have_its_statistics_less_often(bundle: Path, tmp_path: Path):
    made = package("prod", bundle, tmp_path, statistics_seconds="86400")
    told = properties(made, "OnTimerLambdaFunction")["Environment"]["Variables"]
    assert told["SCIENCEOPS_STATISTICS_SECONDS"] == "86400"
    # What was announced just after a run has to wait for the next one.
    assert properties(made, "CapturesWait")["Threshold"] == 86400 + 7200


def test_a_stage_may_have_larger_scorers_and_trainings(bundle: Path, tmp_path: Path):
    made = package("prod", bundle, tmp_path, container_memory_mb="3008")
    for door in ("OnTimer", "OnWork"):
        told = properties(made, f"{door}LambdaFunction")["Environment"]["Variables"]
        assert told["SCIENCEOPS_CONTAINER_MEMORY_MB"] == "3008"


def test_a_warm_stage_has_its_doors_in_the_network(bundle: Path, tmp_path: Path):
    made = package("prod", bundle, tmp_path, warm="yes")
    assert made["Conditions"]["Warm"]["Fn::And"][1] == {"Fn::Equals": ["yes", "yes"]}
    for door in DOORS:
        told = properties(made, f"{door}LambdaFunction")["Environment"]["Variables"]
        # A policy that wants Fargate is taken exactly where doors can reach it.
        assert told["SCIENCEOPS_AWS_WARM"] == {"Fn::If": ["Warm", "yes", "no"]}
    for door in ("Http", "OnWork", "OnTimer"):
        condition, inside, _ = properties(made, f"{door}LambdaFunction")["VpcConfig"]["Fn::If"]
        assert condition == "Warm"
        assert inside["SubnetIds"] == [{"Ref": "PrivateSubnetA"}, {"Ref": "PrivateSubnetB"}]
        told = statements(made["Resources"][f"{door}Role"])
        assert {action for each in told for action in listed(each["Action"])} >= NETWORK
