"""Settings: those of a cloud stand under its name, and no unknown one is passed over."""

import pytest

from scienceops.config import load_scorer_settings, load_settings, setting_names
from scienceops.errors import BadSetting


def test_a_setting_of_a_cloud_is_read_under_its_name():
    found = load_settings({"SCIENCEOPS_CLOUD": "aws", "SCIENCEOPS_AWS_BUCKET": "models"})
    assert found.aws.bucket == "models"


@pytest.mark.parametrize("name", ["AWS", "AWS_", "AWS_BUKCET", "GCP_BUCKET", "BUCKET"])
def test_an_unknown_setting_is_named(name):
    with pytest.raises(BadSetting, match=f"unknown setting SCIENCEOPS_{name}.*: settings are"):
        load_settings({f"SCIENCEOPS_{name}": "models"})


def test_an_unknown_setting_is_told_with_the_one_that_may_be_meant():
    with pytest.raises(BadSetting, match=r"BUKCET \(did you mean 'SCIENCEOPS_AWS_BUCKET'\?\): set"):
        load_settings({"SCIENCEOPS_AWS_BUKCET": "models"})


def test_a_wrong_platform_is_told_what_there_is():
    with pytest.raises(
        BadSetting, match="SCIENCEOPS_CLOUD='gcp': wanted 'local', 'aws' or 'azure'"
    ):
        load_settings({"SCIENCEOPS_CLOUD": "gcp"})


@pytest.mark.parametrize("cloud", ["local", "aws", "azure"])
def test_a_child_reads_the_settings_of_its_parent_and_none_of_other_clouds(cloud):
    given = load_settings({"SCIENCEOPS_CLOUD": cloud, "SCIENCEOPS_TICK_SECONDS": "7"})
    told = given.as_environment
    assert load_settings(told) == given
    others = {"aws", "azure"} - {cloud}
    assert not [name for name in told for other in others if f"_{other.upper()}_" in name]


def test_every_setting_has_a_name():
    assert {"home", "aws_bucket", "azure_container"} <= set(setting_names())
    assert "aws" not in setting_names()


def test_a_scorer_passes_over_a_setting_of_a_later_release_that_starts_its_image(monkeypatch):
    given = {"SERVICE": "iris", "VERSION": "1", "PACKAGE": "p.zip", "PACKAGE_DIGEST": "d"}
    given |= {"SPOOL": "spool", "REPLICA": "r", "GATEWAY_KEY_SHA256": "h", "OF_TOMORROW": "1"}
    for name, value in given.items():
        monkeypatch.setenv(f"SCORER_{name}", value)
    assert load_scorer_settings().service == "iris"
