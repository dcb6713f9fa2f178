"""Constant load through train, shadow, weights, approve and rollback: no request fails."""

import pytest
from constant_load import go_through_everything, push_and_label
from platform_process import running_platform


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    with running_platform(tmp_path_factory.mktemp("home")) as platform:
        push_and_label(platform, tmp_path_factory.mktemp("p"))
        yield platform


def test_no_request_fails_while_a_candidate_is_trained_tried_approved_and_rolled_back(platform):
    go_through_everything(platform)
